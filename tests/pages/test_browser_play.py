"""The Play page in a real browser: a game of ten rounds, by keyboard alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import answers
from tests.pages_data import build_wide
from tools.browser import drawn, serve, still

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
ROUND = """number => document.querySelector('.st-key-play-heading h1')?.innerText.startsWith(`Round ${number} of 10`)
  && document.querySelectorAll('[class*="st-key-play-option-"] button').length === 10"""


def test_a_game_is_played_by_keyboard_from_its_name_to_its_table(tmp_path: Path, browser: Any) -> None:
    made = build_wide(tmp_path / "data" / "wide")
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with serve(tmp_path / "log.txt", CLDI_DATA=str(made.path.parent), CLDI_DATASET="") as server:
        page.goto(f"{server.url}/play?seed=7")
        drawn(page)
        page.get_by_label("Your name").focus()
        page.keyboard.type("Ada <b>1")  # a digit in a text chooses nothing
        page.keyboard.press("Enter")
        for number in range(1, 11):
            page.wait_for_function(ROUND, arg=number)
            still(page)
            last = page.locator(".st-key-play-set-9").bounding_box()
            assert last["y"] + last["height"] <= 720, "everything is on one screen"
            page.keyboard.press(str(number % 10))
            page.wait_for_selector(".st-key-play-next")
            still(page)
            page.keyboard.press("Enter")
        page.wait_for_selector(".st-key-play-again")
        page.wait_for_selector('[data-testid="stDataFrame"]')
        still(page)
        title = page.locator("h1").first.inner_text()
        assert "Traceback" not in server.log()
    context.close()
    kept = answers.read(made.path)
    assert kept.players == {"Ada <b>1": 10} and kept.broken == 0
    assert [one.options.index(one.chosen) for one in kept.answers] == list(range(10))
    assert title == f"{sum(one.hit for one in kept.answers)} of 10 right, Ada <b>1"
    assert all(0 < one.milliseconds < 600_000 for one in kept.answers)
    assert errors == []
