// Ctrl-K opens a box that finds clinicians, alerts and pages. What is typed is posted: addresses are kept by browsers.

const WAIT = 150; // Milliseconds after the last key before it asks.
const NO_ANSWER = "Bleep did not answer. Try again in a moment.";
const NOTHING = "Nothing is found. Try part of a name, a contact ID, a number, or the start of a message ID.";

const box = document.getElementById("palette");
const term = document.getElementById("palette-term");
const found = document.getElementById("palette-found");
const note = document.getElementById("palette-note");
let asking = new AbortController();
let timer;

function options() {
  return [...found.querySelectorAll("[role=option]")];
}

function select(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) {
    term.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    term.removeAttribute("aria-activedescendant");
  }
}

function move(step) {
  const all = options();
  const now = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
  if (all.length) select(all[(now + step + all.length) % all.length]);
}

function show(groups) {
  let number = 0;
  found.replaceChildren(
    ...groups.map(({ title, items }) => {
      const group = document.createElement("div");
      const heading = document.createElement("p");
      heading.textContent = title;
      heading.setAttribute("aria-hidden", "true"); // the group has it as its name
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", title);
      group.append(heading, ...items.map((item) => line(item, `palette-${(number += 1)}`)));
      return group;
    }),
  );
  select(options()[0]);
  term.setAttribute("aria-expanded", String(number > 0));
  note.textContent = number || !term.value.trim() ? "" : NOTHING;
}

function line({ text, detail, url }, id) {
  const link = document.createElement("a");
  link.href = url;
  link.id = id;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.append(text);
  if (detail) {
    const small = document.createElement("small");
    small.textContent = detail;
    link.append(small);
  }
  return link;
}

async function ask() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const response = await fetch(box.dataset.find, { method: "POST", body: new FormData(term.form), signal, credentials: "same-origin" });
    if (!response.ok) throw new Error(response.statusText);
    const { groups } = await response.json();
    if (!signal.aborted) show(groups);
  } catch {
    if (signal.aborted) return;
    show([]);
    note.textContent = NO_ANSWER;
  }
}

if (box) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (box.open) return;
    box.showModal();
    term.select();
    ask();
  });
  term.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  term.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  });
  term.form.addEventListener("submit", (event) => {
    event.preventDefault();
    found.querySelector("[aria-selected=true]")?.click();
  });
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close(); // beside it
  });
}
