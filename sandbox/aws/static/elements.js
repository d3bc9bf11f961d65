/* Small ways to make elements. Texts of messages are strangers' texts: they are only ever set as text. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  call: "M6.6 3.5 9 3l2 4.5-2 1.6a12 12 0 0 0 5.9 5.9l1.6-2L21 15l-.5 2.4A3.3 3.3 0 0 1 17 20 14 14 0 0 1 4 7a3.3 3.3 0 0 1 2.6-3.5Z",
  play: "M8 5.5v13l10.5-6.5Z",
  stop: "M7 7h10v10H7Z",
};

let playing = null;

/** Make an element: its class, its text, its children. */
export function element(tag, { className = "", text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Draw one of the icons; it says nothing to a screen reader. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  drawing.append(path);
  return drawing;
}

/** Show when something happened, in the reader's own time. */
export function time(at) {
  const date = new Date(at);
  const shown = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return element("time", { datetime: at, text: shown, title: date.toLocaleString() });
}

/** Write a number as people read it: UK mobiles and London in their usual groups. */
export function spaced(number) {
  return number.replace(/^\+44(7\d{3})(\d{6})$/, "+44 $1 $2").replace(/^\+44(20)(\d{4})(\d{4})$/, "+44 $1 $2 $3");
}

/** Give the parts of the page that carry these ids. */
export function parts(...ids) {
  return ids.map((id) => document.getElementById(id));
}

/** Bring the children of a list into line with `wanted`, moving and making as little as possible. */
export function arrange(list, wanted) {
  const kept = new Set(wanted);
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, place) => {
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null);
  });
}

const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g;

/** Make a text whose links can be followed. */
export function linked(text) {
  const made = [];
  let rest = 0;
  for (const found of text.matchAll(LINK)) {
    const link = element("a", { href: found[0], text: found[0], target: "_blank", rel: "noopener noreferrer" });
    made.push(text.slice(rest, found.index), link);
    rest = found.index + found[0].length;
  }
  return [...made, text.slice(rest)];
}

/** Make a button that says the words aloud. */
export function player(words) {
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
