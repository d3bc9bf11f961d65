// An alert's page tells by itself what comes next, as long as something is still to come.
"use strict";
{
  const SECONDS = 5;

  async function refresh() {
    const page = document.querySelector(".alert-page");
    if (page?.dataset.waits !== "yes" || document.hidden) return;
    const answer = await fetch(window.location.pathname, {
      headers: { "X-Bleep-Refresh": "1" },
      signal: AbortSignal.timeout(4000),
    });
    if (!answer.ok || answer.redirected) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".alert-page");
    if (!told || told.innerHTML === page.innerHTML) return;
    const focus = page.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const fresh = document.importNode(told, true);
    page.replaceWith(fresh);
    if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  setInterval(() => refresh().catch(() => {}), SECONDS * 1000); // what fails is asked again
}
