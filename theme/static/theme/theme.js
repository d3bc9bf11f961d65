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
const CLICKED = "span[x-on\\:click], div[x-on\\:click], a[x-on\\:click]:not([href])";
function nameSwitches() {
  for (const element of document.querySelectorAll(CLICKED)) {
    if (element.querySelector(FOCUSABLE) || element.closest("button, a[href], label")) continue;
    if (!element.textContent.trim()) continue; // the ground beside an open panel, which has a button to close it
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

// The menu under one's name stands before what opens it, where Tab would not come by.
function nameMenu() {
  const menu = document.querySelector("[x-data*=openUserLinks]");
  const opener = menu?.querySelector(":scope > [role=button]");
  const items = menu?.querySelector(":scope > nav");
  if (!opener || !items) return;
  const isOpen = () => items.checkVisibility();
  let isByKey = false;
  const say = () => {
    opener.setAttribute("aria-expanded", String(isOpen()));
    if (!isByKey || !isOpen()) return;
    isByKey = false;
    items.querySelector(`[role=button], ${FOCUSABLE}`)?.focus();
  };
  const name = opener.querySelector(".truncate")?.textContent.trim() ?? "";
  opener.setAttribute("aria-label", `${name}: menu`);
  items.setAttribute("aria-label", "Your menu");
  new MutationObserver(say).observe(items, { attributes: true, attributeFilter: ["style"] });
  say();
  // Captured: before the key opens it.
  menu.addEventListener("keydown", (event) => { isByKey = event.target === opener; }, { capture: true });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    opener.click();
    opener.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget) && isOpen()) opener.click();
  });
}

// The panel of filters lies over the list: while it is open the keys stay in it, and then go back to what opened it.
function keepFilters() {
  const panel = document.getElementById("changelist-filter");
  const opener = document.querySelector("a[x-on\\:click='filterOpen = true']");
  if (!panel || !opener) return;
  const controls = () =>
    [...panel.querySelectorAll(`${FOCUSABLE}, .select2-selection`)].filter((each) => each.tabIndex >= 0 && each.checkVisibility());
  let isOpen = panel.checkVisibility();
  new MutationObserver(() => {
    // On a wide screen it may stand beside the list, where nothing opens it.
    if (panel.checkVisibility() === isOpen || !opener.checkVisibility()) return;
    isOpen = !isOpen;
    (isOpen ? controls()[0] : opener)?.focus();
  }).observe(panel, { attributes: true, attributeFilter: ["style"] });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !opener.checkVisibility()) return;
    const all = controls();
    const [edge, other] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
    if (event.target !== edge) return;
    event.preventDefault();
    other.focus();
  });
}

// Before the links of the sidebar stands one that passes them by.
function skipLinks() {
  const content = document.getElementById("content");
  const sidebar = document.getElementById("nav-sidebar");
  if (!content || !sidebar) return;
  sidebar.querySelector("a[href]")?.setAttribute("aria-label", "Bleep, Home");
  const skip = document.createElement("a");
  skip.className = "skip";
  skip.href = "#content";
  skip.textContent = "Skip to content";
  content.tabIndex = -1;
  skip.addEventListener("click", (event) => {
    event.preventDefault(); // what follows a # is a tab, to unfold
    content.focus();
  });
  document.body.prepend(skip);
}

// After everything else that waits for the page, which is what makes those elements.
window.addEventListener("load", () => setTimeout(() => { nameBoxes(); nameIcons(); nameSwitches(); nameMenu(); keepFilters(); skipLinks(); }));
document.addEventListener("formset:added", () => setTimeout(nameBoxes));
