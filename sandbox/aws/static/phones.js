/* The telephones: one for each number, the one that rang last comes first. */

import { act } from "./acts.js";
import { CallNow, lines } from "./calls.js";
import { arrange, element, icon, linked, parts, player, spaced, time } from "./elements.js";

const MISSED = {
  busy: "Missed call: busy",
  no_answer: "Missed call: no answer",
  rejected: "Rejected call",
  stopped: "Missed call: the caller gave up",
};

const phones = new Map();

/** Show these messages, newest first, and what people replied; `seen` is the highest id that was on the page before. */
export function showPhones(messages, { replies, voicemails, opted_out: optedOut }, seen) {
  const [list, none, count] = parts("phones", "no-phones", "telephones-count");
  const numbers = new Map();
  for (const message of messages) {
    if (!numbers.has(message.to)) numbers.set(message.to, []);
    numbers.get(message.to).unshift(message);
  }
  for (const number of phones.keys()) if (!numbers.has(number)) phones.delete(number);
  for (const [number, received] of numbers) {
    if (!phones.has(number)) phones.set(number, new Phone(number));
    const phone = phones.get(number);
    phone.show(received, replies.filter((reply) => reply.number === number), seen);
    phone.voicemail.checked = voicemails.includes(number);
    phone.optedOut.hidden = !optedOut.includes(number);
  }
  const focused = document.activeElement;
  const shown = [...numbers.keys()].map((number) => phones.get(number));
  // What rings is seen without scrolling.
  shown.sort((one, other) => Number(other.inCall) - Number(one.inCall));
  arrange(list, shown.map((phone) => phone.body));
  // A telephone that moves up would take the focus away from who is in it.
  if (focused !== document.activeElement && document.contains(focused)) focused.focus({ preventScroll: true });
  for (const phone of phones.values()) phone.settle();
  none.hidden = numbers.size > 0;
  count.textContent = numbers.size || "";
}

class Phone {
  constructor(number) {
    this.number = number;
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
    this.now = new CallNow(number, () => this.screen.focus({ preventScroll: true }));
    this.body = element(
      "article",
      { className: "phone", "aria-label": `Telephone ${spaced(number)}` },
      element(
        "div",
        { className: "glass" },
        element("header", { className: "top" }, name, this.latest),
        this.now.body,
        this.screen,
        this.foot(),
      ),
    );
  }

  foot() {
    this.voicemail = element("input", { type: "checkbox", role: "switch" });
    this.voicemail.addEventListener("change", () =>
      act("/handset/voicemail", { number: this.number, on: this.voicemail.checked }),
    );
    const wrong = element("p", { className: "wrong", role: "alert" });
    const text = element("input", { type: "text", maxlength: "1600", autocomplete: "off", placeholder: "Reply" });
    text.setAttribute("aria-label", `Reply from ${spaced(this.number)}`);
    this.reply = element(
      "form",
      { className: "reply" },
      text,
      element("button", { className: "button small", type: "submit", text: "Send" }),
    );
    this.reply.addEventListener("submit", async (event) => {
      event.preventDefault();
      wrong.textContent = await act("/handset/reply", { number: this.number, text: text.value });
      if (!wrong.textContent) text.value = "";
    });
    this.optedOut = element("p", {
      className: "opted-out",
      role: "status",
      text: "STOP: this number gets no SMS any more. Reply START to get them again.",
    });
    this.optedOut.hidden = true;
    const voicemail = element("label", { className: "switch" }, this.voicemail, "Voicemail picks up");
    return element("footer", { className: "foot" }, this.optedOut, this.reply, wrong, voicemail);
  }

  show(received, replies, seen) {
    const calls = received.filter((message) => message.state === "ringing" || message.state === "connected");
    const connected = calls.find((message) => message.state === "connected");
    const ringing = calls.filter((message) => message.state === "ringing");
    this.inCall = calls.length > 0;
    this.body.classList.toggle("ringing", !connected && ringing.length > 0);
    this.body.classList.toggle("busy", Boolean(connected));
    this.now.show(connected ?? ringing[0], connected ? 0 : Math.max(0, ringing.length - 1));

    const over = received.filter((message) => !calls.includes(message));
    const talk = [...over, ...replies.map((reply) => ({ ...reply, channel: "reply" }))];
    talk.sort((one, other) => one.at.localeCompare(other.at));
    this.arrange(talk, seen);
    this.reply.hidden = !over.some((message) => message.channel === "sms");
    const count = received.length;
    this.latest.textContent = `${count} ${count === 1 ? "message" : "messages"}`;
  }

  arrange(talk, seen) {
    const ids = new Set(talk.map((message) => message.id));
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
    for (const message of talk) {
      if (this.entries.has(message.id)) continue;
      const entry = { sms, call, reply: replied }[message.channel](message);
      if (message.id > seen && seen > 0) entry.classList.add("new");
      this.entries.set(message.id, entry);
      this.grew = true;
    }
    arrange(this.list, talk.map((message) => this.entries.get(message.id)));
  }

  /** Scroll to what came in, once the screen is on the page. */
  settle() {
    if (this.grew) this.screen.scrollTop = this.screen.scrollHeight;
    this.grew = false;
  }
}

function sms(message) {
  const meta = element("p", { className: "meta" }, message.sender || "SMS", " · ", time(message.at));
  return element("li", { className: "sms" }, element("p", { className: "bubble" }, ...linked(message.text)), meta);
}

function replied(reply) {
  const meta = element("p", { className: "meta" }, "Reply · ", time(reply.at));
  return element("li", { className: "sms own" }, element("p", { className: "bubble", text: reply.text }), meta);
}

function call(message) {
  const answered = message.outcome === "answered";
  const got = message.voicemail ? "Voicemail picked up" : "Call answered";
  const head = element(
    "div",
    { className: "call-head" },
    element("span", { className: "badge" }, icon("call")),
    element(
      "div",
      {},
      element("p", { className: "what", text: answered ? got : MISSED[message.outcome] }),
      element("p", { className: "meta" }, message.sender ? `from ${spaced(message.sender)} · ` : "", time(message.at)),
    ),
  );
  const card = element("li", { className: answered ? "call" : "call missed" }, head);
  if (answered) card.append(words(message));
  if (answered && message.spoken && "speechSynthesis" in window) card.append(player(message.spoken));
  return card;
}

/** What was said, and between it the keys that were pressed, if there were any. */
function words(message) {
  if (message.transcript.some((line) => line.who === "person")) {
    return element("ol", { className: "lines" }, ...lines(message.transcript));
  }
  return element("blockquote", { className: "words", text: message.spoken || "(nothing was said)" });
}
