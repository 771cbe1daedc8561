"""Image pivoting in a real browser: a click on a picture itself chooses it, the keyboard does, and back goes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cldi_core.pivot import experiment, sources, translation
from cldi_core.pivot.experiment import Experiment
from tests.conftest import BACKBONE
from tests.pivot_data import OPTIONS, build
from tools.browser import drawn, serve, still

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
CHOSEN = (
    """name => document.querySelector('[class*="st-key-pivot-box-"] button[kind="primary"]')?.textContent === name"""
)
BUTTON = '[data-testid="stButton"] button'  # not the one that enlarges a picture
SCROLLED = "document.querySelector('[data-testid=\"stMain\"]').scrollTop"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over one data set with a trained model."""
    folder = tmp_path_factory.mktemp("served")
    build_trained(folder / "data" / "shapes")
    with serve(folder / "log.txt", CLDI_DATA=str(folder / "data"), CLDI_DATASET="") as server:
        yield server.url


def build_trained(folder: Path) -> None:
    """The data set of colours and shapes, with its model of both languages."""
    made = build(folder)
    corpus, models = sources.of_dataset(made, BACKBONE, "en-de"), translation.models_folder(made)
    experiment.train(Experiment(corpus, "en-de", "items", ("pivot-sym",), (0,), OPTIONS, models))


def chosen(page: Any) -> str:
    """The name on the card of the picture that is looked at."""
    still(page)
    card = page.locator('[class*="st-key-pivot-box-"] button[kind="primary"]').first
    card.wait_for(state="attached")
    return str(card.text_content())


def test_a_picture_is_chosen_by_a_click_on_it_by_the_keyboard_and_by_going_back(url: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{url}/pivoting?text=red+cow")
    drawn(page)
    first = chosen(page)
    cards = page.locator('[class*="st-key-pivot-box-"]')
    names = [cards.nth(number).locator(BUTTON).first.text_content() for number in range(4)]
    picture = cards.nth(2).locator("img").first
    picture.scroll_into_view_if_needed()
    before = page.evaluate(SCROLLED)
    box = picture.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.wait_for_function(CHOSEN, arg=names[2])
    assert chosen(page) == names[2] != first
    assert page.evaluate(SCROLLED) == before, "nothing jumps"
    cards.nth(3).locator(f"{BUTTON}:visible").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(CHOSEN, arg=names[3])
    page.go_back()
    page.wait_for_function(CHOSEN, arg=names[2])
    page.reload()
    drawn(page)
    assert chosen(page) == names[2]
    context.close()
