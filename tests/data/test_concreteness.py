"""Ratings of concreteness: the published table as it is, a plain list, and files that are neither."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from cldi_core.data import concreteness
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError

HEADER = "Word\tBigram\tConc.M\tConc.SD\tUnknown\tTotal\tPercent_known\tSUBTLEX\tDom_Pos"
PUBLISHED = (
    f"{HEADER}\nroadsweeper\t0\t4.85\t0.37\t1\t27\t0.96\t0\t0\nzebra crossing\t1\t4.75\t0.6\t0\t27\t1\t0\t#N/A\n"
)
WORDS = {"roadsweeper": 4.85, "zebra crossing": 4.75}


@pytest.mark.parametrize(
    "text",
    [
        PUBLISHED,
        "\ufeff" + PUBLISHED.replace("\n", "\r\n"),
        PUBLISHED.replace("\t", ","),
        "roadsweeper\t4.85\n\nzebra crossing\t4.75",
        "word\tconcreteness\nroadsweeper\t4.85\nzebra crossing\t4.75\n",
        'Word,Rating\n"roadsweeper",4.85\n"zebra crossing",4.75\n',
    ],
    ids=["published", "mark and CRLF", "commas", "plain", "headings", "quoted"],
)
def test_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_bytes(text.encode())
    assert concreteness.read(tmp_path / "file") == WORDS


def test_a_word_named_word_is_no_heading(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("word\t3.5\nidea\t1.6\n", "utf-8")
    assert concreteness.read(tmp_path / "file") == {"word": 3.5, "idea": 1.6}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"dog\t4,85", "line 1: '4,85' has a decimal comma; write 4.85"),
        (b"dog\t4.8\ncat\tmany", "line 2: 'many' is no number"),
        (b"dog\tnan", "'nan' is no number"),
        (b"dog\t1e999", "'1e999' is no number"),
        (b"dog\t1_0", "'1_0' is no number"),
        ("dog\t\u0664".encode(), "is no number"),
        (b"dog\t4\t5", "3 columns"),
        (b"dog\t4\ncat", "line 2: 1 columns instead of 2"),
        (b"dog\t4\ndog\t5", "line 2: 'dog' is there twice, with 4 and 5"),
        (b"\t4", "'' is no word"),
        (b"d\x00og\t4", "is no word"),
        (b"\xff\t4", "cannot be read"),
        (b"\n \n", "has no words"),
        (HEADER.encode(), "has no words"),
        (b'"dog,4', "line 1"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        concreteness.read(tmp_path / "file")
    assert told in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_of_a_data_set(small: Dataset) -> None:
    assert concreteness.ratings(small) is None and concreteness.concreteness(small, "dog") is None
    opened = Dataset(small.path)
    (small.path / concreteness.FILE).write_text("dog\t4.85\nrun\t3\nRun\t2\n", "utf-8")
    assert [concreteness.concreteness(opened, word) for word in ("dog", "Dog", "Run", "cow")] == [4.85, 4.85, 2, None]
    assert concreteness.ratings(small) is None, "read once while a data set is open"
    gone = weakref.ref(opened)
    del opened
    gc.collect()
    assert gone() is None, "what was read must not keep a data set alive"


def test_a_folder_is_no_table(small: Dataset) -> None:
    (small.path / concreteness.FILE).mkdir()
    with pytest.raises(DatasetError, match=r"concreteness\.tsv cannot be read"):
        concreteness.ratings(small)
