"""The import wizard: it shows what it found before anything is written, stores it beside the pages, and reports."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import dataset, permissions
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.imports import folder, samples
from cldi_core.imports.report import Report, reports
from pages._ui import data_folders, data_lists, data_preview, data_words, import_job
from tests.conftest import draw
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
    job = import_job.of(made.path)
    assert job is not None and job.over.wait(120)
    return healthy(at.run())


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


def test_nothing_is_looked_at_or_stored_where_nobody_may(
    empty: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(permissions.VARIABLE, "1")
    done: list[str] = []

    def looked() -> data_preview.Preview | str:
        done.append("looked")
        return data_preview.Preview("mine", "x", lambda: None, lambda tell: [])

    data_preview.look("mine", looked)
    st.session_state[data_preview.PREVIEW] = looked()
    data_preview.store("mine")
    assert done == ["looked"] and import_job.of(empty.path) is None
    monkeypatch.delenv(permissions.VARIABLE)
    st.session_state[data_preview.PREVIEW] = looked()
    data_preview.store("mine")
    job = import_job.of(empty.path)
    assert job is not None and job.over.wait(60) and data_preview.PREVIEW not in st.session_state


def test_two_imports_into_one_data_set_do_not_run_at_once(empty: Dataset) -> None:
    going = threading.Event()

    def work(tell: import_job.Progress) -> list[Report]:
        tell(3, 12)
        assert going.wait(60)
        return []

    job = import_job.start(empty.path, "first", work)
    with pytest.raises(DatasetError, match="'first' is being stored"):
        import_job.start(empty.path, "second", work)
    going.set()
    assert job.over.wait(60) and (job.share, job.error) == (0.25, "") and job.left is not None
    assert import_job.start(empty.path, "second", work).over.wait(60)


@pytest.mark.parametrize(("error", "said"), [
    (DatasetError("the disk is full"), "the disk is full"),
    (ValueError("secret"), "the import failed (ValueError); the server's log says more"),
])  # fmt: skip
def test_an_import_that_fails_says_why(empty: Dataset, error: Exception, said: str) -> None:
    def work(tell: import_job.Progress) -> list[Report]:
        raise error

    job = import_job.start(empty.path, "x", work)
    assert job.over.wait(60) and job.error == said


def test_progress_is_told_with_a_rate() -> None:
    assert data_words.storing("x.zip", 0, 0, 0, None) == "Storing x.zip …"
    assert data_words.storing("x.zip", 500, 2000, 250, 6) == "Storing x.zip: 500 of 2,000, 250 a second, 6 s left"


def test_a_few_pictures_are_the_first_of_their_words(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / "en" / f"w{number}").mkdir(parents=True)
        for place in range(2):
            (tmp_path / "en" / f"w{number}" / f"{place}.png").write_bytes(draw("sun", variant=place))
    found = samples.samples(folder.look(tmp_path), 5)
    assert [one.word for one in found] == [f"w{number}" for number in range(5)]
    assert all(one.file[8:12] == b"WEBP" and not one.reason for one in found)
