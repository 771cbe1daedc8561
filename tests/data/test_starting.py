"""A new data set by name: nothing leaves the folder of data sets, and nothing that is there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core.data import dataset, starting
from cldi_core.errors import DatasetError

EVIL = (
    "", " ", ".", "..", "../x", "/tmp/x", "a/b", "a\\b", "a\x00b", "-x", ".hidden", "a b", "a.b", "x" * 10_000,
    "ü" * 61, "~root", "a\nb", "<b>", "a\u202eb", "$(x)", "CON:", "%2e%2e", "x" * 61,
)  # fmt: skip


@pytest.mark.parametrize("typed", EVIL)
def test_a_name_that_leads_elsewhere_is_refused(data: Path, typed: str) -> None:
    before = sorted(data.parent.rglob("*"))
    with pytest.raises(DatasetError, match="cannot be the name of a data set") as error:
        starting.start(typed)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300
    assert sorted(data.parent.rglob("*")) == before


@pytest.mark.parametrize(("typed", "name"), [("my-words", "my-words"), (" über_2 ", "über_2"), ("u\u0308ber", "über")])
def test_an_empty_data_set_is_there_under_its_name(data: Path, typed: str, name: str) -> None:
    made = starting.start(typed, "  My\n words ")
    assert (made.path, made.title) == (data / name, "My words")
    assert dataset.available() == {name: data / name} and made.pairs == () and not len(made.pictures.table)
    assert starting.start(f"{name}2").title == f"{name}2"


@pytest.mark.parametrize("kind", ["data set", "folder", "file", "link"])
def test_what_is_there_is_not_touched(data: Path, kind: str) -> None:
    path = data / "taken"
    if kind == "data set":
        dataset.create(path, "Taken")
    elif kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("x", "utf-8")
    else:
        path.symlink_to(data.parent / "elsewhere")
    before = {one: one.lstat().st_mtime_ns for one in data.parent.rglob("*")}
    with pytest.raises(DatasetError, match="already"):
        starting.start("taken")
    assert {one: one.lstat().st_mtime_ns for one in data.parent.rglob("*")} == before


def test_one_that_was_killed_takes_no_name(data: Path) -> None:
    """Neither before its data set was in its place, nor after."""
    (data / ".new.importing" / "whole").mkdir(parents=True)
    (data / ".new.importing" / "whole" / "dataset.toml").write_text("half", "utf-8")
    assert starting.start("new").title == "new" and [path.name for path in data.iterdir()] == ["new"]
    (data / ".new.importing").mkdir()
    with pytest.raises(DatasetError, match="already"):
        starting.start("new")
    assert [path.name for path in data.iterdir()] == ["new"]


def test_where_nothing_can_be_written_it_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data.parent / "file").write_text("", "utf-8")
    monkeypatch.setenv("CLDI_DATA", str(data.parent / "file" / "data"))
    with pytest.raises(DatasetError, match="cannot be written to"):
        starting.start("new")
