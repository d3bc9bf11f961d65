// Buttons that copy a field: `data-copy` holds its id.
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch { // without HTTPS or permission: the older API; if that fails, the field is selected at least
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
