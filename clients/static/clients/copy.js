// Buttons that copy the field that they name, and say so.
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch { // no https, or not allowed: the older way, and else the field is at least marked
    if (!document.execCommand("copy")) return;
  }
  const words = button.textContent;
  button.textContent = "Copied";
  document.getElementById("copied").textContent = `${words}: done.`;
  setTimeout(() => { button.textContent = words; }, 3000);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button));
}
