"""A word list that is uploaded in a real browser: seen, stored, and there for the other pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset
from tools.browser import drawn, serve, still

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
]


def test_a_list_is_uploaded_and_stored(browser: Any, tmp_path: Path) -> None:
    dataset.create(tmp_path / "data" / "mine")
    file = tmp_path / "en-de.tsv"
    file.write_text("sea\tMeer\tNOUN\n<b>dog</b>\tHund\tN\n", "utf-8")
    with serve(tmp_path / "log.txt", CLDI_DATA=str(tmp_path / "data")) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{server.url}/data?section=import")
        drawn(page)
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_text("en-de.tsv", exact=True).first.wait_for()
        page.get_by_role("button", name="Look at it").click()
        page.get_by_text("nothing is stored yet").wait_for()
        assert not (tmp_path / "data" / "mine" / "lexicon").exists()
        page.get_by_role("button", name="Store in mine").click()
        page.get_by_text("is stored; the report below").wait_for()
        still(page)
        page.close()
        assert "Traceback" not in server.log()
    made = dataset.Dataset(tmp_path / "data" / "mine")
    assert [row.source for row in made.lexicon("en-de")] == ["sea", "<b>dog</b>"]


def test_an_archive_as_large_as_the_page_says_is_taken_and_what_nobody_asked_for_is_not(
    browser: Any, tmp_path: Path
) -> None:
    dataset.create(tmp_path / "data" / "mine")
    (tmp_path / "large.zip").write_bytes(os.urandom(30_000_000))
    with serve(tmp_path / "log.txt", CLDI_DATA=str(tmp_path / "data")) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{server.url}/data?section=import&source=pictures")
        drawn(page)
        with page.expect_response("**/upload_file/**") as coming:
            page.locator("input[type=file]").first.set_input_files(tmp_path / "large.zip")
        asked = coming.value
        assert (asked.request.method, asked.status) == ("PUT", 204)
        address, headers = asked.url.rpartition("/")[0], {"X-Xsrftoken": asked.request.headers["x-xsrftoken"]}
        told = page.evaluate(
            "async ([url, headers]) => { const body = new FormData(); body.append('file', new Blob(['x']), 'x');"
            " const one = await fetch(url, {method: 'PUT', headers, body}); return [one.status, await one.text()] }",
            [f"{address}/guessed", headers],
        )
        assert told == [413, "No page asked for this upload."]
        page.close()
