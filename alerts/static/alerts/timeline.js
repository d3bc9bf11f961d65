// Keeps an alert's page up to date while its outcome is still open.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const shown = () => document.querySelector(".alert-page");
  if (!shown()) return;
  keepFresh({
    seconds: 5,
    part: ".alert-page",
    wanted: () => shown().dataset.waits === "yes",
    put(page) {
      for (const part of [".alert-printed", ".alert-page"]) {
        const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
        if (old && fresh) follow(old, fresh);
      }
    },
  });
  document.addEventListener("click", ({ target }) => target.closest?.(".alert-print") && window.print());
});
