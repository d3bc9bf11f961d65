/* The inbox: e-mails, and the subscriptions that wait for their person. */

import { arrange, element, linked, parts, time } from "./elements.js";

const emails = new Map();
const waiting = new Map();

/** Show these e-mails, newest first; `seen` is the highest id that was on the page before. */
export function showInbox(messages, seen) {
  const [list, none, count] = parts("emails", "no-emails", "inbox-count");
  const ids = new Set(messages.map((message) => message.id));
  for (const id of emails.keys()) if (!ids.has(id)) emails.delete(id);
  for (const message of messages) {
    if (emails.has(message.id)) continue;
    const entry = email(message);
    if (message.id > seen && seen > 0) entry.classList.add("new");
    emails.set(message.id, entry);
  }
  arrange(list, messages.map((message) => emails.get(message.id)));
  none.hidden = messages.length > 0;
  count.textContent = messages.length || "";
}

/** Show the subscriptions that nobody confirmed yet, with the way to do it. */
export function showPending(subscriptions, confirm) {
  const [list] = parts("pending");
  const wanted = subscriptions.filter((subscription) => subscription.protocol === "email");
  const arns = new Set(wanted.map((subscription) => subscription.subscription_arn));
  for (const arn of waiting.keys()) if (!arns.has(arn)) waiting.delete(arn);
  for (const subscription of wanted) {
    const arn = subscription.subscription_arn;
    if (!waiting.has(arn)) waiting.set(arn, invitation(subscription, () => confirm(arn)));
  }
  arrange(list, wanted.map((subscription) => waiting.get(subscription.subscription_arn)));
}

function email(message) {
  const initial = (message.to[0] || "?").toUpperCase();
  const avatar = element("span", { className: "avatar", text: initial, "aria-hidden": "true" });
  const head = element(
    "div",
    { className: "email-head" },
    element("p", { className: "subject", text: message.subject || "(no subject)" }),
    time(message.at),
  );
  const who = element(
    "dl",
    { className: "who" },
    element("dt", { text: "From" }),
    element("dd", { text: message.sender || "AWS Notifications" }),
    element("dt", { text: "To" }),
    element("dd", { text: message.to }),
  );
  const body = element("p", { className: "letter" }, ...linked(message.text));
  return element("li", { className: "email" }, avatar, element("div", { className: "sheet" }, head, who, body));
}

function invitation(subscription, confirm) {
  const button = element("button", { className: "button small", type: "button", text: "Confirm" });
  button.setAttribute("aria-label", `Confirm the subscription of ${subscription.endpoint}`);
  button.addEventListener("click", confirm);
  const text = element(
    "p",
    {},
    element("strong", { text: subscription.endpoint }),
    " has not confirmed: nothing is delivered until then.",
  );
  return element("li", {}, text, button);
}
