"""Hostile texts of every kind on every page, in a real browser: no script runs, and no request leaves.

``test_browser_names`` sees that names are drawn as they are; here whatever people, imports and links can say stands
beside them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from cldi_core.data import plain
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from pages._ui import view
from tests import ranked
from tests.pages.hostile import EVIL, FOLDER, NAMES, add_people, build_hostile
from tests.pages.watched import ACTS, Watched
from tests.pages_data import PAGES
from tools.browser import Server, drawn, serve, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
SECTIONS = ("sets", "import", "collect", "health", "features", "pictures")
HERE = (*PAGES, *(f"data#{section}" for section in SECTIONS))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, dict[str, str]]:
    """A data set in which everything that can be said is hostile: it, and what people and imports said."""
    made = build_hostile(tmp_path_factory.mktemp("data") / FOLDER)
    ranked.rankings(open_pair(made, FOLDER, "en-de"), ["avgmax", "knn"])
    return made, add_people(made)


@pytest.fixture(scope="module")
def hostile(told: tuple[Dataset, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("server") / "log.txt", CLDI_DATA=str(told[0].path.parent)) as running:
        yield running
    assert "Traceback" not in running.log()


def address(server: Server, here: str, **asked: str) -> str:
    page, _, section = here.partition("#")
    return f"{server.url}/{'' if page == 'overview' else page}?{urlencode({'section': section, **asked})}"


def test_what_people_and_imports_say(watched: Watched, hostile: Server, told: tuple[Dataset, dict[str, str]]) -> None:
    page, said, shown = watched.page, told[1], ""
    for here in HERE:
        visit(page, address(hostile, here, judge=said["judge"], word=f"{NAMES['dog']}.N"))
        shown += page.locator("[data-testid='stApp']").inner_text()
        assert page.evaluate(ACTS) == [], here
        assert page.locator("[data-testid='stException'], [data-testid='stAlertContentError']").count() == 0, here
    assert watched.left() == []
    for what in ("judge", "remark", "format"):  # the rest stands in tables and lists, which are drawn and not written
        assert plain.plain(said[what]) in shown, what


@pytest.mark.parametrize("number", range(2))
def test_what_a_link_says(watched: Watched, hostile: Server, number: int) -> None:
    """All parameters of all pages at once, each another text."""
    page = watched.page
    names = sorted({*view.PARAMS, *view.PAGE_PARAMS} - {"dataset"})
    asked = {name: EVIL[(place + number) % len(EVIL)] for place, name in enumerate(names)}
    for here in PAGES if number == 0 else ("word", "map", "results", "data"):
        visit(page, address(hostile, here, **asked))
        assert page.evaluate(ACTS) == [], here
        assert page.locator("[data-testid='stException']").count() == 0, here
    visit(page, address(hostile, "word", dataset=EVIL[number]))
    assert page.evaluate(ACTS) == []
    page.goto(f"{hostile.url}/{EVIL[number].replace('/', '%2F')}")  # the name of a page
    page.wait_for_function("() => document.querySelector('[data-testid=stApp]')")
    page.wait_for_timeout(1000)
    assert page.evaluate(ACTS) == [] and watched.left() == []


def answered(page: Any) -> None:
    """Wait until what was just done has been drawn: a run that has begun is told after a moment."""
    page.wait_for_timeout(500)
    drawn(page)


def test_what_a_visitor_types(watched: Watched, hostile: Server, tmp_path: Path) -> None:
    """Words that are looked for, names, paths, and a list with a hostile name."""
    page = watched.page
    file = tmp_path / f"en-de {EVIL[0]}.tsv".replace("/", "_")
    file.write_text(f"{EVIL[4]}\t{EVIL[1]}\tN\n", "utf-8")
    for here in ("map", "play", "judge", "data#sets", "data#import"):
        visit(page, address(hostile, here))
        fields = page.locator("[data-testid='stMain'] input[type='text']:not([role='combobox'])")
        for place in range(fields.count()):
            fields.nth(place).fill(EVIL[place % len(EVIL)][: int(fields.nth(place).get_attribute("maxlength") or 200)])
            fields.nth(place).press("Tab")
            page.wait_for_timeout(300)
        for label in ("Start it", "Look at it", "Begin"):
            button = page.get_by_role("button", name=label, exact=True)
            if button.count():
                button.first.click()
                answered(page)
        assert page.evaluate(ACTS) == [], here
    visit(page, address(hostile, "data#import"))
    page.locator("[data-testid='stFileUploader'] input[type=file]").first.set_input_files(str(file))
    answered(page)
    page.get_by_role("button", name="Look at it", exact=True).click()
    answered(page)
    assert page.evaluate(ACTS) == [] and watched.left() == []
