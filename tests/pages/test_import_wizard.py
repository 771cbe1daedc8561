"""The import wizard: it shows what it found before anything is written, has it stored by a process, and reports."""

from __future__ import annotations

import io
import os
import re
import signal
import zipfile
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import children, dataset, job_queue, permissions
from cldi_core.data.dataset import Dataset
from cldi_core.data.job_queue import Request
from cldi_core.errors import DatasetError
from cldi_core.imports import folder, job, samples
from cldi_core.imports import given as uploads
from cldi_core.imports.given import Given
from cldi_core.imports.job import ImportJob
from cldi_core.imports.report import reports
from cldi_core.imports.wanted import WantedLists
from pages._ui import act, data_folders, data_lists, data_preview, data_words
from tests.conftest import draw
from tests.features.test_resuming import wait_for
from tests.pages.conftest import Shown
from tests.pages_data import button, healthy, open_page, texts, unescaped

HOSTILE = "../../<b>*x*$a$ en-de.tsv"
LIST = "sea\tMeer\tNOUN\nsee\u00adn\tgesehen\tVERB\nno pair\n"


@pytest.fixture
def empty(data: Path) -> Dataset:
    """A data set with a name and nothing else."""
    st.cache_data.clear()
    st.cache_resource.clear()
    return dataset.create(data / "mine", "Mine")


def packed(**files: bytes) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def stored(at: Any, made: Dataset) -> Any:
    """The page after storing has come to its end."""
    at = healthy(button(at, "Store in").click().run())
    assert ended(made).state == "done"
    return healthy(at.run())


def ended(made: Dataset) -> ImportJob:
    """The newest import, when it is over."""
    wait_for(lambda: (found := job.job(made)) and not found.is_active, "its end")
    found = job.job(made)
    assert found is not None
    return found


def waiting(made: Dataset) -> int:
    """The process of one that waits for its turn."""
    wait_for(lambda: job_queue.ticket_of(made.path / job.FOLDER), "its ticket")
    found = job.job(made)
    assert found is not None and found.state == "waiting" and found.runner is not None
    return found.runner.pid


def test_a_list_is_shown_before_it_is_stored(empty: Dataset) -> None:
    at = healthy(open_page("data", dataset="mine", section="import"))
    assert "At most 20 MB a file" in texts(at)
    before = sorted(empty.path.rglob("*"))
    at.main.file_uploader[0].set_value([(HOSTILE, LIST.encode(), "text/plain")])
    at.main.text_input(key=data_lists.PAIR).set_value("en-de")
    at = healthy(button(at, "Look at it").click().run())
    said = unescaped(texts(at))
    assert "Not everything is there: 1 missing, 1 changed." in said and "nothing is stored yet" in said
    rows = next(frame.value for frame in at.dataframe if "POS" in frame.value)
    assert rows.to_numpy().tolist() == [["sea", "Meer", "N"], ["seen", "gesehen", "V"]]
    assert sorted(empty.path.rglob("*")) == before
    at = stored(at, empty)
    assert [row.target for row in Dataset(empty.path).lexicon("en-de")] == ["Meer", "gesehen"]
    (report,) = reports(empty)
    assert report.counts["rows"] == 2 and len(report.missing) == 1
    assert "is stored; the report below says what came in." in unescaped(texts(at))
    assert not [one for one in at.main.button if one.label.startswith("Store in")]
    assert {path.name for path in empty.path.parent.iterdir()} == {"mine"}, "nothing beside it"


@pytest.mark.parametrize(
    "typed", ["", "words.txt", "/nowhere/en-de.tsv", "/dev/zero", "a\x00b", "~nobody/x", "/" + "x" * 900]
)
def test_a_path_that_is_none_is_one_line(empty: Dataset, typed: str) -> None:
    before = sorted(empty.path.rglob("*"))
    for source, key in (("lists", data_lists.PATH), ("pictures", data_folders.PATH)):
        at = healthy(open_page("data", dataset="mine", section="import", source=source))
        at.main.text_input(key=key).set_value(typed)
        at = button(at, "Look at it").click().run()
        said = [unescaped(line.value) for line in at.main.error]
        assert not at.exception and "could not be drawn" not in texts(at)
        assert len(said) == bool(typed) and all("\n" not in line and len(line) < 1200 for line in said)
        give = {"lists": data_words.GIVE_A_LIST, "pictures": data_words.GIVE_A_FOLDER}[source]
        assert (give in unescaped(texts(at))) == (not typed)
        assert not [one for one in at.main.button if one.label.startswith("Store in")]
    assert sorted(empty.path.rglob("*")) == before


def test_an_archive_is_shown_with_pictures_and_stored(empty: Dataset) -> None:
    files = {f"en/{word}/1.png": draw(word) for word in ("sun", "house", "tree")}
    files |= {"en/broken/1.png": b"not a picture", "de/Sonne/.DS_Store": b"x", "de/Sonne/1.png": draw("sun", "de")}
    at = healthy(open_page("data", dataset="mine", section="import", source="pictures"))
    archive, words = at.main.file_uploader
    archive.set_value(("<b>.zip", packed(**files, **{"../out/1.png": draw("sun")}), "application/zip"))
    words.set_value(("w.tsv", b"en/tree\toak \xc2\xad tree\n", "text/plain"))
    at.main.text_input(key=data_folders.LICENCE).set_value("CC0-1.0")
    at = healthy(button(at, "Look at it").click().run())
    languages = at.dataframe[0].value
    assert languages.to_numpy().tolist() == [["de", 1, 1], ["en", 4, 4]]
    assert len(at.get("imgs")[0].proto.imgs) == 4 if at.get("imgs") else len(at.get("image")[0].value) == 4
    assert "en broken:" in unescaped(texts(at)), "why there is no picture of it"
    assert not (empty.path / "images").exists()
    at = stored(at, empty)
    made = Dataset(empty.path)
    assert {*made.members("en")} == {"sun", "house", "oak tree"} and {*made.members("de")} == {"Sonne"}
    assert set(made.pictures.table["licence"]) == {"CC0-1.0"}
    (report,) = reports(made)
    assert report.source == "<b>.zip" and report.junk == {".DS_Store": 1} and len(report.missing) == 2
    assert {path.name for path in empty.path.parent.iterdir()} == {"mine"} and not (
        empty.path.parent.parent / "out"
    ).exists()


def test_another_data_set_is_not_offered_what_was_looked_at_for_one(empty: Dataset, data: Path) -> None:
    dataset.create(data / "other")
    at = healthy(open_page("data", dataset="mine", section="import"))
    at.main.file_uploader[0].set_value([("en-de.tsv", LIST.encode(), "text/plain")])
    at = healthy(button(at, "Look at it").click().run())
    assert button(at, "Store in").label == "Store in mine"
    at = healthy(at.sidebar.selectbox(key="dataset").set_value("other").run())
    assert not [one for one in at.main.button if one.label.startswith("Store in")]
    at = healthy(at.sidebar.selectbox(key="dataset").set_value("mine").run())
    at = healthy(button(at, "Drop").click().run())
    assert (
        not [one for one in at.main.button if one.label.startswith("Store in")]
        and not (empty.path / "lexicon").exists()
    )


def looked_at() -> data_preview.Preview:
    """A list that was looked at, and not stored."""
    given = Given()
    wanted = WantedLists((given.take("en-de.tsv", LIST.encode()),))
    seen = wanted.digest(wanted.look(given.folder, data_preview.load.opened("mine")))
    return data_preview.Preview("mine", wanted, given, seen, lambda: None)


def test_nothing_is_looked_at_stored_or_cancelled_where_nobody_may(
    empty: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(permissions.VARIABLE, "1")
    done: list[str] = []
    monkeypatch.setattr(job, "cancel", lambda dataset: done.append("cancelled"))

    def looked() -> data_preview.Preview | str:
        done.append("looked")
        return looked_at()

    data_preview.look("mine", looked)
    st.session_state[data_preview.PREVIEW] = looked()
    data_preview.store("mine")
    data_preview.cancel("mine")
    assert done == ["looked"] and job.job(empty) is None
    monkeypatch.delenv(permissions.VARIABLE)
    st.session_state[data_preview.PREVIEW] = looked()
    data_preview.store("mine")
    assert ended(empty).state == "done" and data_preview.PREVIEW not in st.session_state
    data_preview.cancel("mine")
    assert done[-1] == "cancelled"


def test_one_that_waits_is_watched_and_cancelled_and_leaves_nothing(
    empty: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "who", lambda: "ann@x.org")
    at = healthy(open_page("data", dataset="mine", section="import"))
    at.main.file_uploader[0].set_value([("en-de.tsv", LIST.encode(), "text/plain")])
    at = healthy(button(at, "Look at it").click().run())
    (uploaded,) = [path for path in uploads.place().iterdir() if (path / "upload-1").is_file()]
    with job_queue.turn(Request("the collection of x", str(tmp_path / "other"))):
        at = healthy(button(at, "Store in").click().run())
        waiting(empty)
        at = healthy(open_page("data", dataset="mine", section="import"))  # as another visitor sees it
        said = unescaped(texts(at))
        assert "the import of en-de.tsv in mine, started by ann@x.org: waits until 1 job before it is done" in said
        (bar,) = at.get("progress")
        assert unescaped(bar.proto.text) == "Storing en-de.tsv waits until 1 job before it is done"
        assert data_words.CLOSING in said and uploaded.is_dir()
        monkeypatch.setenv(permissions.VARIABLE, "1")
        other = healthy(open_page("data", dataset="mine", section="import"))
        assert len(other.get("progress")) == 1 and "Cancel" not in {one.label for one in other.main.button}
        monkeypatch.delenv(permissions.VARIABLE)
        at = healthy(button(at, "Cancel").click().run())
    assert "en-de.tsv was ended before it was done. Import it again" in unescaped(at.main.warning[0].value)
    assert not uploaded.exists() and not (empty.path / "lexicon").exists() and reports(empty) == []


def test_one_whose_process_is_killed_is_told_in_a_line(empty: Dataset, tmp_path: Path) -> None:
    with job_queue.turn(Request("the collection of x", str(tmp_path / "other"))):
        one = looked_at()
        job.start(empty, one.wanted, one.given, one.seen)
        os.kill(waiting(empty), signal.SIGKILL)
        children._spawned[empty.path / job.FOLDER].wait(60)
    at = healthy(open_page("data", dataset="mine", section="import"))
    assert [unescaped(one.value) for one in at.main.warning] == [
        f"Storing en-de.tsv was ended before it was done. {data_words.IMPORT_AGAIN}"
    ]
    assert not [one for one in at.main.button if one.label == "Cancel"]


@pytest.mark.parametrize(("error", "said"), [
    (DatasetError("the disk is full"), "the disk is full"),
    (ValueError("secret"), "the import failed (ValueError); mine/imports/newest/.import.log says more"),
])  # fmt: skip
def test_an_import_that_fails_says_why(
    empty: Dataset, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def store(*given: Any) -> None:
        raise error

    monkeypatch.setattr(WantedLists, "store", store)
    one = looked_at()
    one.given.plan({"wanted": one.wanted.as_json(), "seen": one.seen})
    with pytest.raises(DatasetError, match=re.escape(said)):
        job.run(empty.path, one.given.folder)
    at = open_page("data", dataset="mine", section="import")
    assert not at.exception and [unescaped(one.value) for one in at.main.error] == [f"en-de.tsv was not stored: {said}"]


def test_progress_is_told_with_a_rate() -> None:
    one = ImportJob("x.zip", state="starting")
    assert data_words.importing(one) == "Storing x.zip …"
    one = ImportJob("x.zip", state="running", total=2000, done=500, seconds=2.0)
    assert data_words.importing(one) == "Storing x.zip: 500 of 2,000, 250 a second, 6 s left"


def test_a_few_pictures_are_the_first_of_their_words(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / "en" / f"w{number}").mkdir(parents=True)
        for place in range(2):
            (tmp_path / "en" / f"w{number}" / f"{place}.png").write_bytes(draw("sun", variant=place))
    found = samples.samples(folder.look(tmp_path), 5)
    assert [one.word for one in found] == [f"w{number}" for number in range(5)]
    assert all(one.file[8:12] == b"WEBP" and not one.reason for one in found)
