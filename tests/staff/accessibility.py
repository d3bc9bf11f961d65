"""Pages that everybody can read: axe-core in the light and the dark look, and nothing wider than the screen."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.staff.browser import DESKTOP, PHONE, wait_until_settled

SERIOUS = ["serious", "critical"]
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""The axe-core rules about colour: the only ones that can differ between a light page and a dark one."""
IS_DARK = "document.documentElement.classList.contains('dark')"
HAS_AXE = "'axe' in window"
LOOK_DARK = """
dark => {
    document.documentElement.classList.toggle("dark", dark);
    const moving = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
    moving.forEach(each => each.finish());
}
"""
"""The colours are there when it returns, and nothing has to be drawn for that."""
PREPARE = """
impacts => {
    for (const rule of axe._audit.rules) rule.enabled &&= impacts.includes(rule.impact);
    const { prototype } = axe.commons.color.Color;
    const parse = prototype.parseString;
    const parsed = new Map();
    prototype.parseString = function (text) {
        if (parsed.has(text)) [this.r, this.g, this.b, this.alpha] = parsed.get(text);
        else {
            parse.call(this, text);
            parsed.set(text, [this.r, this.g, this.b, this.alpha]);
        }
        return this;
    };
}
"""
"""Without the rules whose violations are not looked at: in axe-core each has one impact. And a colour is parsed once:
axe-core does so for each element that has it, which takes half its time, since the theme's are `oklch()`."""
RUN = """
options => axe.run(document, { resultTypes: ["violations"], ...options }).then(results => results.violations)
"""
FITS = """() => {
    const list = document.querySelector("#result_list");
    return document.documentElement.scrollWidth <= window.innerWidth
        && (!list || list.getBoundingClientRect().right <= window.innerWidth);
}"""


def check_accessibility(page: Page) -> None:
    """Fail on what axe-core calls serious or critical, with the elements at fault: light, then the colours of dark.

    A page that is dark already is checked for the colours alone.
    """
    wait_until_settled(page)
    check_at_once(page)


def check_at_once(page: Page) -> None:
    """As `check_accessibility`, of a page that is never settled."""
    if not page.evaluate(HAS_AXE):
        page.evaluate(Axe().axe_script)
        page.evaluate(PREPARE, SERIOUS)
    if not page.evaluate(IS_DARK):
        _check(page, {})
        _look_dark(page, dark=True)
        _check_colours(page)
        _look_dark(page, dark=False)
    else:
        _check_colours(page)


def check_on_each_screen(page: Page) -> None:
    """Fail if the page is not accessible on a telephone's screen or a desktop's, or has to be scrolled sideways."""
    for screen in (PHONE, DESKTOP):
        page.set_viewport_size(screen)
        check_accessibility(page)
        assert fits(page), f"It is wider than {screen['width']} pixels: {page.url}"


def fits(page: Page) -> bool:
    """Whether neither the page nor its list has to be scrolled sideways."""
    return bool(page.evaluate(FITS))


def _look_dark(page: Page, *, dark: bool) -> None:
    """Change the look as the theme's own switch does, and as the system does for pages without a theme."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.evaluate(LOOK_DARK, dark)


def _check_colours(page: Page) -> None:
    _check(page, {"runOnly": {"type": "rule", "values": RULES_OF_COLOUR}})


def _check(page: Page, options: dict[str, Any]) -> None:
    found = page.evaluate(RUN, options)
    assert not found, "\n".join(_describe(each) for each in found)


def _describe(violation: dict[str, Any]) -> str:
    nodes = "".join(
        f"\n    {node['html'][:200]}\n      {node['failureSummary'].splitlines()[-1].strip()}"
        for node in violation["nodes"][:8]
    )
    return f"{violation['impact']}: {violation['id']}: {violation['help']} ({len(violation['nodes'])}){nodes}"
