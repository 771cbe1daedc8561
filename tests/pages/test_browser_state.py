"""The URL is the whole state: what a reader has set is there after a reload, on the way back, and in a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tools.browser import Server, drawn, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
LITE, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
SHARED = {"dataset": "demo", "pair": "en-fr", "pos": "NA", "method": "maxmax", "backbone": LITE, "show": "missed"}
# Page → a value, other than its default, of each parameter that it has for itself.
PAGES = {
    "word": {"word": "bird.N", "candidate": "oiseau", "top": "30", "first": "2"},
    "compare": {
        "contenders": f"knn@{LITE},rrf=avgmax,knn@{LITE},avgmax@{LITE}", "beside": f"avgmax@{LITE}",
    },
    "failure": {"topic": "winners", "scope": "pair"},
    "": {"part": "V", "outcome": "missed", "find": "a", "tour": "1"},
    "dispersion": {},
    "map": {"kind": "pictures", "colour": "language", "chosen": "word~en~bird"},
    "pivoting": {
        "dataset": "demo-hard", "pair": "en-de", "method": "avgmax", "among": "all", "language": "de", "text": "Hund",
    },
    "results": {"figure": "p@1", "pairs": "average", "alike": "out", "clean": "1"},
    "play": {"seed": "7"},
    "data": {"section": "pictures", "language": "fr", "pictures": "oiseau"},
}  # fmt: skip
# What stands in every widget of the page and of the sidebar, and what the page is about.
SHOWN = """() => [...document.querySelectorAll('[data-testid="stMain"], [data-testid="stSidebarUserContent"]')].flatMap(
  root => [...root.querySelectorAll(
    'h1, h4, input, textarea, [data-testid="stSelectbox"], [data-testid="stButtonGroup"] button')]
  .map(one => [one.ariaLabel, one.innerText, one.value, one.checked, one.ariaPressed, one.ariaChecked].join('|')))"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def asked(page: Any) -> tuple[str, dict[str, str]]:
    """The page and the parameters of the address."""
    address = urlsplit(page.url)
    return address.path.strip("/"), {name: values[0] for name, values in parse_qs(address.query).items()}


def goes(page: Any, does: Any, *where: str) -> None:
    """Do something, and wait until the address holds some texts and the page has been drawn."""
    before = page.evaluate("location.href")
    does()
    page.wait_for_function(
        """([before, all]) => location.href !== before
          && all.every(one => decodeURIComponent(location.href).includes(one))""",
        arg=[before, list(where)],
        timeout=60_000,
    )
    page.wait_for_timeout(400)  # a run that has begun is told after a moment
    drawn(page)


def shown(page: Any) -> list[str]:
    """What stands in every widget and on the board, once it stands still."""
    last: list[str] = []
    for _ in range(20):
        found = (
            page.evaluate(SHOWN) + page.locator(".board thead .word").all_inner_texts()
        )  # which has a root of its own
        if found and found == last:
            return found
        last = found
        page.wait_for_timeout(200)
    return last


@pytest.mark.parametrize("name", PAGES)
def test_what_is_set_is_there_after_a_reload_and_on_the_way_back(server: Server, page: Any, name: str) -> None:
    """The page is loaded as after a reload: nothing but the address says what it shows."""
    wanted = SHARED | PAGES[name]
    page.goto(f"{server.url}/{name}?{urlencode(wanted)}")
    drawn(page)
    first, entries = shown(page), page.evaluate("history.length")
    assert asked(page) == (name, wanted)
    assert page.locator("[data-testid='stAlertContentWarning'], [data-testid='stException']").count() == 0
    goes(page, page.get_by_role("button", name="Adjectives", exact=True).click, "pos=N&")
    assert page.evaluate("history.length") == entries + 1, "one thing done, one entry"
    assert shown(page) != first
    goes(page, page.go_back)
    assert (asked(page), shown(page)) == ((name, wanted), first)


def test_the_way_back_from_a_short_link(server: Server, page: Any) -> None:
    """Each step is one entry, and each entry gives again what it gave; also after a reload."""
    visit(page, f"{server.url}/word?word=shake.V")
    entries, first = page.evaluate("history.length"), shown(page)
    assert asked(page) == ("word", {"word": "shake.V"}), "it stays as it is"
    table = page.locator("[data-testid='stDataFrame']").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    goes(page, lambda: page.mouse.click(box["x"] + 160, box["y"] + 40 + 44 * 3 + 20), "candidate=")
    chosen = (asked(page), shown(page))
    assert chosen[1] != first
    goes(page, page.get_by_role("button", name="Next").first.click)
    assert "candidate" not in asked(page)[1], "what is chosen in one word's table is not chosen in the next one's"
    goes(page, page.get_by_role("link", name="Map", exact=True).click, "/map")
    assert page.evaluate("history.length") == entries + 3
    for _ in range(2):
        goes(page, page.go_back)
    assert (asked(page), shown(page)) == chosen
    goes(page, page.go_back)
    assert (asked(page), shown(page)) == (("word", {"word": "shake.V"}), first)
    goes(page, page.go_forward)
    assert (asked(page), shown(page)) == chosen
    page.reload()
    drawn(page)
    assert (asked(page), shown(page)) == chosen


def test_contenders_survive_another_page_and_a_word_that_is_opened(server: Server, page: Any) -> None:
    visit(page, f"{server.url}/compare")
    goes(page, page.get_by_role("button", name="Compare another").click, "contenders=")
    three = shown(page)
    mine = asked(page)[1]["contenders"]
    goes(page, page.get_by_role("link", name="Word", exact=True).click, "/word")
    goes(page, page.get_by_role("link", name="Compare", exact=True).click, "/compare")
    assert (asked(page)[1]["contenders"], shown(page)) == (mine, three)
    table = page.locator("[data-testid='stDataFrame']").nth(2)
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    right = table.evaluate("one => one.querySelector('.dvn-scroller')?.scrollWidth - one.clientWidth")
    assert right <= 1, "the loser's rank is seen without scrolling"
    goes(page, lambda: page.mouse.click(box["x"] + 60, box["y"] + 55), "/word")
    goes(page, page.go_back, "/compare", "contenders=")
    assert (asked(page)[1]["contenders"], shown(page)) == (mine, three)
