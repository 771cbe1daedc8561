"""Judging by keyboard in a real browser: the keys judge, and type where something is typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import judgements as files
from cldi_core.evaluation.pairs import open_pair
from tests import ranked
from tests.conftest import BACKBONE, build_small
from tools.browser import drawn, serve, still

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]
NAME = "<b>A</b> & b"


def test_keys_judge_and_a_note_is_typed(browser: Any, tmp_path: Path) -> None:
    made = build_small(tmp_path / "small")
    ranked.rankings(open_pair(made, BACKBONE, "en-de"), ["avgmax", "maxmax"])
    with serve(tmp_path / "log.txt", CLDI_DATA=str(tmp_path)) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{server.url}/judge")
        drawn(page)
        page.locator('[data-testid="stForm"] input').fill(NAME)
        page.get_by_role("button", name="Begin").click()
        page.wait_for_selector("h4")
        still(page)  # before that the keys are not listened for

        def until(count: int) -> list[tuple[str, str]]:
            """The judgements, once there are so many in the table that the page shows."""
            page.wait_for_function(
                "count => document.body.innerText.includes(`${count} judgement`)", arg=count, timeout=30_000
            )
            still(page)
            return [(one.verdict, one.note) for one in files.judgements(made, NAME)]

        page.keyboard.press("w")
        assert until(1) == [("wrong", "")]
        note = page.get_by_placeholder("a note, before you judge")
        note.click()
        note.press_sequentially("saw a wasp")
        still(page)
        assert len(files.judgements(made, NAME)) == 1, "keys type here"
        page.get_by_role("button", name="Acceptable").click()
        assert until(2) == [("wrong", ""), ("acceptable", "saw a wasp")]
        page.keyboard.press("u")
        assert until(1) == [("wrong", "")]
        assert NAME in page.inner_text("h2") and files.names(made) == (NAME,)
        page.close()
        assert "Traceback" not in server.log()
