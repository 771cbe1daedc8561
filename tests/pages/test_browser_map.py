"""The map in a real browser: who zooms in sees pictures, chooses them by click and lasso, and no name of one acts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import wordlists
from cldi_core.data.plain import plain
from tests.conftest import LEXICON, build_small
from tools.browser import Server, drawn, serve

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
RANGE = "() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range.map(Number)"
# A place of the map with no picture near.
EMPTY = """() => { const {left, top, width, height} = document.querySelector('.nsewdrag').getBoundingClientRect();
  const boxes = [...document.querySelectorAll('.map-picture')].map(one => one.getBoundingClientRect());
  const free = (x, y) => boxes.every(b => x < b.left - 25 || x > b.right + 25 || y < b.top - 25 || y > b.bottom + 25);
  for (let x = left + 30; x < left + width - 30; x += 15) for (let y = top + 30; y < top + height - 30; y += 15)
    if (free(x, y)) return [x, y]; }"""


# What a name on a picture could do, if it were read as markup.
ACTED = """() => [window.acted, ...document.querySelectorAll('.map-pictures script, .map-pictures [onerror], '
  + '.map-pictures b, .map-pictures a, .map-picture > :not(img, div)')].filter(Boolean).length"""
HOSTILE = {
    "dog": "<img src=x onerror=window.acted=1>", "hat": "a'b\"c", "hand": "<script>window.acted=1</script>",
    "run": "שלום <b>", "red": "javascript:window.acted=1", "Hund": "&lt;b&gt;", "Hut": '" onload="acted=1',
}  # fmt: skip


def opened(page: Any, url: str) -> tuple[float, float]:
    """Go to a map and wait until it is drawn; the middle of its chart."""
    page.goto(url)
    page.wait_for_selector(".js-plotly-plot .gl-container canvas", state="attached", timeout=60_000)
    drawn(page)
    page.wait_for_timeout(600)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoomed(page: Any) -> None:
    """Turn the wheel until points become their pictures: a few times, as it zooms as far as it is turned."""
    for _ in range(8):
        before = page.evaluate(RANGE)
        page.mouse.wheel(0, -100)
        page.wait_for_function(f"before => ({RANGE})()[0] !== before", arg=before[0])
        page.wait_for_timeout(800)  # until the part is told and its pictures are there
        if page.locator(".map-picture").count():
            break
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.map-picture img')];"
        " return all.length > 0 && all.length <= 100 && all.every(one => one.naturalWidth > 0) }"
    )


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """One page for all tests: opening another costs more than drawing it anew."""
    with browser.new_page(viewport={"width": 1280, "height": 720}) as opened:
        yield opened


def test_who_zooms_in_sees_pictures_and_a_click_on_one_leaves_the_view(server: Server, page: Any) -> None:
    page.mouse.move(*opened(page, f"{server.url}/map?dataset=demo&pair=en-de"))
    whole = page.evaluate(RANGE)
    zoomed(page)
    page.wait_for_timeout(1000)  # what was turned last may be drawn later
    part = page.evaluate(RANGE)
    assert part[1] - part[0] < (whole[1] - whole[0]) / 2
    # Its corner, which is not the point beneath: that Plotly would know of.
    left, top, name = page.evaluate(
        "() => { const one = [...document.querySelectorAll('.map-picture')].at(-1), box = one.getBoundingClientRect();"
        " return [box.left + 4, box.top + 4, one.innerText] }"
    )
    page.mouse.click(left, top)
    page.wait_for_function(
        "() => (new URLSearchParams(location.search).get('chosen') ?? '').startsWith('word~')", timeout=30_000
    )
    assert name and name in page.evaluate("() => new URLSearchParams(location.search).get('chosen')")
    page.get_by_role("heading", name="1 of 1,522 words", exact=True).wait_for(timeout=30_000)
    drawn(page)
    page.wait_for_function("() => document.querySelectorAll('.map-picture').length > 0")
    # Drawn anew, with the same part in view.
    page.wait_for_function(f"part => ({RANGE})().every((end, one) => Math.abs(end - part[one]) < 1e-3)", arg=part)
    page.mouse.dblclick(*page.evaluate(EMPTY))
    page.wait_for_function(f"whole => Math.abs(({RANGE})()[0] - whole) < 1e-3", arg=whole[0])


def test_a_lasso_that_begins_on_a_picture_chooses_what_it_goes_round(server: Server, page: Any) -> None:
    page.mouse.move(*opened(page, f"{server.url}/map?dataset=demo&pair=en-de&kind=pictures"))
    zoomed(page)
    drawn(page)
    left, top, others = page.evaluate(
        "() => { const all = [...document.querySelectorAll('.map-picture')].map(one => one.getBoundingClientRect());"
        " const chart = document.querySelector('.nsewdrag').getBoundingClientRect();"
        " const middle = box => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];"
        " const far = box => Math.hypot(middle(box)[0] - chart.left, middle(box)[1] - chart.top);"
        " const inner = all.filter(box => box.left > chart.left && box.top > chart.top);"
        " return [...middle(inner.sort((one, other) => far(one) - far(other))[0]), all.length] }"
    )
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    corners = [(box["x"] + box["width"] - 8, top), (box["x"] + box["width"] - 8, box["y"] + box["height"] - 8),
               (left, box["y"] + box["height"] - 8), (left, top)]  # fmt: skip
    page.mouse.move(left, top)
    page.mouse.down()
    for across, along in corners:
        page.mouse.move(across, along, steps=6)
    page.mouse.up()
    page.wait_for_function(
        "() => (new URLSearchParams(location.search).get('chosen') ?? '').startsWith('area~pictures~')", timeout=30_000
    )
    heading = page.locator(".st-key-page h2, h2").first
    heading.wait_for(timeout=30_000)
    assert 1 < int(heading.inner_text().split()[0]) <= others
    drawn(page)
    assert page.locator(".map-picture").count() == others, "the view stays"


def test_names_on_pictures_are_shown_and_never_act(page: Any, data: Path, tmp_path: Path) -> None:
    made = build_small(data / "hostile")
    frame = made.words.assign(word=made.words["word"].map(lambda word: HOSTILE.get(word, word)))
    datasets.write_words(made.path, list(frame.itertuples(index=False, name=None)))
    rows = [wordlists.Row(HOSTILE.get(row.source, row.source), HOSTILE.get(row.target, row.target), row.pos)
            for row in LEXICON]  # fmt: skip
    wordlists.write_list(made.path / "lexicon" / "en-de.tsv", rows)
    with serve(tmp_path / "log.txt", CLDI_DATA=str(data)) as own:
        opened(page, f"{own.url}/map?dataset=hostile&pair=en-de")
        page.wait_for_selector(".map-picture")
        told = page.evaluate(
            "() => [...document.querySelectorAll('.map-picture')].map(one => [one.innerText, one.firstChild.alt])"
        )
        assert {plain(word) for word in HOSTILE.values()} <= {word for word, _ in told}
        assert all(alt in (f"{word} (en)", f"{word} (de)") for word, alt in told)
        assert page.evaluate(ACTED) == 0
        left, top = page.evaluate(
            "() => { const all = [...document.querySelectorAll('.map-picture')];"
            " const box = all.find(one => one.innerText.includes('onerror')).getBoundingClientRect();"
            " return [box.left + 4, box.top + 4] }"
        )
        page.mouse.click(left, top)
        page.get_by_role("heading", name="1 of", exact=False).wait_for(timeout=30_000)
        drawn(page)
        assert HOSTILE["dog"] in page.locator("[data-testid='stMain']").inner_text()
        assert page.evaluate(ACTED) == 0 and page.evaluate("() => window.acted") is None
