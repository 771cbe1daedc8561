"""Files that say something of a data set: only regular ones of a fair size are read, and one bad one harms no other."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import answering, dataset, descriptions, storage, wordlists
from cldi_core.data import listing as listings
from cldi_core.data.dataset import Dataset, create, open_dataset
from cldi_core.data.descriptions import read_concepts, write_concepts
from cldi_core.data.listing import listing, statuses
from cldi_core.errors import CldiError, DatasetError
from cldi_core.features import background
from cldi_core.imports import lists
from cldi_core.insight import health
from tests.conftest import BACKBONE

Spoil = Callable[[Path], object]


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{folder}/{path.name}")  # the path itself may be too long for one
    finally:
        os.close(folder)


NOT_REGULAR: dict[str, Spoil] = {
    "a pipe": os.mkfifo,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a folder": Path.mkdir,
    "a socket": _socket,
}
BAD_TOML: dict[str, Spoil] = {
    **{name: spoil for name, spoil in NOT_REGULAR.items() if name not in ("a link to nowhere", "a link to itself")},
    "20,000 brackets": lambda path: path.write_text("title = " + "[" * 20_000),
    "a number of 5,000 digits": lambda path: path.write_text("title = " + "9" * 5000),
    "a number of 5,000 digits in hex": lambda path: path.write_text("title = 0x" + "f" * 5000),
    "that number, deep inside": lambda path: path.write_text("[a.b]\nc = [[0x" + "f" * 5000 + "]]"),
    "too large": lambda path: path.write_text("#" * 1_000_001),
    "a path of 100 kB": lambda path: path.write_text(f"pictures = '../{'a' * 100_000}'"),
    "a path of 300 letters": lambda path: path.write_text(f"pictures = '../{'a' * 300}'"),
    "a path to a folder that is no data set": lambda path: (
        (path.parent.parent / "bare").mkdir() or path.write_text("pictures = '../bare'")
    ),
    "a path to a link that leads elsewhere": lambda path: (
        (path.parent.parent / "away").symlink_to("/proc") or path.write_text("pictures = '../away'")
    ),
    "a path to a link to itself": lambda path: (
        (path.parent.parent / "loop").symlink_to("loop") or path.write_text("pictures = '../loop'")
    ),
    "a key of 100,000 parts": lambda path: path.write_text("a" + ".a" * 100_000 + " = 1"),
    "a path out of the folder": lambda path: path.write_text("pictures = '../../etc'"),
    "no UTF-8": lambda path: path.write_bytes(b"title = '\xff'"),
    "no TOML": lambda path: path.write_text("<html>"),
    "a NUL": lambda path: path.write_bytes(b"title = '\0'"),
}


@pytest.mark.parametrize("spoil", BAD_TOML.values(), ids=list(BAD_TOML))
def test_one_bad_data_set_is_named_beside_the_others(small: Dataset, spoil: Spoil) -> None:
    (small.path.parent / "bad").mkdir()
    spoil(small.path.parent / "bad" / "dataset.toml")
    found = listing()
    assert list(found.opened) == ["small"] and found.opened["small"].title == "Small"
    (reason,) = found.failed.values()
    assert list(found.failed) == ["bad"] and "'bad'" in reason and "\n" not in reason and len(reason) < 500
    with pytest.raises(DatasetError):
        _ = open_dataset("bad").home


def test_pictures_may_be_those_of_a_data_set_that_is_a_link(small: Dataset, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "dataset.toml").write_text("")
    (small.path.parent / "linked").symlink_to(tmp_path / "elsewhere")
    (small.path.parent / "user").mkdir()
    (small.path.parent / "user" / "dataset.toml").write_text("pictures = '../linked'")
    assert listing().opened["user"].home == small.path.parent / "linked"


def test_a_folder_that_does_not_answer_harms_no_other(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "PATIENCE", 0.05)
    go, real = threading.Event(), Path.stat
    (small.path.parent / "silent").mkdir()

    def stat(path: Path, **how: Any) -> Any:
        assert path.parent.name != "silent" or go.wait(60)
        return real(path, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", stat)
        found = listing()
        assert list(found.opened) == ["small"]
        assert list(found.failed) == ["silent"] and found.failed["silent"].endswith("look whether its disk is there")
        assert statuses()["silent"][1:] == listings.SILENT != statuses()["small"][1:]
        go.set()
        for thread in list(answering._silent.values()):
            thread.join(60)
    assert list(statuses()) == ["small"], "it answers that it is no data set"


def test_texts_of_too_many_lines_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_LINES", 3)
    (tmp_path / "en-de.tsv").write_text("a\tb\tN\n" * 3)
    assert storage.read_text(tmp_path / "en-de.tsv") and wordlists.read_list(tmp_path / "en-de.tsv")
    for end in ("\n", "\r"):
        (tmp_path / "en-de.tsv").write_bytes(f"a\tb\tN{end}".encode() * 4)
        for read in (storage.read_text, wordlists.read_list, lambda path: lists.look(path.read_bytes(), path.name)):
            with pytest.raises((OSError, CldiError), match="more than the 3 lines"):
                read(tmp_path / "en-de.tsv")


def test_nothing_is_said_of_good_ones(small: Dataset) -> None:
    assert listing().failed == {}


def test_a_title_of_a_megabyte_is_cut(data: Path) -> None:
    (data / "long").mkdir()
    (data / "long" / "dataset.toml").write_text(f"title = '{'a' * 900_000}'")
    assert open_dataset("long").title == "a" * dataset.MAX_TITLE


@pytest.mark.parametrize("spoil", NOT_REGULAR.values(), ids=list(NOT_REGULAR))
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, spoil: Spoil) -> None:
    spoil(tmp_path / "x")
    for read in (storage.open_regular, storage.read_bytes, storage.read_text, storage.read_frame):
        with pytest.raises(OSError, match=r".") as caught:
            read(tmp_path / "x")
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(DatasetError, match="'x' cannot be read"):
        storage.map_tensors(tmp_path / "x")
    assert storage.frame_of(tmp_path / "x", "key") is None


def test_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfabc")
    assert storage.read_bytes(tmp_path / "x", 6) == b"\xef\xbb\xbfabc" and storage.read_text(tmp_path / "x", 6) == "abc"
    with pytest.raises(OSError, match="it is larger than the 5 bytes that are accepted"):
        storage.read_bytes(tmp_path / "x", 5)


@pytest.mark.parametrize("name", ["a" * 300, "a" * 100_000, "a/" * 50_000, "nul\0"])
def test_names_that_no_file_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        storage.read_bytes(tmp_path / name)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("name", ["a" * 300, "a" * 100_000, "/" + "a/" * 50_000, "~/" + "a" * 5000])
def test_data_sets_that_no_file_system_has(data: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(CldiError, match="unknown data set"):
        open_dataset(name)
    monkeypatch.setenv("CLDI_DATASET", name)
    assert dataset.available() == {}


SPOILED = {
    "senses.tsv": lambda opened: opened.senses("dog"),
    "descriptions.tsv": lambda opened: read_concepts(opened.path / descriptions.FILE),
    "lexicon/en-de.tsv": lambda opened: opened.lexicon("en-de"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_file_of_a_data_set_is_its_own_error(small: Dataset, name: str) -> None:
    path = small.path / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(CldiError, match=r"not a regular file") as caught:
        SPOILED[name](Dataset(small.path))
    assert path.name in str(caught.value) and "\n" not in str(caught.value)
    assert isinstance(health.findings(Dataset(small.path)), list), "and the check comes to its end"
    small.stamp()


@pytest.mark.parametrize("name", [background.STATUS, background.LOG])
@pytest.mark.parametrize("spoil", NOT_REGULAR.values(), ids=list(NOT_REGULAR))
def test_a_spoiled_status_says_nothing(small: Dataset, name: str, spoil: Spoil) -> None:
    spoil(small.path / "features" / BACKBONE / name)
    assert background.jobs(small) == {}


def test_pipes_among_shards_are_no_shards(small: Dataset) -> None:
    os.mkfifo(small.path / "images" / "part-0.parquet")
    os.mkfifo(small.path / "features" / BACKBONE / "part-0.safetensors")
    opened = Dataset(small.path)
    with pytest.raises(DatasetError, match=r"'part-0.parquet' cannot be read .*regular file"):
        _ = opened.pictures.table
    with pytest.raises(DatasetError, match=r"'part-0.safetensors' cannot be read .*regular file"):
        from cldi_core.features import shards

        shards.open_features(opened, BACKBONE)


CONTROLS = [chr(code) for code in [*range(32), *range(127, 160), 0x200B, 0x2028, 0x2029, 0x202E, 0xFEFF]]


@pytest.mark.parametrize("mark", CONTROLS, ids=[f"U+{ord(mark):04X}" for mark in CONTROLS])
def test_control_characters_in_what_is_written_are_read_back_or_refused(data: Path, mark: str) -> None:
    info = {"title": f"a{mark}b", "about": mark, f"key{mark}": "x"}
    dataset.write_info(data / "new", info)
    assert open_dataset("new").info == info and open_dataset("new").title == f"a{mark}b"
    for row in (("sun", "en", f"a{mark}b", ()), ("sun", "en", "", (mark,)), (f"s{mark}n", "en", "sun", ()),
                ("sun", f"e{mark}", "sun", ())):  # fmt: skip
        with pytest.raises(DatasetError, match="control character"):
            write_concepts(data / "new", [descriptions.Row(*row)])
    assert not (data / "new" / descriptions.FILE).exists()
    with storage.lock(data / "new", f"what {mark}"):
        assert json.loads((data / "new" / storage.HOLDER).read_text())["what"] == f"what {mark}"


def test_the_senses_end_at_line_breaks_alone(small: Dataset) -> None:
    (small.path / "senses.tsv").write_bytes("a\x0bb\t3\r\nc\x85d\t4\r\n".encode())
    opened = Dataset(small.path)
    assert (opened.senses("a\x0bb"), opened.senses("c\x85d")) == (3, 4)


def test_a_folder_whose_name_is_no_text_gets_a_title(data: Path) -> None:
    made = create(data / os.fsdecode(b"caf\xe9"))
    assert made.title == "caf?" and Dataset(made.path).title == "caf?"


def test_what_is_taken_away_while_it_is_looked_at_is_not_there(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, whole, real = small.path / "words.parquet", small.stamp(), os.scandir

    def scandir(path: str) -> Any:
        found = real(path)
        if Path(path) == small.path:
            entries = list(found)
            gone.unlink(missing_ok=True)
            return contextlib.nullcontext(entries)
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    assert small.stamp() == small.stamp() != whole
