// What unfold's and Django's scripts lack under our Content-Security-Policy, and for those who use a screen reader.

// The policy refuses styles that are written into the page as text, also by scripts. Alpine's `x-bind:style` writes an
// attribute; set as a property, the same is allowed.
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    setAttribute.call(this, name, value);
  }
};

// htmx needs neither a style of its own nor `eval`. It reads this when the page is complete.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;

// select2 calls its boxes by what is chosen in them, which is nothing at first: their field's label is their name.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible[id]")) {
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const box = select.parentElement.querySelector(".select2-selection");
    if (!label || !box) continue;
    label.id ||= `${select.id}_label`;
    const chosen = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${chosen?.id ?? ""}`.trim());
    chosen?.setAttribute("aria-labelledby", label.id);
  }
}

// Django's list of permissions gives its icons a name, but not what they are.
function nameIcons() {
  for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
}

// Much of unfold's that is clicked is neither a button nor a link, so that no key reaches it.
const ICONS = { dock_to_right: "Sidebar", close: "Close", menu: "Menu" };
const FOCUSABLE = "a[href], button, input, select, textarea";
function nameSwitches() {
  for (const element of document.querySelectorAll("span[x-on\\:click], a[x-on\\:click]:not([href])")) {
    if (element.querySelector(FOCUSABLE) || element.closest("button, a[href], label")) continue;
    element.setAttribute("role", "button");
    element.tabIndex = 0;
    const icon = ICONS[element.textContent.trim()];
    if (icon) element.setAttribute("aria-label", icon);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      element.click();
    });
  }
}

// After everything else that waits for the page, which is what makes those elements.
window.addEventListener("load", () => setTimeout(() => { nameBoxes(); nameIcons(); nameSwitches(); }));
document.addEventListener("formset:added", () => setTimeout(nameBoxes));
