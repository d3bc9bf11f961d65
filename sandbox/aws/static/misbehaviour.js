/* The panel that lets AWS fail: which faults are at work, and a form for another. */

import { arrange, element, parts, spaced } from "./elements.js";

const WORDS = {
  throttle: "Throttled",
  error: "Error, not accepted",
  error_after: "Error, but accepted",
  hang_before: "Hangs, not accepted",
  hang_after: "Hangs, but accepted",
  reset_after: "Answer lost, but accepted",
  reject: "Rejected",
  delay: "Slow",
  busy: "Busy",
  no_answer: "No answer",
  pending: "Confirmation pending",
  twice: "Reply delivered twice",
};

/** Show the faults at work. */
export function showFaults(faults) {
  const [list, none, clear] = parts("faults", "no-faults", "clear-faults");
  arrange(list, faults.map(line));
  none.hidden = faults.length > 0;
  clear.hidden = faults.length === 0;
}

/** Let the form ask for faults; `changed` is called after each that was taken. */
export function listenToForm(changed) {
  const [form, wrong, clear] = parts("fault", "fault-wrong", "clear-faults");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const fault = { operation: fields.get("operation"), kind: fields.get("kind"), to: fields.get("to").trim() || null };
    for (const name of ["times", "seconds"]) fault[name] = fields.get(name) === "" ? null : Number(fields.get(name));
    const response = await fetch("/faults", { method: "POST", body: JSON.stringify(fault) });
    wrong.textContent = response.ok ? "" : await response.text();
    changed();
  });
  clear.addEventListener("click", async () => {
    await fetch("/faults", { method: "DELETE" });
    changed();
  });
}

function line(fault) {
  const operation = fault.operation === "*" ? "all requests" : fault.operation.replace(/^(\w+):\*$/, "all of $1");
  const details = [
    operation,
    fault.to && `to ${spaced(fault.to)}`,
    fault.code,
    fault.seconds > 0 && `${fault.seconds} s`,
    fault.probability !== null && `${Math.round(fault.probability * 100)}%`,
    `met ${fault.met}`,
  ];
  return element(
    "li",
    {},
    element(
      "div",
      {},
      element("p", { className: "what", text: WORDS[fault.kind] }),
      element("p", { className: "meta", text: details.filter(Boolean).join(" · ") }),
    ),
    element("span", { className: "left", text: fault.left === null ? "for ever" : `${fault.left} left` }),
  );
}
