// An alert's page tells by itself what comes next, as long as something is still to come.
"use strict";
{
  const SECONDS = 5;
  const said = document.createElement("p");
  said.id = "alerts-refreshed";
  said.setAttribute("role", "status");
  let since = null; // when the server was first away

  function say(sentence) {
    if (!said.isConnected) document.querySelector(".alert-page")?.before(said);
    said.classList.toggle("stale", sentence !== "");
    if (said.textContent !== sentence) said.textContent = sentence; // or it would be read out again
  }

  async function refresh() {
    const page = document.querySelector(".alert-page");
    if (page?.dataset.waits !== "yes" || document.hidden) return;
    const answer = await fetch(window.location.pathname, {
      headers: { "X-Bleep-Refresh": "1" },
      signal: AbortSignal.timeout(4000),
    });
    if (answer.redirected || answer.status === 403) {
      say("Not updated: you may have been logged out. Load the page again.");
      return;
    }
    if (!answer.ok) throw new Error("no story");
    since = null;
    say("");
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".alert-page");
    if (!told || told.innerHTML === page.innerHTML) return;
    const focus = page.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const fresh = document.importNode(told, true);
    page.replaceWith(fresh);
    if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  function admit() {
    since ??= new Date();
    const clock = since.toLocaleTimeString("en-GB");
    say(`Bleep has not answered since ${clock}: this page may be out of date. It is tried again.`);
  }

  setInterval(() => refresh().catch(admit), SECONDS * 1000); // what fails is asked again
}
