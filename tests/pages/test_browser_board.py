"""The board of the Word page in a real browser: what a reader does with its pictures, by mouse and by keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.browser import Server, drawn, still, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
WORD = "word?pair=en-de&pos=V&show=missed&word=celebrate.V"
FOCUS = """() => { let one = document.activeElement;
  while (one?.shadowRoot) one = one.shadowRoot.activeElement;
  return one?.getAttribute('aria-label') ?? '' }"""


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[tuple[Any, list[str]]]:
    """One page for all tests, and the errors of its scripts: opening another costs more than drawing it anew."""
    context = browser.new_context()
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened, errors
    context.close()


@pytest.fixture
def page(tab: tuple[Any, list[str]]) -> Iterator[Any]:
    opened, errors = tab
    opened.set_viewport_size({"width": 1280, "height": 720})
    yield opened
    assert errors == []


def opened(page: Any, server: Server, path: str = WORD) -> None:
    visit(page, f"{server.url}/{path}")
    page.wait_for_selector(".board table")


def params(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def left_out(page: Any) -> int:
    return int(page.locator(".board tr.out").count())


def wait_without(page: Any, count: int) -> None:
    """Until so many pictures are left out in the URL, and the page has followed."""
    page.wait_for_function(
        "count => (new URLSearchParams(location.search).get('without') ?? '').split(',').filter(Boolean).length"
        " === count",
        arg=count,
    )
    still(page)


def test_three_columns_stand_above_the_fold_and_stand_still(server: Server, page: Any) -> None:
    boxes = []
    for word in ("celebrate.V", "do.V", "swim.V"):
        opened(page, server, f"word?pair=en-de&pos=V&word={word}")
        assert page.locator(".board thead th").count() == 3
        boxes.append(page.locator(".board table").bounding_box())
    assert boxes[0] == boxes[1] == boxes[2]
    assert boxes[0]["y"] + boxes[0]["height"] <= 720


def test_no_column_is_lost_on_a_narrow_screen(server: Server, page: Any) -> None:
    page.set_viewport_size({"width": 1024, "height": 720})
    opened(page, server)
    for column in page.locator(".board thead th").all():
        box = column.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1024
    assert page.locator(".board tbody img").first.is_visible()


def test_a_picture_is_left_out_and_the_link_keeps_it(server: Server, page: Any) -> None:
    opened(page, server)
    page.locator(".board .toggle").first.click()
    wait_without(page, 1)
    page.wait_for_selector(".board tr.out")
    assert left_out(page) == 1 and page.locator(".board tbody tr").first.get_attribute("class") == "out"
    said = page.locator(".st-key-what-changed").inner_text()
    assert said.startswith("rank 460 → ") and "13 of 14 pictures" in said
    box = page.locator(".st-key-what-changed p").bounding_box()
    assert box["width"] > 250 and box["y"] + box["height"] <= page.locator(".board").bounding_box()["y"]
    page.reload()
    drawn(page)
    page.wait_for_selector(".board tr.out")
    assert page.locator(".st-key-what-changed").inner_text() == said
    other = page.context.new_page()
    opened(other, server)
    assert other.locator(".board tr.out").count() == 0, "nobody else sees it"
    visit(other, page.url)
    other.wait_for_selector(".board tr.out")
    other.close()
    page.locator(".board .toggle").first.click()
    wait_without(page, 0)
    page.go_back()
    page.wait_for_selector(".board tr.out")
    assert len(params(page)["without"]) == 8


def test_a_picture_of_the_right_answer_is_left_out(server: Server, page: Any) -> None:
    opened(page, server)
    page.locator(".board .strip .toggle").nth(1).click()
    wait_without(page, 1)
    page.wait_for_selector(".board .strip .out")
    assert params(page)["without"].startswith("t")
    assert "1 left out of feiern" in page.locator(".st-key-what-changed").inner_text()


def test_everything_can_be_done_with_the_keyboard(server: Server, page: Any) -> None:
    opened(page, server)
    page.locator(".board .picture").first.focus()
    label = page.evaluate(FOCUS)
    assert label.startswith("celebrate: balloon")
    page.keyboard.press("Enter")
    page.wait_for_selector(".board dialog[open]")
    assert page.evaluate(FOCUS) == "Close"
    facts = page.locator(".board dialog").inner_text()
    assert all(part in facts for part in ("Licence", "From", "Words that have it", "Best matches", "Feier, cosine"))
    page.keyboard.press("Escape")
    page.wait_for_selector(".board dialog", state="hidden")
    assert page.evaluate(FOCUS) == label
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == "Leave balloon out"
    dialog = page.locator(".board dialog").element_handle()
    page.keyboard.press("Enter")
    wait_without(page, 1)
    page.wait_for_selector(".board tr.out")
    page.wait_for_timeout(300)
    assert page.evaluate(FOCUS) == "Take balloon in again", "the focus stays where it was"
    dialog.dispatch_event("close")
    assert page.evaluate(FOCUS) == "Take balloon in again", "a browser tells late that a picture was closed"
    assert all(page.locator(".board img").evaluate_all("all => all.map(one => one.alt.length > 0)"))


def test_all_pictures_can_be_reached(server: Server, page: Any) -> None:
    opened(page, server)
    seen, height = set(), page.locator(".board table").bounding_box()["height"]
    for _ in range(4):
        for name in page.locator(".board tbody tr td:first-child .picture").all():
            seen.add(name.get_attribute("data-focus"))
        assert page.locator(".board table").bounding_box()["height"] == height
        page.locator(".board .below .turn").nth(1).click(force=True)
    assert len(seen) == 14
    assert page.locator(".board .below .turn").nth(1).is_disabled()


def test_a_picture_stays_open_while_the_page_is_drawn_anew(server: Server, page: Any) -> None:
    opened(page, server)
    page.locator(".board .picture").first.focus()
    label = page.evaluate(FOCUS)
    page.keyboard.press("Enter")
    page.wait_for_selector(".board dialog[open]")
    page.locator(".board .toggle").first.evaluate("button => button.click()")
    wait_without(page, 1)
    page.wait_for_selector(".board tr.out", state="attached")
    assert page.locator(".board dialog[open]").count() == 1 and page.evaluate(FOCUS) == "Close"
    page.locator(".board dialog .close").click()
    page.wait_for_selector(".board dialog", state="hidden")
    page.wait_for_timeout(300)
    assert page.evaluate(FOCUS) == label, "the keyboard is back where the picture was opened"


def test_a_click_anywhere_in_a_row_of_candidates_opens_it(server: Server, page: Any) -> None:
    page.set_viewport_size({"width": 1280, "height": 3000})
    page.goto("about:blank")  # all is drawn for this size at once: cells are clicked at by place
    opened(page, server)
    table = page.locator("[data-testid='stDataFrame'] canvas").first
    table.wait_for()
    for row, across in enumerate((20, 300, 560), start=2):
        page.wait_for_timeout(700)
        box, before = table.bounding_box(), params(page).get("candidate", "")
        page.mouse.click(box["x"] + across, box["y"] + 36 + 44 * row + 20)
        page.wait_for_function(
            "before => (new URLSearchParams(location.search).get('candidate') ?? '') !== before", arg=before
        )
        page.wait_for_function(
            "word => [...document.querySelectorAll('*')].some(one => one.shadowRoot?.querySelectorAll('thead .word')[1]"
            "?.textContent === word)",
            arg=params(page)["candidate"],
        )
        still(page)


def test_a_presentation_walks_with_the_keys_and_ends_with_escape(server: Server, page: Any) -> None:
    opened(page, server)
    page.get_by_role("button", name="Present").click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('present') === '1'")
    page.wait_for_function("() => !document.querySelector('[data-testid=\"stSidebarUserContent\"]')?.innerText")
    still(page)
    assert page.locator(".board tbody img").first.bounding_box()["width"] >= 118
    page.locator(".board .picture").first.click()
    page.wait_for_selector(".board dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".board dialog", state="hidden")
    page.wait_for_timeout(300)
    assert params(page)["present"] == "1", "Esc has closed the picture alone"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => new URLSearchParams(location.search).get('word') !== 'celebrate.V'")
    still(page)
    assert params(page)["present"] == "1" and params(page)["show"] == "missed"
    page.keyboard.press("Escape")
    page.wait_for_function("() => !new URLSearchParams(location.search).has('present')")
    drawn(page)


def test_a_group_is_tried_from_its_card_by_mouse_and_by_keyboard(server: Server, page: Any) -> None:
    opened(page, server)
    cards = page.locator(".cards").first.locator(".card")
    cards.first.wait_for()
    kept, of = (int(part) for part in cards.first.locator(".title span").inner_text().strip(" ·").split(" of "))
    assert 0 < kept < of and cards.first.locator("img").count() == min(kept, 5)
    cards.first.get_by_role("button", name="Only these").click()
    wait_without(page, of - kept)
    focused = page.evaluate(FOCUS)
    assert focused.startswith("Only these: "), "what was clicked keeps the focus"
    page.locator(".cards").first.get_by_role("button", name="Without them").first.press("Enter")
    wait_without(page, kept)


def test_what_would_have_saved_a_word_is_a_click_away(server: Server, page: Any) -> None:
    opened(page, server)
    line = page.locator(".cards.lines .card").first
    line.wait_for()
    before = page.evaluate("() => location.search")
    was = {"method": "avgmax", "backbone": "efficientnet-lite0"} | params(page)
    line.locator("button").click()
    page.wait_for_function("before => location.search !== before", arg=before)
    still(page)
    now = params(page)
    changed = [one for one in ("without", "first", "method", "backbone", "pair") if was.get(one) != now.get(one)]
    assert len(changed) == 1, "one thing is tried"
    assert (now["pos"], now["show"]) == (was["pos"], was["show"]), "the rest of the view stays"
