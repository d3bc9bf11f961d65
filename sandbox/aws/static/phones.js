/* The telephones: one for each number, the one that rang last comes first. */

import { arrange, element, icon, parts, spaced, time } from "./elements.js";

const MISSED = { busy: "Missed call: busy", no_answer: "Missed call: no answer" };

const phones = new Map();
let playing = null;

/** Show these messages, newest first; `seen` is the highest id that was on the page before. */
export function showPhones(messages, seen) {
  const [list, none, count] = parts("phones", "no-phones", "telephones-count");
  const numbers = new Map();
  for (const message of messages) {
    if (!numbers.has(message.to)) numbers.set(message.to, []);
    numbers.get(message.to).unshift(message);
  }
  for (const number of phones.keys()) if (!numbers.has(number)) phones.delete(number);
  for (const [number, received] of numbers) {
    if (!phones.has(number)) phones.set(number, new Phone(number));
    phones.get(number).show(received, seen);
  }
  const focused = document.activeElement;
  arrange(list, [...numbers.keys()].map((number) => phones.get(number).body));
  // A telephone that moves up would take the focus away from who is in it.
  if (focused !== document.activeElement && document.contains(focused)) focused.focus({ preventScroll: true });
  for (const phone of phones.values()) phone.settle();
  none.hidden = numbers.size > 0;
  count.textContent = numbers.size || "";
}

class Phone {
  constructor(number) {
    this.entries = new Map();
    this.list = element("ol", { className: "talk" });
    this.grew = false;
    const name = element("h3", { className: "number", text: spaced(number) });
    this.latest = element("p", { className: "latest" });
    this.screen = element(
      "div",
      { className: "screen", tabindex: "0", role: "group", "aria-label": `Screen of ${spaced(number)}` },
      this.list,
    );
    this.body = element(
      "article",
      { className: "phone", "aria-label": `Telephone ${spaced(number)}` },
      element("div", { className: "glass" }, element("header", { className: "top" }, name, this.latest), this.screen),
    );
  }

  show(received, seen) {
    const ids = new Set(received.map((message) => message.id));
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
    for (const message of received) {
      if (this.entries.has(message.id)) continue;
      const entry = message.channel === "sms" ? sms(message) : call(message);
      if (message.id > seen && seen > 0) entry.classList.add("new");
      this.entries.set(message.id, entry);
      this.grew = true;
    }
    arrange(this.list, received.map((message) => this.entries.get(message.id)));
    this.latest.textContent = `${received.length} ${received.length === 1 ? "message" : "messages"}`;
  }

  /** Scroll to what came in, once the screen is on the page. */
  settle() {
    if (this.grew) this.screen.scrollTop = this.screen.scrollHeight;
    this.grew = false;
  }
}

function sms(message) {
  const meta = element("p", { className: "meta" }, message.sender || "SMS", " · ", time(message.at));
  return element("li", { className: "sms" }, element("p", { className: "bubble", text: message.text }), meta);
}

function call(message) {
  const answered = message.outcome === "answered";
  const head = element(
    "div",
    { className: "call-head" },
    element("span", { className: "badge" }, icon("call")),
    element(
      "div",
      {},
      element("p", { className: "what", text: answered ? "Call answered" : MISSED[message.outcome] }),
      element("p", { className: "meta" }, message.sender ? `from ${spaced(message.sender)} · ` : "", time(message.at)),
    ),
  );
  const card = element("li", { className: answered ? "call" : "call missed" }, head);
  if (answered) card.append(element("blockquote", { className: "words", text: message.spoken || "(nothing was said)" }));
  if (answered && message.spoken && "speechSynthesis" in window) card.append(player(message.spoken));
  return card;
}

function player(words) {
  const button = element("button", { className: "button small play", type: "button" });
  const label = (name, text) => button.replaceChildren(icon(name), text);
  const rest = () => {
    label("play", "Play");
    if (playing === button) playing = null;
  };
  button.addEventListener("click", () => {
    const again = playing === button;
    speechSynthesis.cancel();
    if (again) return rest();
    const speech = new SpeechSynthesisUtterance(words);
    speech.lang = "en-GB";
    speech.rate = 0.9;
    speech.onend = speech.onerror = rest;
    playing = button;
    label("stop", "Stop");
    speechSynthesis.speak(speech);
  });
  rest();
  return button;
}
