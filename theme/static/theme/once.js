// Ignores the second click of a double-click on a submit button: it would issue another token, or show an answer that
// says there is nothing left to do. A form may be sent again later, since a download does not open a new page.

const WHILE = 2000; // Milliseconds.
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const before = sent.get(event.target);
  if (before !== undefined && performance.now() - before < WHILE) event.preventDefault();
  else sent.set(event.target, performance.now());
});
