// Whether messages arrive, asked of AWS by Bleep once the page is there; and tests, with what became of each.

const PATIENCE = 10_000; // Milliseconds for an answer about an address. AWS may take long, and nobody waits for it.
const SOON = 1_000;
const LATER = 4_000;
const HURRY = 30_000; // For so long the result is asked for often,
const GIVE_UP = 360_000; // and after this no more: High priority is tried for five minutes.
const STOPPED = "This page has stopped asking. Open it again later to see what became of the test.";
const NO_ANSWER = "Bleep did not answer. Open the page again to see whether the test is there.";
const UNKNOWN = "It is not known now whether messages arrive here: there was no answer. Open the page again in a minute.";
const ICONS = { good: "check_circle", risk: "warning", error: "error", unknown: "help", waiting: "hourglass_top" };

function begin() {
  const section = document.getElementById("tests");
  if (!section) return;
  const ways = [...section.querySelectorAll(".way")];
  for (const way of ways) offerTest(section, way, ways);
  // What would happen now is rewritten while editing; whatever it then says, what would fail of it is said below.
  new MutationObserver(() => sayWhatWouldFail(ways)).observe(document.querySelector("#now dl"), {
    attributes: true,
    childList: true,
    subtree: true,
  });
  askAll(ways);
}

// One after the other: Bleep asks AWS for few people at once, and tells the others that it is not known.
async function askAll(ways) {
  for (const way of ways) await askReachability(way, ways);
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

async function askReachability(way, ways) {
  const url = way.dataset.reachability;
  if (!url) return;
  const place = way.querySelector(".way-reach");
  let answer = { kind: "unknown", sentence: UNKNOWN };
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), credentials: "same-origin" });
    if (response.ok) answer = await response.json();
  } catch {
    // It stays unknown.
  }
  write(place, answer.kind, answer.sentence);
  sayAtField(way, answer.kind === "risk" ? answer.sentence : "");
  if (answer.kind === "risk") way.dataset.why = answer.why;
  else delete way.dataset.why;
  sayWhatWouldFail(ways);
}

// Of each priority the channels that would fail, by what AWS said of the address, as long as it is the saved one.
function sayWhatWouldFail(ways) {
  const lines = [...document.querySelectorAll("#now dd:not(.now-nobody)")].map((line) => whatWouldFail(line, ways));
  const told = lines.filter(Boolean).join(" ");
  let place = document.getElementById("now-fails");
  if (!place && !told) return;
  if (!place) {
    place = document.createElement("div");
    place.className = "said";
    place.id = "now-fails";
    place.setAttribute("role", "status");
    document.getElementById("now").append(place);
  }
  if (place.dataset.told === told) return; // or it would be read out again
  place.dataset.told = told;
  if (told) write(place, "risk", told);
  else place.replaceChildren();
}

function whatWouldFail(line, ways) {
  const selects = [...document.querySelectorAll(`select[name^="${line.id.replace("now-", "")}_"]`)];
  const chosen = selects.length ? selects.map((select) => select.value) : line.dataset.channels.split(" ");
  // What has no address is not tried, either.
  const tried = ways.filter((way) => chosen.includes(way.dataset.channel) && addressOf(way));
  const failing = tried.filter((way) => "why" in way.dataset && addressOf(way) === way.dataset.saved);
  if (!failing.length) return "";
  const names = failing.map(({ dataset }) => dataset.label + (dataset.why && ` (${dataset.why})`)).join(" and ");
  const rest = failing.length < tried.length ? "only what else is chosen can reach them" : "nobody would be told";
  return `${line.dataset.priority}: ${names} would fail, so ${rest}.`;
}

function addressOf(way) {
  const input = document.querySelector(`.field-${way.dataset.field} input`);
  return input ? input.value.trim() : way.dataset.saved;
}

// Also where the address is edited, for as long as it is the one that was asked about.
function sayAtField(way, sentence) {
  const input = document.querySelector(`.field-${way.dataset.field} input`);
  const id = `reach-${way.dataset.field}`;
  let place = document.getElementById(id);
  if (!input || (!place && !sentence)) return;
  if (!place) {
    place = document.createElement("div");
    place.className = "said";
    place.id = id;
    (input.closest(".grow.relative") ?? input.parentElement).append(place);
    input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""} ${id}`.trim());
    input.addEventListener("input", () => hideIfEdited(way, input, place));
  }
  hideIfEdited(way, input, place); // it may have been edited before the answer came, or a save of it been refused
  if (sentence) write(place, "risk", sentence);
  else place.replaceChildren();
}

function hideIfEdited(way, input, place) {
  place.hidden = addressOf(way) !== way.dataset.saved;
}

function offerTest(section, way, ways) {
  const button = way.querySelector(".way-test");
  if (!button) return;
  const place = way.querySelector(".way-result");
  if (place.dataset.result) follow(place.dataset.result, place).catch(() => write(place, "unknown", STOPPED));
  button.addEventListener("click", async () => {
    if (addressOf(way) !== way.dataset.saved) {
      write(place, "risk", "The address has been changed. Save first: a test goes to what is saved.");
      return;
    }
    // Not `disabled`, which would take the focus away from whoever came by keyboard.
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    delete place.dataset.when; // what is said from now on is of the new one
    write(place, "waiting", "The test is being sent.");
    try {
      await test(section.dataset.tests, way.dataset.channel, place);
    } catch {
      write(place, "unknown", NO_ANSWER);
    }
    button.removeAttribute("aria-disabled");
    askReachability(way, ways); // a test asks the person to confirm, or they may have done something meanwhile
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

// Says what becomes of a test until that is known, or for as long as it may be worth asking.
async function follow(result, place) {
  const about = place.dataset.when;
  const isCurrent = () => place.dataset.when === about; // and not overtaken by a new test
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
