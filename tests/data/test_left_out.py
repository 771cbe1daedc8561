"""What is left out of a data set: kept in a file, never deleted, and gone from all that is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cldi_core.data import left_out as files
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import FILE, Item, leave_out, left_out, take_back
from cldi_core.errors import DatasetError
from tests.conftest import LEXICON, picture

ROOT = Path(__file__).resolve().parents[2]
SQUARE = picture("square").id  # of hand and big, both English
HEAD = "\t".join(files.COLUMNS)
A_PICTURE = f"picture\t\t\t{'0' * 32}\twhy\t2026-11-25T18:51:13Z"


def test_what_is_left_out_comes_back_in_its_order(small: Dataset) -> None:
    assert left_out(small) == ()
    items = [Item(SQUARE), Item(language="en", word="hand"), Item(SQUARE, "en", "big")]
    assert [item.kind for item in items] == list(files.KINDS[:1] + files.KINDS[2:] + files.KINDS[1:2])
    assert leave_out(small, items[:2], "a\tplaceholder\n") == 2
    assert leave_out(small, items, "another reason") == 1, "those that were left out keep their reason"
    kept = left_out(small)
    assert [one.item for one in kept] == items
    assert [one.reason for one in kept] == ["a placeholder"] * 2 + ["another reason"]
    assert all(one.time.endswith("Z") for one in kept)
    assert take_back(small, [items[0], Item("f" * 32)]) == 1
    assert [one.item for one in left_out(small)] == items[1:]


def test_a_picture_is_gone_everywhere_and_nothing_is_deleted(small: Dataset, reopen) -> None:
    before = len(small.pictures.table), small.words
    assert SQUARE in small.members("en")["hand"] and SQUARE in small.members("en")["big"]
    leave_out(small, [Item(SQUARE)])
    opened = reopen()
    assert opened.members("en")["hand"] == [picture("tree").id]
    assert SQUARE not in {key for ids in opened.members("en").values() for key in ids}
    assert opened.members("de") == small.members("de"), "the German square is another picture"
    assert SQUARE in opened.stored_members("en")["hand"]
    assert len(opened.pictures.table) == before[0] and opened.words.equals(before[1])
    take_back(small, [Item(SQUARE)])
    assert reopen().members("en") == small.members("en")


def test_a_picture_of_one_word_is_gone_there_alone(small: Dataset, reopen) -> None:
    leave_out(small, [Item(SQUARE, "en", "hand"), Item(picture("cross").id, "en", "red")])
    members = reopen().members("en")
    assert members["hand"] == [picture("tree").id] and members["big"] == small.members("en")["big"]
    assert "red" not in members, "a word without a picture that is left has none"


def test_a_word_is_gone_from_the_list_and_from_the_words_with_pictures(small: Dataset, reopen) -> None:
    whole = {query.id for query in small.queries("en-de")}
    leave_out(small, [Item(language="en", word="hat"), Item(language="de", word="Köter")])
    opened = reopen()
    assert opened.lexicon("en-de") == [row for row in LEXICON if row.source != "hat" and row.target != "Köter"]
    assert whole - {query.id for query in opened.queries("en-de")} == {"hat.N"}
    assert [(row.target, row.source) for row in opened.lexicon("de-en")] == [
        (row.source, row.target) for row in opened.lexicon("en-de")
    ]
    assert "hat" not in opened.members("en") and "Köter" not in opened.members("de")
    # A word of the other language that is spelled alike is another word.
    leave_out(small, [Item(language="de", word="dog")])
    assert "dog" in {row.source for row in reopen().lexicon("en-de")}


def test_the_stamp_changes(small: Dataset) -> None:
    before = small.stamp()
    leave_out(small, [Item(SQUARE)])
    assert small.stamp() != before


@pytest.mark.parametrize(
    "item",
    [Item(), Item("zz"), Item("../../etc/passwd"), Item(SQUARE.upper()), Item(language="en"), Item(word="dog"),
     Item(SQUARE, "en"), Item("", "en", "a\tb"), Item("", "en", "a\x00"), Item("", "en", " a"),
     Item("", "en", "x" * 2001)],
)  # fmt: skip
def test_what_cannot_be_left_out_is_refused_in_one_line(small: Dataset, item: Item) -> None:
    with pytest.raises(DatasetError) as told:
        leave_out(small, [Item(SQUARE), item])
    assert "\n" not in str(told.value) and len(str(told.value)) < 3000
    assert left_out(small) == (), "all of them or none"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe\x00", b"\x00" * 100, b"picture\n", f"{HEAD}\n\n".encode(), f"{HEAD}\npicture\n".encode(),
        f"{HEAD}\n{A_PICTURE}\tmore".encode(), f"{HEAD}\n{A_PICTURE.replace('picture', 'word')}".encode(),
        f"{HEAD}\n{A_PICTURE.replace('0' * 32, '../../x')}".encode(),
        f"{HEAD}\n{A_PICTURE.replace('why', 'w' * 501)}".encode(),
        f"{HEAD}\nword\ten\t\u202eword\t\t\t".encode(), f"{HEAD}\nword\ten\t{'w' * 4000}\t\t\t".encode(),
        f"{HEAD}\nelse\ten\tword\t\t\t".encode(),
    ],
)  # fmt: skip
def test_a_broken_list_is_one_line_and_stays_as_it_is(small: Dataset, content: bytes) -> None:
    (small.path / FILE).write_bytes(content)
    for act in (
        lambda: left_out(small), lambda: leave_out(small, [Item(SQUARE)]), lambda: Dataset(small.path).members("en"),
        lambda: Dataset(small.path).lexicon("de-en"),
    ):  # fmt: skip
        with pytest.raises(DatasetError, match=rf"^{FILE} of 'small' cannot be read .*; repair or delete it$") as told:
            act()
        assert len(str(told.value)) < 400 and "\n" not in str(told.value)
    assert (small.path / FILE).read_bytes() == content


def test_a_pipe_is_not_waited_for(small: Dataset) -> None:
    os.mkfifo(small.path / FILE)
    with pytest.raises(DatasetError, match="it is not a regular file"):
        left_out(small)


def test_two_processes_lose_nothing(small: Dataset) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from cldi_core.data.dataset import Dataset; from cldi_core.data.left_out import *\n"
        "for number in range(12): leave_out(Dataset(Path(sys.argv[1])), [Item(f'{sys.argv[2]}{number:031x}')])"
    )
    run = [subprocess.Popen([sys.executable, "-c", program, str(small.path), who], cwd=ROOT) for who in "ab"]
    assert [one.wait() for one in run] == [0, 0]
    assert len(left_out(small)) == 24
