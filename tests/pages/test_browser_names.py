"""Foreign names in a real browser: each is drawn as it is, nothing acts, and no request leaves this machine."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlencode

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from pages._ui.foreign import plain
from tests import ranked
from tests.pages.hostile import CORPUS, FOLDER, NAMES, build_hostile
from tests.pages.watched import ACTS, Watched
from tests.pages_data import PAGES
from tools.browser import serve, serve_script, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
LINK, TITLE = CORPUS[11], CORPUS[12]
DATA = ("data#health", "data#features", "data#pictures", "data#import", "data#collect")  # further sections of a page
CONTENDERS = f"avgmax@{FOLDER},knn@{FOLDER}"


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_every_name_is_drawn_as_it_is(watched: Watched, tmp_path: Path) -> None:
    with serve_script(tmp_path / "log.txt", "tests/pages/drawn_names.py") as server:
        page = watched.page
        page.goto(server.url)
        page.wait_for_selector("#end", state="attached", timeout=60_000)
        page.wait_for_function("count => document.querySelectorAll('.legendtext').length === count", arg=len(CORPUS))
        page.wait_for_function("() => !document.querySelector('[data-testid=\"stSkeleton\"]')")
        shown = page.evaluate(
            "() => [...document.querySelectorAll('[class*=\"st-key-n\"]')].map(one => [...one.querySelectorAll("
            '\'[data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"]\')].map(one => one.innerText))'
        )
        legend = page.evaluate("() => [...document.querySelectorAll('.legendtext')].map(one => one.textContent)")
        acts = page.evaluate(ACTS)
        page.locator(f".st-key-n{CORPUS.index(LINK)} button").first.hover()
        assert page.locator("[data-testid='stTooltipContent']").inner_text() == LINK
    for name, parts in zip(CORPUS, shown, strict=True):
        text = squeezed(plain(name))
        assert {squeezed(part) for part in parts} == {text, f"{text} → {text} {text}", f"“{text}”"}, name
        assert len(parts) == len(shown[0]) >= 9
    assert [squeezed(text) for text in legend] == [squeezed(plain(name)) for name in CORPUS]
    assert (acts, watched.left()) == ([], [])


@pytest.fixture
def hostile(data: Path) -> Dataset:
    return build_hostile(data / FOLDER)


def test_hostile_names_on_every_page(watched: Watched, hostile: Dataset, tmp_path: Path) -> None:
    """As words, titles, folders of data sets and backbones, concepts, authors and licences, and in the URL."""
    ranked.rankings(open_pair(hostile, FOLDER, "en-de"), ["avgmax", "knn"])
    page = watched.page
    with serve(tmp_path / "log.txt", CLDI_DATA=str(hostile.path.parent)) as server:
        texts = {}
        for name in (*PAGES, *DATA):
            path, _, section = ("" if name == "overview" else name).partition("#")
            asked = {"word": NAMES["dog"] + ".N", "contenders": CONTENDERS, "section": section}
            visit(page, f"{server.url}/{path}?{urlencode(asked)}")
            if name == "word":
                assert page.locator(".board thead .word").first.inner_text() == plain(NAMES["dog"])
            texts[name] = squeezed(page.locator("[data-testid='stMain']").inner_text())
            assert page.evaluate(ACTS) == [], name
            assert page.locator("[data-testid='stException'], [data-testid='stAlertContentError']").count() == 0
        asked = dict.fromkeys(("pair", "backbone", "method"), LINK) | {"word": f"{LINK}!"}  # without it a word there is
        visit(page, f"{server.url}/word?{urlencode(asked)}")
        assert squeezed(page.locator("[data-testid='stMain']").inner_text()).count(LINK) == 4
        assert page.evaluate(ACTS) == []
    assert watched.left() == []
    assert f"{NAMES['dog']} → {NAMES['Hund']}" in texts["word"] and FOLDER in texts["word"]
    ends = [word for word in ("dog", "hat", "hand") if NAMES[word] in texts["dispersion"]]
    assert len(ends) == 2, "the only verb and the only adjective stand at neither end"
    assert f"AVGMAX · {FOLDER} is better" in texts["compare"]
    assert f"{TITLE}, {FOLDER}, en-de;" in texts["overview"] and f"{TITLE} · en-de · {FOLDER} ·" in texts["results"]
    assert "Of www.evil.example, ![x](http://evil.example/p.png) :smile:" in texts["data"]
    assert f"{TITLE} ({FOLDER})" in texts["data"] and "".join(texts[name] for name in DATA).count(FOLDER) > 4
