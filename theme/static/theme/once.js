// Of a double-click on a button that saves, the second click is left out: it would issue another token, or its answer
// would be the one that is seen, and would only say that nothing is left to do. After a while a form may be sent again,
// for a download has no new page.

const WHILE = 2000; // Milliseconds.
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const before = sent.get(event.target);
  if (before !== undefined && performance.now() - before < WHILE) event.preventDefault();
  else sent.set(event.target, performance.now());
});
