"""The map in a real browser: who zooms in sees pictures, a click on one chooses it, and the view stays."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tools.browser import Server, drawn

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


def test_who_zooms_in_sees_pictures_and_a_click_on_one_leaves_the_view(server: Server, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{server.url}/map?dataset=demo&pair=en-de")
    page.wait_for_selector(".js-plotly-plot .gl-container canvas", state="attached", timeout=60_000)
    drawn(page)
    page.wait_for_timeout(600)
    whole = page.evaluate(RANGE)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    for _ in range(30):
        before = page.evaluate(RANGE)
        page.mouse.wheel(0, -400)
        page.wait_for_function(f"before => ({RANGE})()[0] !== before", arg=before[0])
        page.wait_for_timeout(800)  # until the part is told and its pictures are there
        if page.locator(".map-picture").count():
            break
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.map-picture img')];"
        " return all.length > 0 && all.length <= 60 && all.every(one => one.naturalWidth > 0) }"
    )
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
    page.close()
