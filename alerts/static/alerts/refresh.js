// The list of alerts keeps itself up to date, and leaves the reader's place alone: scroll position, focus, filter.
// It rests while alerts are selected, while somebody types, and while the page is not seen.
"use strict";
{
  // Django's script for the selection looks at the checkboxes that were there when the page came. These are always the
  // ones that are there now.
  const boxes = document.getElementsByClassName("action-select");
  boxes.forEach = Array.prototype.forEach;
  const watchSelection = window.Actions;
  window.Actions = (_found, options) => watchSelection(boxes, options);

  const list = () => document.getElementById("alerts-list");
  const table = (place) => place.querySelector("#result_list");
  const keyOf = (row) => row.querySelector("a[href]")?.pathname;
  const links = (row) => [...row.querySelectorAll("a[href], input")];

  function busy() {
    if ([...boxes].some((box) => box.checked)) return "Not updated while alerts are selected.";
    if (document.activeElement?.matches("input:not([type=checkbox]), select, textarea")) {
      return "Not updated while you type.";
    }
    return document.getElementById("changelist-filter")?.checkVisibility()
      ? "Not updated while the filters are open."
      : "";
  }

  // A new row counts in the selection like those that Django's script knows.
  function watchRow(row) {
    row.addEventListener("change", ({ target }) => {
      if (!target.classList.contains("action-select")) return;
      target.closest("tr").classList.toggle("selected", target.checked);
      window.dispatchEvent(new Event("pageshow")); // upon which Django's script counts anew
    });
  }

  // Puts the fresh rows into the table, touching only those that differ; gives back how many are new.
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

  const clock = (time) => time.toLocaleTimeString("en-GB");

  function begin() {
    const said = document.getElementById("alerts-refreshed");
    const counted = document.getElementById("alerts-counted");
    if (!said) return;
    let since = null; // when the server was first away
    let asking = false;

    function say(sentence, stale = false) {
      said.textContent = sentence;
      said.classList.toggle("stale", stale);
    }

    async function refresh() {
      if (asking || document.hidden) return;
      if (busy()) {
        say(busy());
        return;
      }
      asking = true;
      try {
        const answer = await fetch(window.location.href, {
          headers: { "X-Bleep-Refresh": "1" },
          signal: AbortSignal.timeout(8000),
        });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (answer.redirected || answer.status === 403) {
          say("Not updated: you may have been logged out. Load the page again.", true);
        } else if (!answer.ok || !page.getElementById("alerts-list")) {
          throw new Error("no list");
        } else if (busy()) {
          say(busy()); // somebody began while it was under way
        } else {
          const added = put(page);
          if (added) counted.textContent = added === 1 ? "1 new alert" : `${added} new alerts`;
          since = null;
          say(`Updated ${clock(new Date())}`);
        }
      } catch {
        since ??= new Date();
        say(`Bleep has not answered since ${clock(since)}: this list may be out of date. It is tried again.`, true);
      } finally {
        asking = false;
      }
    }

    say(`Updated ${clock(new Date())}`);
    setInterval(refresh, Number(said.dataset.seconds) * 1000);
    document.addEventListener("visibilitychange", refresh);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
}
