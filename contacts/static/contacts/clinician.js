// While a clinician is edited, shows errors below their fields, and what would happen below the matrix. The rules are
// the server's: this script posts the form, and shows the answer.

const PAUSE = 350; // Milliseconds after the last change.
const MATRIX = ["high", "medium", "low"];

function begin() {
  const form = document.getElementById("clinician_form");
  const url = document.getElementById("now")?.dataset.preview;
  if (!form || !url) return;
  // An empty field is an error only after the user has been in it.
  const touched = new Set(MATRIX);
  for (const line of form.querySelectorAll(".field-line.errors")) touched.add(fieldOf(line));

  let timer;
  let asked = 0;
  async function ask() {
    const number = ++asked;
    let answer;
    try {
      const response = await fetch(url, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (response.redirected || response.status === 403) {
        // Logging in again invalidates this page's form, too.
        if (number === asked) basis("You have been logged out: copy what you typed, then load this page again.");
        return;
      }
      if (!response.ok) throw new Error(response.statusText);
      answer = await response.json();
    } catch {
      if (number === asked) basis("Bleep did not answer, so this is how it was before your last change.");
      return;
    }
    if (number !== asked) return; // a later question is under way
    show(form, answer, touched);
    basis("By what is filled in above, whether it is saved or not.");
  }
  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  form.addEventListener("input", askSoon);
  form.addEventListener("change", (event) => {
    const line = event.target.closest(".field-line");
    if (line) touched.add(fieldOf(line));
    askSoon();
  });
  fillFromTemplate(form, askSoon);
  ask();
}

function fieldOf(line) {
  return [...line.classList].find((name) => name.startsWith("field-") && name !== "field-line")?.slice(6);
}

// The place below a field for its errors and risks. Screen readers read it out when it changes.
function place(form, field) {
  const line = form.querySelector(`.field-line.field-${field}`);
  if (!line) return null;
  let said = line.querySelector(".said[data-by=form]");
  if (!said) {
    said = document.createElement("div");
    said.className = "said";
    said.dataset.by = "form";
    said.id = `said-${field}`;
    said.setAttribute("role", "status");
    (line.querySelector(".grow.relative") ?? line).append(said);
    for (const input of line.querySelectorAll("input, select")) {
      input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""} ${said.id}`.trim());
    }
  }
  line.querySelectorAll(".errorlist").forEach((list) => list.parentElement.remove()); // the server's, of the last save
  return said;
}

function show(form, answer, touched) {
  for (const line of form.querySelectorAll(".field-line")) {
    const field = fieldOf(line);
    const errors = touched.has(field) ? answer.errors[field] ?? [] : [];
    const risks = answer.risks[field] ?? [];
    const said = place(form, field);
    if (!said) continue;
    const understood = (answer.understood[field] ?? []).map((text) => ["good", text]);
    write(said, [...errors.map((text) => ["error", text]), ...risks.map((text) => ["risk", text]), ...understood]);
    line.classList.toggle("errors", errors.length > 0);
    for (const input of line.querySelectorAll("input, select")) {
      if (errors.length) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  for (const [field, outcome] of Object.entries(answer.outcomes)) {
    const line = document.getElementById(`now-${field}`);
    if (line.textContent !== outcome.sentence) line.textContent = outcome.sentence;
    line.classList.toggle("now-nobody", outcome.nobody);
  }
}

const ICONS = { error: "error", risk: "warning", good: "check_circle" };

function write(said, sentences) {
  const now = sentences.map(([kind, text]) => kind + text).join("\n");
  if (said.dataset.now === now) return; // or it would be read out again
  said.dataset.now = now;
  said.replaceChildren(
    ...sentences.map(([kind, text]) => {
      const icon = document.createElement("span");
      icon.className = "material-symbols-outlined";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = ICONS[kind];
      const line = document.createElement("p");
      line.className = `said-${kind}`;
      const words = document.createElement("span");
      words.textContent = text;
      line.append(icon, words);
      return line;
    }),
  );
}

function basis(text) {
  const line = document.getElementById("now-basis");
  if (line.textContent !== text) line.textContent = text;
}

function fillFromTemplate(form, done) {
  const choice = document.getElementById("preference-template");
  const data = document.getElementById("preference-templates");
  if (!choice || !data) return;
  const templates = JSON.parse(data.textContent);
  choice.addEventListener("change", () => {
    const filled = templates[choice.value] ?? {};
    for (const [field, channels] of Object.entries(filled)) {
      form.querySelectorAll(`select[name^="${field}_"]`).forEach((select, position) => {
        select.value = channels[position] ?? "";
      });
    }
    const name = choice.selectedOptions[0].textContent;
    const said = document.getElementById("preference-template-said");
    said.textContent = choice.value ? `Filled in from “${name}”. Not saved yet.` : "";
    done();
  });
}

window.addEventListener("DOMContentLoaded", begin);
