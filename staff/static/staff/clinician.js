// Loads whether messages arrive, which Bleep asks AWS, and sends channel tests and shows their results.

const PATIENCE = 10_000; // Milliseconds to wait for an answer about an address, since AWS may be slow.
const MORNING = 7; // Hours between which nobody is warned that a person may be asleep.
const EVENING = 21;
const SOON = 1_000;
const LATER = 4_000;
const HURRY = 30_000; // How long the result is asked for often.
const GIVE_UP = 360_000; // When to stop asking: High priority is tried for five minutes.
const STOPPED = "This page has stopped checking. Open it again later to see the result of the test.";
const NO_ANSWER = "Bleep did not answer. Open the page again to see whether the test is there.";
const UNKNOWN = "Bleep cannot tell whether messages arrive: there was no answer. Reload the page in a minute.";
const ICONS = { good: "check_circle", risk: "warning", error: "error", unknown: "help", waiting: "hourglass_top" };

function begin() {
  const section = document.getElementById("tests");
  if (!section) return;
  const rows = [...section.querySelectorAll(".channel-row")];
  for (const row of rows) offerTest(section, row, rows);
  // contacts/clinician.js rewrites “What would happen now” during editing; then the failures are listed again.
  new MutationObserver(() => sayWhatWouldFail(rows)).observe(document.querySelector("#now dl"), {
    attributes: true,
    childList: true,
    subtree: true,
  });
  for (const row of rows) {
    const doubt = row.querySelector(".channel-doubt"); // what the page itself knows
    if (doubt) sayAtField(row, doubt.textContent);
  }
  askAll(rows);
}

// One after the other, since Bleep sends AWS few questions at once and answers the others with “unknown”.
async function askAll(rows) {
  for (const row of rows) await askReachability(row, rows);
}

function write(place, kind, sentence, link) {
  const icon = document.createElement("span");
  icon.className = "material-symbols-outlined";
  icon.setAttribute("aria-hidden", "true");
  icon.textContent = ICONS[kind];
  const words = document.createElement("span");
  words.textContent = sentence;
  const line = document.createElement("p");
  line.className = `said-${kind}`;
  line.append(icon, words);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = "See the alert";
    line.append(anchor);
  }
  place.replaceChildren(line);
}

async function askReachability(row, rows) {
  const url = row.dataset.reachability;
  if (!url) return;
  const place = row.querySelector(".channel-reach");
  let answer = { kind: "unknown", sentence: UNKNOWN };
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), credentials: "same-origin" });
    if (response.ok) answer = await response.json();
  } catch {
    // Unknown.
  }
  write(place, answer.kind, answer.sentence);
  sayAtField(row, answer.kind === "risk" ? answer.sentence : "");
  if (answer.kind === "risk") row.dataset.why = answer.why;
  else delete row.dataset.why;
  sayWhatWouldFail(rows);
}

// For each priority, the channels that would fail according to AWS, unless the address has been edited.
function sayWhatWouldFail(rows) {
  const lines = [...document.querySelectorAll("#now dd:not(.now-nobody)")].map((line) => whatWouldFail(line, rows));
  const sentences = lines.filter(Boolean).join(" ");
  let place = document.getElementById("now-fails");
  if (!place && !sentences) return;
  if (!place) {
    place = document.createElement("div");
    place.className = "said";
    place.id = "now-fails";
    place.setAttribute("role", "status");
    document.getElementById("now").append(place);
  }
  if (place.dataset.shown === sentences) return; // or it would be read out again
  place.dataset.shown = sentences;
  if (sentences) write(place, "risk", sentences);
  else place.replaceChildren();
}

function whatWouldFail(line, rows) {
  const selects = [...document.querySelectorAll(`select[name^="${line.id.replace("now-", "")}_"]`)];
  const chosen = selects.length ? selects.map((select) => select.value) : line.dataset.channels.split(" ");
  // A channel without an address is not tried.
  const tried = rows.filter((row) => chosen.includes(row.dataset.channel) && addressOf(row));
  const failing = tried.filter((row) => "why" in row.dataset && addressOf(row) === row.dataset.saved);
  if (!failing.length) return "";
  const names = failing.map(({ dataset }) => dataset.label + (dataset.why && ` (${dataset.why})`)).join(" and ");
  const rest = failing.length < tried.length ? "only the other channels can reach them" : "nobody would be reached";
  return `${line.dataset.priority}: ${names} would fail, so ${rest}.`;
}

function addressOf(row) {
  const input = document.querySelector(`.field-${row.dataset.field} input`);
  return input ? input.value.trim() : row.dataset.saved;
}

// Also at the address's field, until the address is edited.
function sayAtField(row, sentence) {
  const input = document.querySelector(`.field-${row.dataset.field} input`);
  const id = `reach-${row.dataset.field}`;
  let place = document.getElementById(id);
  if (!input || (!place && !sentence)) return;
  if (!place) {
    place = document.createElement("div");
    place.className = "said";
    place.id = id;
    (input.closest(".grow.relative") ?? input.parentElement).append(place);
    input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""} ${id}`.trim());
    input.addEventListener("input", () => hideIfEdited(row, input, place));
  }
  hideIfEdited(row, input, place); // it may have been edited before the answer came, or saving it may have failed
  if (sentence) write(place, "risk", sentence);
  else place.replaceChildren();
}

function hideIfEdited(row, input, place) {
  place.hidden = addressOf(row) !== row.dataset.saved;
}

function offerTest(section, row, rows) {
  const button = row.querySelector(".channel-test");
  if (!button) return;
  const place = row.querySelector(".channel-result");
  if (place.dataset.result) follow(place.dataset.result, place).catch(() => write(place, "unknown", STOPPED));
  button.addEventListener("click", async () => {
    if (addressOf(row) !== row.dataset.saved) {
      write(place, "risk", "The address has been changed. Save first: a test goes to the saved address.");
      return;
    }
    if (button.getAttribute("aria-disabled") === "true" || !(await isMeant(button.dataset.question))) return;
    // Not `disabled`, which would take away the focus of keyboard users.
    button.setAttribute("aria-disabled", "true");
    delete place.dataset.when; // from now on the text is about the new test
    write(place, "waiting", "The test is being sent.");
    try {
      await test(section.dataset.tests, row.dataset.channel, place);
    } catch {
      write(place, "unknown", NO_ANSWER);
    }
    button.removeAttribute("aria-disabled");
    askReachability(row, rows); // a test asks the person to confirm, and they may have confirmed by now
  });
}

// Asks before a person is disturbed: who, at what address, and what time it is where the hospital is.
function isMeant(question) {
  const dialog = document.getElementById("test-asked");
  const { zone, person } = dialog.dataset;
  const time = new Date().toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const hour = Number(time.slice(0, 2));
  const night = hour < MORNING || hour >= EVENING ? " They may be asleep." : "";
  document.getElementById("test-question").textContent = question;
  document.getElementById("test-effect").textContent =
    `The test goes to ${person} at once. It is ${time} now (${zone.replaceAll("_", " ")}).${night}`;
  dialog.returnValue = "";
  dialog.showModal();
  for (const answer of dialog.querySelectorAll("button")) answer.onclick = () => dialog.close(answer.value);
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "send"), { once: true });
  });
}

async function test(url, channel, place) {
  const body = new FormData();
  body.append("channel", channel);
  body.append("csrfmiddlewaretoken", document.querySelector("#clinician_form [name=csrfmiddlewaretoken]").value);
  const answer = await json(await fetch(url, { method: "POST", body, credentials: "same-origin" }));
  if (!answer.result) {
    write(place, answer.kind, answer.sentence);
    return;
  }
  await follow(answer.result, place);
}

// Shows the state of a test until it is final, or until it is not worth asking.
async function follow(result, place) {
  const about = place.dataset.when;
  const isCurrent = () => place.dataset.when === about; // no new test has begun
  const begun = Date.now();
  let shown = "";
  while (isCurrent()) {
    const now = await json(await fetch(result, { credentials: "same-origin" }));
    if (!isCurrent()) return;
    const sentence = about ? `${about} ${now.sentence}` : now.sentence;
    const passed = Date.now() - begun;
    const isOver = now.is_final || passed > GIVE_UP;
    if (isOver && !now.is_final) write(place, "unknown", `${sentence} ${STOPPED}`, now.alert);
    else if (sentence !== shown) write(place, now.kind, sentence, now.alert);
    shown = sentence;
    if (isOver) return;
    await new Promise((done) => setTimeout(done, passed < HURRY ? SOON : LATER));
  }
}

async function json(response) {
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

window.addEventListener("DOMContentLoaded", begin);
