/* The call that a telephone has just now: it rings, or somebody has answered it and listens. */

import { act } from "./acts.js";
import { element, icon, player, spaced } from "./elements.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NAMES = { "*": "Star", "#": "Hash" };

/** What is on the telephone during a call. `left` is called when the call that was talked in is over. */
export class CallNow {
  constructor(number, left) {
    this.number = number;
    this.left = left;
    this.shown = "";
    this.wrong = element("p", { className: "wrong", role: "alert" });
    this.body = element("section", { className: "now", "aria-label": `Call to ${spaced(number)}` });
    this.body.hidden = true;
    this.body.addEventListener("keydown", (event) => this.type(event));
  }

  get talking() {
    return !this.body.hidden && this.body.classList.contains("talking");
  }

  /** Show this call, or none. `more` is how many others ring, too. */
  show(message, more) {
    const shown = message ? `${message.id} ${message.state} ${more}` : "";
    if (shown !== this.shown) this.change(message, more);
    this.shown = shown;
    if (message?.state === "connected") this.listen(message.transcript);
  }

  change(message, more) {
    const focused = this.body.contains(document.activeElement);
    const same = this.message?.id === message?.id;
    this.message = message;
    this.wrong.textContent = "";
    this.body.hidden = !message;
    this.body.classList.toggle("talking", message?.state === "connected");
    if (!message) {
      this.body.replaceChildren();
      if (focused) this.left();
      return;
    }
    if (message.state === "ringing") this.body.replaceChildren(...this.ringing(more));
    else this.body.replaceChildren(...this.talk());
    // Whoever answered goes on with the keypad.
    if (focused && same) this.body.querySelector("[tabindex='-1'], button")?.focus({ preventScroll: true });
    else if (focused) this.left();
  }

  ringing(more) {
    const from = this.message.sender ? `from ${spaced(this.message.sender)}` : "";
    const others = more ? `${more} more ${more === 1 ? "call rings" : "calls ring"}.` : "";
    return [
      element(
        "div",
        { className: "call-head" },
        element("span", { className: "badge rings" }, icon("call")),
        element(
          "div",
          {},
          element("p", { className: "what", text: "Incoming call" }),
          element("p", { className: "meta", text: [from, others].filter(Boolean).join(" · ") }),
        ),
      ),
      element(
        "div",
        { className: "choices" },
        this.button("Answer", "good", () => act("/handset/answer", { number: this.number })),
        this.button("Reject", "bad", () => act("/handset/reject", { number: this.number })),
      ),
      element("p", { className: "meta", text: "Or let it ring." }),
      this.wrong,
    ];
  }

  talk() {
    this.heard = 0;
    this.list = element("ol", { className: "lines" });
    this.log = element("div", { className: "log", role: "log", "aria-label": "What is said", tabindex: "0" }, this.list);
    this.speech = element("span");
    const keypad = element("div", { className: "keypad", role: "group", tabindex: "-1", "aria-label": "Keypad" });
    for (const key of KEYS) {
      const button = this.button(key, "key", () => this.press(key));
      if (NAMES[key]) button.setAttribute("aria-label", NAMES[key]);
      keypad.append(button);
    }
    return [
      element("div", { className: "call-head" }, element("p", { className: "what", text: "On the telephone" }), this.speech),
      this.log,
      this.wrong,
      keypad,
      this.button("Hang up", "bad", () => act("/handset/hang-up", { number: this.number })),
    ];
  }

  /** Add what was said and pressed since. */
  listen(transcript) {
    const fresh = transcript.slice(this.heard);
    if (!fresh.length) return;
    this.heard = transcript.length;
    this.list.append(...lines(fresh));
    this.log.scrollTop = this.log.scrollHeight;
    const said = transcript.slice(transcript.findLastIndex((line) => line.who === "person") + 1);
    const words = said.map((line) => line.text).join(" ");
    if (words && "speechSynthesis" in window) this.speech.replaceChildren(player(words));
  }

  press(key) {
    return act(`/calls/${this.message.provider_id}/keys`, { keys: key });
  }

  type(event) {
    if (!this.talking || !KEYS.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.tell(this.press(event.key));
  }

  button(text, kind, done) {
    const button = element("button", { className: `button ${kind}`, type: "button", text });
    button.addEventListener("click", () => this.tell(done()));
    return button;
  }

  async tell(done) {
    this.wrong.textContent = await done;
  }
}

/** Make list items of a transcript. */
export function lines(transcript) {
  return transcript.map((line) =>
    line.who === "person"
      ? element("li", { className: "pressed", text: `Pressed ${line.text}` })
      : element("li", { className: "said", text: line.text }),
  );
}
