"""What is to be imported, from a page to a process: as JSON and back, and what has changed since is not stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.imports import wanted
from cldi_core.imports.given import Source
from cldi_core.imports.report import reports
from cldi_core.imports.wanted import Wanted, WantedFolder, WantedLists
from tests.conftest import draw

LIST = "dog\tHund\tN\nrun\tlaufen\tV\n"
ALL = [
    WantedLists((Source("upload-1", "<b>.tsv"), Source("/x/y.tsv", "/x/y.tsv")), "en-de", "N"),
    WantedFolder((Source("upload-1", "\ud800.zip"),), "words.tsv", "CC0-1.0", "Ann"),
]


@pytest.fixture
def mine(tmp_path: Path) -> Dataset:
    return dataset.create(tmp_path / "mine")


@pytest.mark.parametrize("one", ALL)
def test_it_comes_back_from_json_as_it_was(one: Wanted[Any]) -> None:
    assert wanted.from_json(json.loads(json.dumps(one.as_json()))) == one


@pytest.mark.parametrize("found", [
    [], {}, {"kind": "pickle", "sources": []}, {"kind": "lists"}, {"kind": "lists", "sources": [1]},
    {"kind": "lists", "sources": [{"path": "x"}]}, {"kind": "lists", "sources": [], "command": "rm"}, None,
])  # fmt: skip
def test_something_else_is_none(found: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        wanted.from_json(found)


def test_it_is_called_by_the_last_part_of_its_name() -> None:
    assert ALL[0].what == "<b>.tsv, y.tsv" and WantedFolder((Source("/", "/"),)).what == "/"


def test_lists_are_stored_as_they_were_seen_or_not_at_all(mine: Dataset, tmp_path: Path) -> None:
    (tmp_path / "upload-1").write_text(LIST, "utf-8")
    one = WantedLists((Source("upload-1", "../en-de.tsv"),))
    seen = one.digest(one.look(tmp_path, mine))
    assert not (mine.path / "lexicon").exists()
    for changed in (LIST.replace("Hund", "Katze"), LIST.replace("\tV", "\tN"), LIST + "cat\tKatze\tN\n"):
        (tmp_path / "upload-1").write_text(changed, "utf-8")
        with pytest.raises(DatasetError, match=r"'en-de\.tsv' has changed since it was looked at; look at it again"):
            one.store_seen(mine, tmp_path, seen, lambda done, total: None)
    assert not (mine.path / "lexicon").exists() and reports(mine) == []
    (tmp_path / "upload-1").write_text(LIST, "utf-8")
    (report,) = one.store_seen(mine, tmp_path, seen, lambda done, total: None)
    assert report.source == "../en-de.tsv"
    assert [row.target for row in Dataset(mine.path).lexicon("en-de")] == [
        "Hund",
        "laufen",
    ]
    assert reports(Dataset(mine.path)) == [report]


def test_a_folder_is_stored_as_it_was_seen_or_not_at_all(mine: Dataset, tmp_path: Path) -> None:
    for language, word in (("en", "1"), ("de", "Sonne")):
        (tmp_path / "given" / language / word).mkdir(parents=True)
        (tmp_path / "given" / language / word / "1.png").write_bytes(draw("sun", language))
    (tmp_path / "words.tsv").write_text("en/1\tand/or\n", "utf-8")
    one = WantedFolder((Source(str(tmp_path / "given"), "mine"),), "words.tsv", author="Ann")
    seen = one.digest(one.look(tmp_path, mine))
    (tmp_path / "given" / "en" / "1" / "2.png").write_bytes(draw("sun", variant=1))
    with pytest.raises(DatasetError, match="'mine' has changed since"):
        one.store_seen(mine, tmp_path, seen, lambda done, total: None)
    assert not (mine.path / "images").exists()
    (tmp_path / "given" / "en" / "1" / "2.png").unlink()
    told: list[tuple[int, int]] = []
    (report,) = one.store_seen(mine, tmp_path, seen, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)] and report.source == "mine"
    made = Dataset(mine.path)
    assert {*made.members("en")} == {"and/or"} and {*made.members("de")} == {"Sonne"}
    assert {*made.pictures.table["author"]} == {"Ann"} and {*made.pictures.table["licence"]} == {"unknown"}


LISTED = b"PK\x05\x06" + bytes(18)  # how the list of a zip's entries ends


@pytest.mark.parametrize("data", [b"no zip", b"", LISTED, b"PK\x03\x04" + b"x" * 90 + LISTED.replace(b"\0", b"\1")])
def test_an_upload_that_is_no_archive_is_told_of_by_its_own_name(mine: Dataset, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "upload-1").write_bytes(data)
    with pytest.raises(DatasetError, match=r"'mine\.zip'") as told:
        WantedFolder((Source("upload-1", "mine.zip"),)).look(tmp_path, mine)
    assert "upload" not in str(told.value) and str(tmp_path) not in str(told.value)
