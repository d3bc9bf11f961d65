// Keeps the list of alerts up to date without moving the scroll position, the focus or the filters.
// It pauses while alerts are selected, while the user types, and while the page is hidden.
"use strict";
{
  // Django's selection script keeps the checkboxes that the page was loaded with. This collection is live.
  const boxes = document.getElementsByClassName("action-select");
  boxes.forEach = Array.prototype.forEach;
  const watchSelection = window.Actions;
  window.Actions = (_found, options) => watchSelection(boxes, options);

  const list = () => document.getElementById("alerts-list");
  const table = (place) => place.querySelector("#result_list");
  const keyOf = (row) => row.querySelector("a[href]")?.pathname;
  const links = (row) => [...row.querySelectorAll("a[href], input")];

  function busy() {
    if ([...boxes].some((box) => box.checked)) return "alerts are selected.";
    if (document.activeElement?.matches("input:not([type=checkbox]), select, textarea")) {
      return "you are typing.";
    }
    return document.getElementById("changelist-filter")?.checkVisibility()
      ? "the filters are open."
      : "";
  }

  // Makes a new row count in the selection, like the rows that Django's script knows.
  function watchRow(row) {
    row.addEventListener("change", ({ target }) => {
      if (!target.classList.contains("action-select")) return;
      target.closest("tr").classList.toggle("selected", target.checked);
      window.dispatchEvent(new Event("pageshow")); // Django's script counts again on this event
    });
  }

  // Puts the fresh rows into the table, changing only those that differ. Returns how many are new.
  function putRows(old, fresh) {
    const known = new Map([...old.tBodies].map((row) => [keyOf(row), row]));
    let here = old.tBodies[0] ?? null;
    let added = 0;
    for (const row of fresh.tBodies) {
      let kept = known.get(keyOf(row));
      known.delete(keyOf(row));
      if (!kept) {
        kept = document.importNode(row, true);
        watchRow(kept);
        added += 1;
      } else if (kept.innerHTML !== row.innerHTML) {
        kept.replaceChildren(...document.importNode(row, true).children);
      }
      kept.className = row.className;
      if (kept === here) here = here.nextElementSibling;
      else old.insertBefore(kept, here);
    }
    for (const row of known.values()) row.remove();
    return added;
  }

  function rowOf(key) {
    return [...(table(list())?.tBodies ?? [])].find((row) => keyOf(row) === key);
  }

  function put(page) {
    const fresh = page.getElementById("alerts-list");
    const [before, after] = [table(list()), table(fresh)];
    const focused = document.activeElement?.closest("#result_list tbody");
    const focus = focused && { key: keyOf(focused), at: links(focused).indexOf(document.activeElement) };
    const shown = window.scrollY > 0 && [...(before?.tBodies ?? [])].find((row) => row.getBoundingClientRect().bottom > 0);
    const place = shown && { key: keyOf(shown), top: shown.getBoundingClientRect().top };

    let added = 0;
    if (before && after) {
      added = putRows(before, after);
    } else if (before || after) {
      list().replaceChildren(...document.importNode(fresh, true).childNodes);
      added = after ? after.tBodies.length : 0;
      if (boxes.length) window.Actions(boxes);
    }
    const counter = document.querySelector(".action-counter");
    if (counter) counter.dataset.actionsIcnt = boxes.length;
    const pages = document.getElementById("alerts-pages");
    const freshPages = page.getElementById("alerts-pages");
    if (pages.textContent !== freshPages.textContent && !pages.contains(document.activeElement)) {
      pages.replaceChildren(...document.importNode(freshPages, true).childNodes);
    }

    if (focus && document.activeElement === document.body) links(rowOf(focus.key) ?? list())[focus.at]?.focus({ preventScroll: true });
    const still = place && rowOf(place.key);
    if (still) window.scrollBy({ top: still.getBoundingClientRect().top - place.top, behavior: "instant" });
    return added;
  }

  function begin() {
    const counted = document.getElementById("alerts-counted");
    if (!counted) return;
    keepFresh({
      seconds: 10,
      part: "#alerts-list",
      busy,
      put(page) {
        const added = put(page);
        if (added) counted.textContent = added === 1 ? "1 new alert" : `${added} new alerts`;
      },
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
}
