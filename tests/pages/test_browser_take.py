"""What is taken along, in a real browser: a chart as picture and page, a table, reports opened without a network."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image

from cldi_core import rankers
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import report
from tests.conftest import BACKBONE, build_small
from tests.insight.test_report import failure_of, largest
from tools.browser import Server, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]


def taken(page: Any, button: Any, folder: Path) -> Path:
    """The file that a click downloads, under the name that a reader gets."""
    with page.expect_download(timeout=60_000) as coming:
        button.click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def offline(browser: Any, file: Path) -> tuple[Any, int]:
    """A file opened without a network, once nothing of it is missing; and how many pages it has on paper."""
    context = browser.new_context(offline=True)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("load")
    assert page.evaluate("[...document.images].every(one => one.naturalWidth > 0)") and wrong == []
    return page, len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_charts_tables_and_reports_are_taken_along(server: Server, browser: Any, tmp_path: Path) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark").new_page()
    visit(page, f"{server.url}/dispersion?pair=en-de")
    row = page.locator('[class*="st-key-take-row-chart-histogram-en"]')
    page.wait_for_selector('[class*="st-key-take-chart-histogram-en"] .modebar', state="attached")
    png = taken(page, row.get_by_text("PNG"), tmp_path)
    assert png.name == "dispersion-en-de-en.png"
    image = Image.open(png).convert("RGBA")
    assert image.getpixel((2, image.height - 2)) == (18, 22, 27, 255), "its own ground: readable on white paper"
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert abs(image.width - 2 * box["width"]) <= 4 and len(image.getcolors(1 << 20) or []) > 20
    svg = taken(page, row.get_by_text("SVG"), tmp_path)
    texts = "".join(ElementTree.fromstring(svg.read_text("utf-8")).itertext())
    assert svg.suffix == ".svg" and "shares of the words" in texts and "nouns, n = " in texts
    chart, _ = offline(browser, taken(page, row.get_by_text("HTML"), tmp_path))
    chart.wait_for_selector(".js-plotly-plot .bars")
    table = page.locator('[class*="st-key-take-row-table-dispersion-en"]').get_by_text("CSV")
    rows = pd.read_csv(taken(page, table, tmp_path), encoding="utf-8-sig")
    assert rows["part of speech"].tolist() == ["noun", "verb", "adjective"] and rows["n"].dtype == "int64"
    page.locator('[data-testid="stDataFrame"]').first.hover()
    assert page.locator('button[aria-label^="Download as CSV"]:visible').count() == 0, "nothing that may be a formula"
    visit(page, f"{server.url}/word?pair=en-de&word=celebrate.V&first=9")
    opened, pages = offline(browser, taken(page, page.locator(".st-key-report button").first, tmp_path))
    assert pages <= 2 and opened.get_by_text("What was tried").count() == 1


def test_reports_have_two_pages_however_much_there_is(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "word.html").write_text(largest(tmp_path / "large"), "utf-8")
    small = open_pair(build_small(tmp_path / "small"), BACKBONE, "en-de")
    failure = failure_of("a long name of a predictor " * 3)
    text = report.failure_report(failure, [small] * 5, rankers.ranker("avgmax"), link="http://x/?" + "a=b&" * 99)
    (tmp_path / "failure.html").write_text(text, "utf-8")
    for name in ("word.html", "failure.html"):
        assert offline(browser, tmp_path / name)[1] == 2, name
