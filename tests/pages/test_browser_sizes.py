"""Every page on four screens in both themes: nothing is cut or covered, and axe-core finds nothing serious."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from pages._ui.frame import PAGES
from tools.browser import DRAWN, Server, still

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
SIZES = ((1440, 900), (1280, 720), (1024, 768), (390, 844))
READ = SIZES[1]  # the one on which axe-core looks at a page
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules of axe-core that a theme can break
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 27)"}
GROUND = "ground => getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor === ground"
# What is wrong with what is seen, a line each.
WRONG = """() => {
  const wrong = [], main = document.querySelector('[data-testid="stMain"]');
  const all = selector => [...main.querySelectorAll(selector)].filter(one => one.getClientRects().length);
  const box = one => one.getBoundingClientRect();
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const wide = main.scrollWidth - main.clientWidth;
  if (wide > 1) wrong.push(`the page scrolls sideways by ${wide}`);
  const first = all('h1').map(one => one.innerText);
  if (first.length !== 1) wrong.push(`first headings: ${first.join(', ') || 'none'}`);
  const levels = all('h1, h2, h3, h4, h5, h6').map(one => Number(one.tagName[1]));
  levels.forEach((level, place) => place && level > levels[place - 1] + 1 && wrong.push(`a heading skips to ${level}`));
  for (const one of all('[data-testid="stException"], [data-testid="stAlertContentError"]'))
    wrong.push(`says: ${one.innerText}`);
  for (const one of all('h1, h2, h3, [data-testid^="stBaseButton"] p'))
    if (one.clientWidth > 2 && one.scrollWidth > one.clientWidth + 1) wrong.push(`is cut: ${one.innerText}`);
  for (const chart of all('.js-plotly-plot')) {
    const bars = [...chart.querySelectorAll('.modebar-group')].map(box).filter(one => one.width);
    for (const text of chart.querySelectorAll('.gtitle, .legend, .xtitle, .ytitle, .xtick text')) {
      if (bars.some(bar => meet(bar, box(text)))) wrong.push(`is under the bar: ${text.textContent}`);
      if (text.matches('.gtitle') && box(text).right > box(chart).right + 1) wrong.push(`is cut: ${text.textContent}`);
    }
    const [title, legend] = ['.gtitle', '.legend'].map(part => chart.querySelector(part));
    if (title && legend && meet(box(title), box(legend))) wrong.push(`is under the legend: ${title.textContent}`);
  }
  return wrong;
}"""
# What has the focus, and whether that is seen; it is marked as reached, with all that the arrows reach from it.  In a
# field the caret says it, and in a table the cell that the table draws.
FOCUSED = """() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  for (const own of [one, ...(one.closest('[role="toolbar"], [role="group"], [role="radiogroup"]')
    ?.querySelectorAll('button, input') ?? [])]) own.dataset.reached = 'yes';
  const shown = at => {
    const style = getComputedStyle(at);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  };
  const around = [one, one.parentElement, one.closest('[data-baseweb], [role="group"], label')].filter(Boolean);
  const seen = one.matches('input, textarea, canvas, main, section, div') || around.some(shown);
  return [`${one.tagName} ${one.innerText || one.ariaLabel || ''}`.trim(), seen, one === document.body];
}"""
# What a mouse could click or type into, and the keyboard did not reach.  A box opens by its own field, not its arrow.
UNREACHED = """() => [...document.querySelectorAll('button, a[href], input, textarea, [role="button"]')]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().width > 2)
  .filter(one => !one.disabled && !one.dataset.reached && !one.matches('[tabindex="-1"][aria-haspopup="listbox"]'))
  .map(one => one.outerHTML.slice(0, 300))"""
RIGHT = f"() => {DRAWN.removeprefix('() => ')} && ({WRONG})().length === 0"


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """One page for all tests: opening another costs as much as drawing it."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


def serious(page: Any, theme: str) -> list[str]:
    """What axe-core finds serious or critical, a line each; in the dark theme only what a theme can break."""
    from axe_playwright_python.sync_playwright import Axe

    only = {"runOnly": OF_COLOURS} if theme == "dark" else {}
    found = Axe().run(page, options={"resultTypes": ["violations"], **only}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_every_screen_in_both_themes(server: Server, page: Any, name: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    if page.url == "about:blank":
        page.goto(server.url)
        page.wait_for_selector("h1", timeout=60_000)
    if name != "overview":  # by the menu, which is faster than to load all anew
        page.get_by_role("link", name=PAGES[name], exact=True).click()
        page.wait_for_url(f"**/{name}?*", timeout=60_000)
        page.wait_for_timeout(400)  # a run that has begun is told after a moment
    still(page)
    wrong = {}
    for theme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(GROUND, arg=ground)
        for width, height in SIZES if theme == "light" else (READ,):  # a theme has colours of its own, and no sizes
            page.set_viewport_size({"width": width, "height": height})
            if found := settled(page):
                wrong[f"{theme}, {width} × {height}"] = found
            if (width, height) == READ and (found := serious(page, theme)):
                wrong[f"{theme}, axe-core"] = found
    assert wrong == {}


def settled(page: Any) -> list[str]:
    """What is wrong and stays so: charts follow a new size a little later."""
    from playwright.sync_api import TimeoutError as TooLong

    try:
        page.wait_for_function(RIGHT, polling=200, timeout=5_000)
    except TooLong:
        return list(page.evaluate(WRONG))
    return []


@pytest.mark.parametrize("name", ["", "word", "data"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(server: Server, page: Any, name: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/{name}")
    page.wait_for_selector("h1", timeout=60_000)
    still(page)
    reached, unseen = by_keyboard(page)
    assert len(reached) > 20
    for _ in range(2):  # what came while one was past it, as a table's button does while a cell of it has the focus
        if page.evaluate(UNREACHED):
            unseen += by_keyboard(page)[1]
    assert (page.evaluate(UNREACHED), unseen) == ([], [])


def by_keyboard(page: Any) -> tuple[list[str], list[str]]:
    """What the Tab key reaches until it has gone round, and of that what does not show that it has the focus."""
    unseen, reached = [], []
    for _ in range(300):
        page.keyboard.press("Tab")
        what, shown, around = page.evaluate(FOCUSED)
        if around:
            break
        reached.append(what)
        if not shown:
            unseen.append(what)
    return reached, unseen
