// Keeps an alert's page up to date while its outcome is still open.
"use strict";
{
  const SECONDS = 5;
  const notice = document.createElement("p");
  notice.id = "alerts-refreshed";
  notice.setAttribute("role", "status");
  let since = null; // since when the server has not answered

  function say(sentence) {
    if (!notice.isConnected) document.querySelector(".alert-page")?.before(notice);
    notice.classList.toggle("stale", sentence !== "");
    if (notice.textContent !== sentence) notice.textContent = sentence; // unchanged text would be read out again
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
    if (!answer.ok) throw new Error("no timeline");
    since = null;
    say("");
    const answered = new DOMParser().parseFromString(await answer.text(), "text/html");
    const loaded = answered.querySelector(".alert-page");
    document.querySelector(".alert-printed")?.replaceChildren(...(answered.querySelector(".alert-printed")?.childNodes ?? []));
    if (!loaded || loaded.innerHTML === page.innerHTML) return;
    const focus = page.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const fresh = document.importNode(loaded, true);
    page.replaceWith(fresh);
    if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  function reportFailure() {
    since ??= new Date();
    const clock = since.toLocaleTimeString("en-GB");
    say(`Bleep has not answered since ${clock}: this page may be out of date. Trying again.`);
  }

  document.addEventListener("click", ({ target }) => target.closest?.(".alert-print") && window.print());
  setInterval(() => refresh().catch(reportFailure), SECONDS * 1000); // a failed refresh is tried again next time
}
