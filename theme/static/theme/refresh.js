// Keeps a part of a page up to date, and says when it last did, and why it does not. Home, the list of alerts and the
// page of an alert use it.
"use strict";

const clock = (time) => time.toLocaleTimeString("en-GB");
const LOGGED_OUT = "you may have been logged out. Load the page again.";

// Loads the page again every few seconds, and calls `put` with it.
// `busy` says why the page must not change now, if there is a reason; `wanted`, whether there is anything to wait for.
// It is said in the element with the id "refreshed". A hidden page asks for nothing, unless `evenHidden`.
function keepFresh({ seconds, part, put, busy = () => "", wanted = () => true, evenHidden = false }) {
  const notice = document.getElementById("refreshed");
  if (!notice) return;
  let last = new Date();
  let asking = false;

  function say(why = "") {
    const sentence = why ? `Not refreshed since ${clock(last)}: ${why}` : `Refreshed at ${clock(last)}.`;
    notice.classList.toggle("stale", why !== "");
    notice.setAttribute("aria-live", why ? "polite" : "off"); // the time alone would be read out again and again
    if (notice.textContent !== sentence) notice.textContent = sentence;
  }

  async function ask() {
    const answer = await fetch(window.location.href, {
      headers: { "X-Bleep-Refresh": "1" },
      signal: AbortSignal.timeout(8000),
    });
    if (answer.redirected || answer.status === 403) return say(LOGGED_OUT);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || !page.querySelector(part)) throw new Error("no such part");
    if (busy()) return say(busy()); // the user began while it was loading
    put(page);
    last = new Date();
    return say();
  }

  async function refresh() {
    if (asking || !wanted() || (document.hidden && !evenHidden)) return;
    if (busy()) {
      say(busy());
      return;
    }
    asking = true;
    try {
      await ask();
    } catch {
      say("Bleep does not answer, so this may be out of date. Trying again.");
    } finally {
      asking = false;
    }
  }

  if (wanted()) say();
  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
}

// Makes an element like a fresh one and changes only what differs: what has the focus keeps it, what is open stays open.
// Children with `data-key` or an id are known by it, the others by their place.
function follow(old, fresh) {
  const focused = document.activeElement;
  followElement(old, fresh);
  if (document.activeElement === document.body && focused?.isConnected) focused.focus({ preventScroll: true });
}

const keyOf = (node) => node.dataset?.key ?? node.id ?? "";
const isSameKind = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

function followElement(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.matches("canvas.chart")) {
    followChart(old, fresh);
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let here = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = keyOf(child) ? keyed.get(keyOf(child)) : here;
    if (!known || !isSameKind(known, child)) {
      old.insertBefore(document.importNode(child, true), here);
      continue;
    }
    if (known === here) here = here.nextSibling;
    else old.insertBefore(known, here);
    if (known.nodeType === Node.ELEMENT_NODE) followElement(known, child);
    else if (known.data !== child.data) known.data = child.data;
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

// unfold draws a chart once, from what its canvas says: give a drawn one new numbers.
function followChart(old, fresh) {
  const chart = window.Chart?.getChart(old);
  if (!chart || old.dataset.value === fresh.dataset.value) return;
  old.dataset.value = fresh.dataset.value;
  const { labels, datasets } = JSON.parse(fresh.dataset.value);
  chart.data.labels = labels;
  chart.data.datasets = datasets.map((each) => {
    const [, name] = /^var\((.*)\)$/.exec(each.backgroundColor) ?? [];
    const style = getComputedStyle(document.documentElement);
    return name ? { ...each, backgroundColor: style.getPropertyValue(name).trim() } : each;
  });
  chart.update("none");
}
