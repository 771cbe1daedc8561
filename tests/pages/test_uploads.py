"""Uploads: only where a page asked for a file, and only so much of the server's memory."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages._ui import uploads
from pages._ui.uploads import Uploads


def kept(manager: Uploads, session: str, file: str, size: int) -> None:
    manager.add_file(session, UploadedFileRec(file, "a.tsv", "text/plain", b"x" * size))


def place(manager: Uploads, session: str) -> str:
    (one,) = manager.get_upload_urls(session, ["a.tsv"])
    assert one.upload_url == f"/upload/{session}/{one.file_id}"
    return str(one.file_id)


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Uploads:
    monkeypatch.setattr(uploads, "OF_ONE", 100)
    monkeypatch.setattr(uploads, "OF_ALL", 150)
    return Uploads("/upload")


def refused(manager: Uploads, session: str, file: str, size: int) -> int:
    with pytest.raises(HTTPException) as caught:
        kept(manager, session, file, size)
    assert manager.get_files(session, [file]) == [] and caught.value.detail.endswith(".")
    return caught.value.status_code


def test_no_file_is_taken_that_no_page_asked_for(manager: Uploads) -> None:
    assert manager.get_upload_urls("one", ["a.tsv"]) == [] and refused(manager, "one", "made-up", 1) == 403
    manager.ask("one")
    assert refused(manager, "one", "made-up", 1) == 403, "a place that nobody was given"
    own = place(manager, "one")
    manager.ask("two")
    assert refused(manager, "two", own, 1) == 403, "the place of another session"
    kept(manager, "one", own, 10)
    assert [one.data for one in manager.get_files("one", [own])] == [b"x" * 10]
    manager.remove_session_files("one")
    assert refused(manager, "one", own, 1) == 403, "a session that has ended"


def test_a_session_and_all_together_are_bounded(manager: Uploads) -> None:
    for session in ("one", "two"):
        manager.ask(session)
    first, second, third = place(manager, "one"), place(manager, "one"), place(manager, "two")
    kept(manager, "one", first, 60)
    assert refused(manager, "one", second, 41) == 413
    kept(manager, "one", second, 40)
    assert refused(manager, "two", third, 51) == 413, "with those of the other session"
    kept(manager, "two", third, 50)
    manager.remove_file("one", first)
    kept(manager, "one", place(manager, "one"), 50)


def test_a_file_that_is_sent_again_takes_the_place_of_itself(manager: Uploads) -> None:
    manager.ask("one")
    own = place(manager, "one")
    kept(manager, "one", own, 90)
    kept(manager, "one", own, 60)
    assert manager.problem("one", place(manager, "one"), 40) == (0, "")


def test_places_are_bounded_too(manager: Uploads) -> None:
    manager.ask("one")
    oldest = place(manager, "one")
    assert len(manager.get_upload_urls("one", ["x"] * 10_000)) == uploads.PENDING
    assert refused(manager, "one", oldest, 1) == 403
