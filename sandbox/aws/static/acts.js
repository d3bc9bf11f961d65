/* What people do goes to the server, one thing after the other; then the page looks at once. */

let last = Promise.resolve("");

/** Send it. Give the sentence that says what is wrong; an empty one if nothing is. */
export function act(path, body) {
  last = last.then(() => send(path, body));
  return last;
}

async function send(path, body) {
  try {
    const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
    return response.ok ? "" : (await response.text()).trim();
  } catch {
    return "No connection.";
  } finally {
    document.dispatchEvent(new Event("acted"));
  }
}
