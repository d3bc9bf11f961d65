// Shows how far an export is, and saves its file only when it is complete. Without this script the browser downloads it.
"use strict";
{
  const form = document.getElementById("alerts-export");
  const progress = document.getElementById("alerts-export-progress");
  const bar = progress.querySelector("progress");
  const words = progress.querySelector("[role=status]");
  const button = form.querySelector("[type=submit]");
  const all = Number(form.dataset.alerts);
  const LINES_IN_FRONT = 8; // what the file is, an empty line, and the headings
  const NEWLINE = 10; // each line of the file ends with one, and no cell has any

  function say(sentence) {
    words.textContent = sentence;
  }

  // A CSV has a line for each alert; an XLSX is made first, so that nothing is known until it comes.
  async function read(response, isCsv) {
    const pieces = [];
    let lines = -LINES_IN_FRONT;
    const reader = response.body.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      pieces.push(value);
      if (!isCsv) continue;
      lines += value.reduce((count, byte) => count + (byte === NEWLINE), 0);
      bar.value = Math.max(0, lines);
      say(`${bar.value.toLocaleString("en-GB")} of ${all.toLocaleString("en-GB")} alerts`);
    }
    return new Blob(pieces, { type: response.headers.get("Content-Type") });
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    progress.hidden = false;
    bar.hidden = false;
    bar.removeAttribute("value");
    say("The file is being made.");
    try {
      const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
      const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
      if (!name) {
        form.submit(); // the page says what is wrong
        return;
      }
      save(await read(response, name.endsWith(".csv")), name);
      bar.value = all;
      say(`${name} is complete: ${all.toLocaleString("en-GB")} alert${all === 1 ? "" : "s"}.`);
    } catch {
      bar.hidden = true;
      say("The connection broke off, so no file was saved. Try again.");
    }
    button.disabled = false;
  });
}
