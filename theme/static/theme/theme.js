// Makes unfold's and Django's scripts work under our Content-Security-Policy, by keyboard and with screen readers.

// The policy blocks style attributes, also those that scripts set. Alpine's `x-bind:style` sets the attribute; setting
// the property instead is allowed.
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    setAttribute.call(this, name, value);
  }
};

// htmx reads this when the page has loaded.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;

// select2 names its boxes by their selection, which is empty at first: name them by their field's label, or by what is
// to be chosen where a table has no labels.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible[id]")) {
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const box = select.parentElement.querySelector(".select2-selection");
    const chosen = box?.querySelector(".select2-selection__rendered");
    if (!label && select.dataset.placeholder) chosen?.setAttribute("aria-label", select.dataset.placeholder);
    if (!label || !box) continue;
    label.id ||= `${select.id}_label`;
    box.setAttribute("aria-labelledby", `${label.id} ${chosen?.id ?? ""}`.trim());
    chosen?.setAttribute("aria-labelledby", label.id);
  }
}

// Django's list of permissions gives its icons a label but no role.
function nameIcons() {
  for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
}

// Many of unfold's controls are neither buttons nor links, so the keyboard does not reach them.
const ICONS = { dock_to_right: "Sidebar", close: "Close", menu: "Menu" };
const FOCUSABLE = "a[href], button, input, select, textarea";
const CLICKED = "span[x-on\\:click], div[x-on\\:click], a[x-on\\:click]:not([href])";
function nameSwitches() {
  for (const element of document.querySelectorAll(CLICKED)) {
    if (element.querySelector(FOCUSABLE) || element.closest("button, a[href], label")) continue;
    if (!element.textContent.trim()) continue; // the backdrop of an open panel, which has a close button
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

// The user menu comes before its button in the page, so Tab would not reach it.
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

// The filter panel covers the list: while it is open the focus stays in it, and then returns to its button.
function keepFilters() {
  const panel = document.getElementById("changelist-filter");
  const opener = document.querySelector("a[x-on\\:click='filterOpen = true']");
  if (!panel || !opener) return;
  const controls = () =>
    [...panel.querySelectorAll(`${FOCUSABLE}, .select2-selection`)].filter((each) => each.tabIndex >= 0 && each.checkVisibility());
  let isOpen = panel.checkVisibility();
  new MutationObserver(() => {
    // On a wide screen it may be beside the list, without a button.
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

// A link that skips the sidebar.
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
    event.preventDefault(); // unfold takes what follows a # for a tab
    content.focus();
  });
  document.body.prepend(skip);
}

// After the other load handlers, which make those elements.
window.addEventListener("load", () => setTimeout(() => { nameBoxes(); nameIcons(); nameSwitches(); nameMenu(); keepFilters(); skipLinks(); }));
document.addEventListener("formset:added", () => setTimeout(nameBoxes));
