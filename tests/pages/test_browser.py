"""The dashboard in a real browser: what a reader does, from the first page to a downloaded table."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.browser import PICTURES, Server, drawn, serve, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
PROBE = re.compile(r"/_stcore/(health|host-config)$")  # Streamlit looks for its server under every path of a link


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A fresh one; no page may end in a traceback or say that it failed."""
    with serve(tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running
    assert "Traceback" not in running.log() and "failed" not in running.log()


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[tuple[Any, list[str]]]:
    """One page for all tests, and the errors in its console: opening another costs more than drawing it anew."""
    context = browser.new_context(accept_downloads=True)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(_told(message)) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened, errors
    context.close()


@pytest.fixture
def page(tab: tuple[Any, list[str]]) -> Iterator[Any]:
    """Errors in its console fail the test."""
    opened, errors = tab
    opened.set_viewport_size({"width": 1440, "height": 900})
    yield opened
    assert [error for error in errors if error] == []


def _told(message: Any) -> str:
    return "" if PROBE.search(message.location.get("url", "")) else f"{message.text} {message.location}"


def params(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_link_into_a_fresh_server_opens_its_view(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/word?dataset=demo-hard&pair=en-fr&pos=N&method=maxmax&word=bird.N")
    page.wait_for_selector(".st-key-page h1:has-text('bird')", timeout=60_000)
    assert params(page)["dataset"] == "demo-hard"
    assert page.locator(".st-key-page h1").inner_text().find("en-fr · noun · MAXMAX") > 0
    assert page.locator(".st-key-menu a").all_inner_texts()[:2] == ["Overview", "Word"]


def test_from_the_first_page_to_a_verb_and_its_right_answer(server: Server, page: Any) -> None:
    page.goto(server.url)
    drawn(page)
    page.wait_for_selector("h1:has-text('CLDI Explorer')")
    page.wait_for_selector(".js-plotly-plot .legendtext:has-text('verbs, n =')", timeout=30_000)
    page.get_by_role("link", name="Word", exact=True).click()
    page.wait_for_selector(".st-key-page h1")
    for kind in ("Nouns", "Adjectives"):
        page.get_by_role("button", name=kind).click()
        drawn(page)
    page.wait_for_function("() => new URLSearchParams(location.search).get('pos') === 'V'")
    page.get_by_role("combobox", name="Word").click()
    page.keyboard.type("swim")
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-key-page h1:has-text('swim')")
    drawn(page)
    assert page.locator(".board thead th").nth(2).inner_text().split()[:3] == ["right", "answer", "✓"]
    assert page.locator(".board thead .word").all_inner_texts()[::2] == ["swim", "schwimmen"]
    for part in (".board", ".cards"):
        page.locator(f"{part} img").first.wait_for()
        shown = page.locator(f"{part} img")
        assert shown.count() > 3
        assert all(
            shown.evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 0 && one.alt.length > 0)")
        )


def test_the_arrow_keys_walk_through_the_words(server: Server, page: Any) -> None:
    visit(page, f"{server.url}/word?word=fire.N&pos=N")
    page.wait_for_selector(".st-key-page h1:has-text('fire')")
    first = page.locator(".st-key-page h1").inner_text()
    page.locator(".st-key-page h1").click()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("first => document.querySelector('.st-key-page h1')?.innerText !== first", arg=first)
    assert params(page)["word"] != "fire.N"
    drawn(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("first => document.querySelector('.st-key-page h1')?.innerText === first", arg=first)
    assert params(page)["word"] == "fire.N"


POINT = """() => { const plot = document.querySelector('.js-plotly-plot'), {xaxis, yaxis} = plot._fullLayout;
  const {left, top} = plot.querySelector('.nsewdrag').getBoundingClientRect(), {x, y} = plot._fullData[0];
  const far = [...x.keys()].sort((one, other) => x[one] - x[other]).at(-2);
  return [left + xaxis.d2p(x[far]), top + yaxis.d2p(y[far])] }"""


def test_a_lasso_and_a_click_on_the_map_open_pictures_beside_it(server: Server, page: Any) -> None:
    visit(page, f"{server.url}/map?dataset=demo&pair=en-de")
    page.wait_for_selector(".js-plotly-plot .gl-container canvas", state="attached", timeout=60_000)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    x, y, radius = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 110
    page.mouse.move(x - radius, y - radius)
    page.mouse.down()
    for across, along in ((1, -1), (1, 1), (-1, 1), (-1, -1)):
        page.mouse.move(x + across * radius, y + along * radius, steps=6)
    page.mouse.up()
    page.wait_for_selector("h2:has-text('of 1,522 words')", timeout=30_000)
    count = page.locator("h2").inner_text()
    assert int(count.split()[0].replace(",", "")) > 3
    drawn(page)  # while it is, what is above may still change
    page.wait_for_function(PICTURES)
    first = page.locator("[data-testid='stImage'] img").first.bounding_box()
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    below = box["y"] + box["height"] / 2
    assert first["x"] > box["x"] + box["width"] and first["y"] < below, "beside the map, not below it"
    page.reload()
    page.wait_for_selector(f"h2:has-text('{count}')", timeout=30_000)
    page.wait_for_selector(".js-plotly-plot .gl-container canvas", state="attached", timeout=60_000)
    for what in ("lasso", "pan"):  # which is in hand
        drawn(page)
        if what == "pan":
            page.locator(".modebar-btn[data-val='pan']").click(force=True)
        page.wait_for_function(
            "what => document.querySelector('.js-plotly-plot')._fullLayout.dragmode === what", arg=what
        )
        page.wait_for_timeout(600)
        left, top = page.evaluate(POINT)
        page.mouse.move(left - 2, top)
        page.mouse.move(left, top, steps=3)
        page.wait_for_selector(".hoverlayer .hovertext")
        page.mouse.click(left, top)
        page.wait_for_function(
            "() => (new URLSearchParams(location.search).get('chosen') ?? '').startsWith('word~')", timeout=30_000
        )
        page.get_by_role("heading", name="1 of 1,522 words", exact=True).wait_for(timeout=30_000)
        page.keyboard.press("Escape")
        page.wait_for_function("() => !location.search.includes('chosen')")


def test_the_table_of_results_comes_as_csv(server: Server, page: Any) -> None:
    visit(page, f"{server.url}/results?dataset=demo&pair=en-de")
    with page.expect_download() as download:
        page.get_by_role("button", name="All figures as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    mine = next(row for row in rows if (row["method"], row["setting"]) == ("avgmax", "NN"))
    assert 0 < float(mine["mrr_low"]) < float(mine["mrr"]) < float(mine["mrr_high"]) < 1
    assert int(mine["n"]) > 400
    assert {"identity", "spelling"} <= {row["method"] for row in rows}


def test_nonsense_in_a_link_ends_in_one_line(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/word?dataset=..%2F..%2Fetc&pair=xx&method=%3Cscript%3E&word=%00&pos=Q")
    drawn(page)
    warnings = page.locator("[data-testid='stAlertContentWarning']").all_inner_texts()
    assert any("../../etc" in line for line in warnings)
    assert page.locator("[data-testid='stException']").count() == 0
    page.wait_for_selector(".st-key-page h1")
