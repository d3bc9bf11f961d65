/* The page: asks for what arrived, again and again, and shows it. */

import { parts, spaced } from "./elements.js";
import { showInbox, showPending } from "./inbox.js";
import { listenToForm, showFaults } from "./misbehaviour.js";
import { showPhones } from "./phones.js";

const EVERY_MS = 700;
const SHOWN = 100; // On a page.
const WAIT_MS = 200; // After the last key before it looks.

const known = new Map();
let messages = [];
let handset = { replies: [], voicemails: [], opted_out: [] };
let seen = 0;
let next = 0;
let looked = "";
let total = 0;
let oldest = 0; // The id of the last message of the page.
const pages = []; // For each page that was left for an older one, what the older one comes before.

/** Fetch JSON; give undefined when it is the same as last time. */
async function changed(path) {
  const response = await fetch(path);
  const text = await response.text();
  if (response.headers.has("Total-Count")) total = Number(response.headers.get("Total-Count"));
  if (known.get(path) === text) return undefined;
  known.set(path, text);
  return JSON.parse(text);
}

function wanted() {
  const query = new URLSearchParams({ missed: "true", limit: SHOWN, find: finding() });
  if (pages.length) query.set("before", pages.at(-1));
  return `/messages?${query}`;
}

function finding() {
  return parts("find")[0].value.trim();
}

async function look() {
  clearTimeout(next);
  const path = wanted();
  if (path !== looked) known.delete(path); // another page: show it, even if it is known
  looked = path;
  try {
    const [newMessages, newHandset, faults, pending] = await Promise.all([
      changed(path),
      changed("/handset"),
      changed("/faults"),
      changed("/subscriptions?pending=true"),
    ]);
    if (path !== wanted()) return look();
    messages = newMessages ?? messages;
    handset = newHandset ?? handset;
    if (newMessages || newHandset) show();
    if (faults) showFaults(faults);
    if (pending) showPending(pending, confirm);
    tell("on", "Live");
  } catch {
    tell("off", "No connection");
  }
  next = setTimeout(look, EVERY_MS);
}

function show() {
  // Replies have no page of their own, and are not looked through.
  const replies = pages.length || finding() ? [] : handset.replies;
  showPhones(messages.filter((message) => message.channel !== "email"), { ...handset, replies }, seen);
  showInbox(messages.filter((message) => message.channel === "email"), seen);
  announce();
  seen = Math.max(seen, ...messages.map((message) => message.id));
  const [welcome, clear, noPhones] = parts("welcome", "clear-messages", "no-phones");
  oldest = messages.at(-1)?.id ?? 0;
  showPlace(messages.length);
  const quiet = messages.length === 0 && !finding() && !pages.length;
  if (quiet && welcome.hidden) writeCommands();
  welcome.hidden = !quiet;
  noPhones.hidden ||= quiet;
  clear.disabled = quiet;
  const rings = messages.some((message) => message.state === "ringing");
  document.title = `${rings ? "Ringing · " : ""}${quiet ? "" : `(${total}) `}Handsets · Bleep`;
}

function showPlace(shown) {
  const [nav, place, newer, older] = parts("pages", "place", "newer", "older");
  const first = pages.length * SHOWN + 1;
  nav.hidden = total <= SHOWN && !finding();
  place.textContent = shown ? `${first}–${first + shown - 1} of ${total}` : "Nothing is found";
  newer.disabled = pages.length === 0;
  older.disabled = first + shown > total;
}

function announce() {
  const fresh = messages.filter((message) => message.id > seen);
  if (!seen || !fresh.length) return;
  const [news] = parts("news");
  const [latest] = fresh;
  const more = fresh.length > 1 ? ` And ${fresh.length - 1} more.` : "";
  news.textContent = `${newsOf(latest)}.${more}`;
}

function newsOf(message) {
  const to = spaced(message.to);
  if (message.state === "ringing") return `The telephone ${to} rings`;
  if (message.channel === "call") {
    return message.outcome === "answered" ? `Call to ${to}: ${message.spoken}` : `Missed call to ${to}`;
  }
  return `${message.channel === "sms" ? "SMS" : "E-mail"} to ${to}: ${message.subject || message.text}`;
}

function tell(state, text) {
  const [live, liveText] = parts("live", "live-text");
  live.dataset.state = state;
  if (liveText.textContent !== text) liveText.textContent = text;
}

async function confirm(arn) {
  await fetch("/subscriptions/confirm", { method: "POST", body: JSON.stringify({ subscription_arn: arn }) });
  look();
}

function writeCommands() {
  const [alert, sms] = parts("curl-alert", "curl-sms");
  const command = document.querySelector("meta[name=alert-command]").content;
  // A new one each time, since an alert that was sent before is not sent again.
  alert.textContent = command.replace("MESSAGE_ID", `demo-${Date.now()}`);
  sms.textContent = [
    "AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=eu-west-2 \\",
    `  aws --endpoint-url ${location.origin} sns publish \\`,
    "  --phone-number +447700900123 --message 'Hello from the ward'",
  ].join("\n");
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const [source] = parts(button.dataset.copies);
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

const [find, newer, older] = parts("find", "newer", "older");
let typing = 0;
find.addEventListener("input", () => {
  clearTimeout(typing);
  pages.length = 0;
  typing = setTimeout(look, WAIT_MS);
});
newer.addEventListener("click", () => {
  pages.pop();
  look();
});
older.addEventListener("click", () => {
  pages.push(oldest);
  look();
});

const [clear] = parts("clear-messages");
clear.addEventListener("click", async () => {
  await fetch("/messages", { method: "DELETE" });
  pages.length = 0;
  find.value = "";
  look();
});

document.addEventListener("acted", look);
listenToForm(look);
look();
