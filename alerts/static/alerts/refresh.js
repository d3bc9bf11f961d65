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
  const rowsOf = (place) => [...(table(place)?.tBodies ?? [])];

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

  // Gives each row the key by which `follow` knows it. Returns the keys.
  function nameRows(place) {
    return rowsOf(place).map((row) => (row.dataset.key = row.querySelector("a[href]")?.pathname ?? ""));
  }

  // Makes the list like the fresh one, and leaves the row that is on top of the window where it is. Returns how many
  // rows are new.
  function put(page) {
    const fresh = page.getElementById("alerts-list");
    const known = nameRows(list());
    nameRows(fresh);
    const still = window.scrollY > 0 && rowsOf(list()).find((row) => row.getBoundingClientRect().bottom > 0);
    const top = still && still.getBoundingClientRect().top;

    // The table alone: unfold's scrollbar has put it into elements of its own.
    if (table(list()) && table(fresh)) follow(table(list()), table(fresh));
    else if (table(list()) || table(fresh)) list().replaceChildren(...document.importNode(fresh, true).childNodes);

    const added = rowsOf(list()).filter((row) => !known.includes(row.dataset.key));
    if (known.length) added.forEach(watchRow);
    else if (boxes.length) window.Actions(boxes);
    const counter = document.querySelector(".action-counter");
    if (counter) counter.dataset.actionsIcnt = boxes.length;
    const pages = document.getElementById("alerts-pages");
    if (!pages.contains(document.activeElement)) follow(pages, page.getElementById("alerts-pages"));

    if (still?.isConnected) window.scrollBy({ top: still.getBoundingClientRect().top - top, behavior: "instant" });
    return added.length;
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
