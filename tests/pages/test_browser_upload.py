"""What is uploaded in a real browser: seen, stored by a process that outlives the server, cancelled."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset, job_queue
from cldi_core.data.job_queue import Request
from tests.conftest import draw
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
        looked_at(page, server.url, file, "lists")
        assert not (tmp_path / "data" / "mine" / "lexicon").exists()
        page.get_by_role("button", name="Store in mine").click()
        page.get_by_text("is stored; the report below").wait_for()
        still(page)
        page.close()
        assert "Traceback" not in server.log()
    made = dataset.Dataset(tmp_path / "data" / "mine")
    assert [row.source for row in made.lexicon("en-de")] == ["sea", "<b>dog</b>"]


def looked_at(page: Any, url: str, file: Path, source: str) -> None:
    """Give the wizard a file, and look at it."""
    page.goto(f"{url}/data?section=import&source={source}")
    drawn(page)
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_text(file.name, exact=True).first.wait_for()
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("nothing is stored yet").wait_for()


def test_a_zip_goes_on_while_the_server_is_started_anew(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLDI_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(job_queue, "place", lambda: tmp_path / "data" / job_queue.FOLDER)  # as the server has it
    dataset.create(tmp_path / "data" / "mine")
    with zipfile.ZipFile(tmp_path / "words.zip", "w") as archive:
        for word in ("sun", "tree"):
            archive.writestr(f"en/{word}/1.png", draw(word))
        archive.writestr("en/broken/1.png", b"no picture")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    with contextlib.ExitStack() as turn:
        turn.enter_context(job_queue.turn(Request("the collection of x", str(tmp_path / "other"))))
        with serve(tmp_path / "log.txt") as server:
            looked_at(page, server.url, tmp_path / "words.zip", "pictures")
            page.get_by_role("button", name="Store in mine").click()
            page.get_by_text("Storing words.zip waits until 1 job").wait_for()
        with serve(tmp_path / "again.txt") as again:
            page.goto(f"{again.url}/data?section=import")
            page.get_by_text("Storing words.zip waits until 1 job").wait_for()
            page.get_by_text("the import of words.zip in mine: waits until 1 job").wait_for()
            turn.close()
            page.get_by_text("words.zip is stored; the report below").wait_for()
            page.reload()
            drawn(page)
            page.get_by_text("words.zip is stored; the report below").wait_for()
            page.get_by_text("Not everything is there: 1 missing").wait_for()
    page.close()
    assert "Traceback" not in server.log() + again.log()
    assert {*dataset.Dataset(tmp_path / "data" / "mine").members("en")} == {"sun", "tree"}


def test_one_that_waits_is_cancelled_with_a_click(browser: Any, tmp_path: Path) -> None:
    place = tmp_path / "data" / job_queue.FOLDER
    dataset.create(tmp_path / "data" / "mine")
    (tmp_path / "en-de.tsv").write_text("sea\tMeer\tNOUN\n", "utf-8")
    with (
        job_queue.turn(Request("the collection of x", str(tmp_path / "other")), place),
        serve(tmp_path / "log.txt", CLDI_DATA=str(tmp_path / "data")) as server,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        looked_at(page, server.url, tmp_path / "en-de.tsv", "lists")
        assert [*place.glob("given/*")]
        page.get_by_role("button", name="Store in mine").click()
        page.get_by_text("Storing en-de.tsv waits until 1 job").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Storing en-de.tsv was ended before it was done. Import it again").wait_for()
        page.close()
        assert "Traceback" not in server.log()
        assert not [*place.glob("given/*")], "what was uploaded is gone"
    assert not (tmp_path / "data" / "mine" / "lexicon").exists()


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
