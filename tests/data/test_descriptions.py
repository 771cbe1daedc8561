"""Files of descriptions: read as they were written, and one line about what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import descriptions
from cldi_core.data.descriptions import Row, read_concepts, read_table, write_concepts
from cldi_core.errors import DatasetError

ROWS = [
    Row("🐄", "en", "cow", ("animal", "milk")),
    Row("🐄", "de", "Kuh", ()),
    Row("🗝", "fr", "point d’exclamation", ("clé",)),
    Row("!", "ru", "", ("знак",)),
]
CONCEPTS = "concept\tlanguage\tname\tkeywords\n"
TABLE = "picture\tlanguage\ttext\n"
Read = Callable[[Path], Any]


def put(folder: Path, text: str | bytes) -> Path:
    path = folder / descriptions.FILE
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def error_of(read: Read, path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        read(path)
    assert "\n" not in str(caught.value) and path.name in str(caught.value)
    return str(caught.value)


def test_concepts_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_concepts(tmp_path, ROWS)
    path = tmp_path / descriptions.FILE
    assert read_concepts(path) == ROWS
    write_concepts(tmp_path, ROWS[:1])
    assert read_concepts(path) == ROWS[:1], "the file is replaced"
    write_concepts(tmp_path, [])
    assert read_concepts(path) == []


@pytest.mark.parametrize(
    "row",
    [
        Row("a\tb", "en", "cow", ()),
        Row("cow", "en\n", "cow", ()),
        Row("cow", "en", "brown\tcow", ()),
        Row("cow", "en", "cow", ("milk", "a\nb")),
        Row("cow", "en", "cow", ("a|b",)),
        Row("cow", "en", " cow", ()),
        Row("cow", "en", "brown  cow", ()),
        Row("cow", "en", "cow", ("a", "")),
        Row("cow", "en", "", ()),
        Row("", "en", "cow", ()),
        Row("cow", "", "cow", ()),
    ],
    ids=repr,
)
def test_a_row_that_would_not_be_read_back_is_not_written(tmp_path: Path, row: Row) -> None:
    write_concepts(tmp_path, ROWS)
    with pytest.raises(DatasetError, match="cannot be written; expected") as caught:
        write_concepts(tmp_path, [ROWS[0], row])
    assert repr(row.concept) in str(caught.value) and "\n" not in str(caught.value)
    assert read_concepts(tmp_path / descriptions.FILE) == ROWS


def test_a_narrow_space_is_a_space(tmp_path: Path) -> None:
    """French writes one before a colon; it stays in the file."""
    write_concepts(tmp_path, [Row("#", "fr", "touches\u202f: #", ())])
    assert read_concepts(tmp_path / descriptions.FILE) == [Row("#", "fr", "touches : #", ())]
    assert "\u202f" in (tmp_path / descriptions.FILE).read_text("utf-8")


def test_a_bar_divides_keywords_only(tmp_path: Path) -> None:
    rows = [Row("|", "en", "a | b", ("pipe",))]
    write_concepts(tmp_path, rows)
    assert read_concepts(tmp_path / descriptions.FILE) == rows


def test_keywords_are_divided_and_trimmed(tmp_path: Path) -> None:
    path = put(tmp_path, CONCEPTS + "  sun \ten\t the  sun \t| a |b  c||\n\n   \nmoon\tde\tMond\t\n")
    assert read_concepts(path) == [Row("sun", "en", "the sun", ("a", "b c")), Row("moon", "de", "Mond", ())]


def test_a_table_keeps_the_order_and_several_descriptions_of_one_picture(tmp_path: Path) -> None:
    path = put(tmp_path, TABLE + "b.jpg\ten\ta cow\na.jpg\tde\teine  Kuh\nb.jpg\ten\ta brown cow\n")
    assert read_table(path) == [("b.jpg", "en", "a cow"), ("a.jpg", "de", "eine Kuh"), ("b.jpg", "en", "a brown cow")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_either_end_of_line_are_accepted(tmp_path: Path, mark: bytes, end: str) -> None:
    lines = ["Picture\tLANGUAGE\ttext ", "1.jpg\tde\teine Kuh", "2.jpg\ten\ta cow"]
    path = put(tmp_path, mark + end.join(lines).encode())
    assert read_table(path) == [("1.jpg", "de", "eine Kuh"), ("2.jpg", "en", "a cow")]


@pytest.mark.parametrize(
    ("read", "text"), [(read_concepts, TABLE), (read_table, CONCEPTS), (read_table, ""), (read_table, "1\ten\tcow\n")]
)
def test_other_headings_are_refused(tmp_path: Path, read: Read, text: str) -> None:
    message = error_of(read, put(tmp_path, text))
    assert f"begins with {text.partition(chr(10))[0]!r}" in message and "as its first line" in message
    expected = descriptions.CONCEPTS if read is read_concepts else descriptions.PICTURES
    assert ", ".join(expected) in message


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("1.jpg\ten", "has 2 columns"),
        ("1.jpg\ten\ta\tcow", "has 4 columns"),
        ("1.jpg en a cow", "has 1 columns"),
        ("\ten\ta cow", "an empty one"),
        ("1.jpg\t \ta cow", "an empty one"),
        ("1.jpg\ten\t  ", "has an empty description of '1.jpg'"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_number(tmp_path: Path, line: str, what: str) -> None:
    path = put(tmp_path, f"{TABLE}0.jpg\ten\ta cow\n\n{line}\n")
    message = error_of(read_table, path)
    assert "line 4 " in message and what in message


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("sun\ten\t\t", "describes nothing"),
        ("sun\ten\t \t | |", "describes nothing"),
        ("sun\ten\tsun", "has 3 columns"),
        ("sun\t\tsun\tstar", "an empty one"),
    ],
)
def test_a_concept_without_a_description_is_refused_with_its_line(tmp_path: Path, line: str, what: str) -> None:
    message = error_of(read_concepts, put(tmp_path, f"{CONCEPTS}moon\ten\tmoon\tnight\n{line}\n"))
    assert "line 3 " in message and what in message


@pytest.mark.parametrize("read", [read_concepts, read_table])
def test_what_cannot_be_read_is_refused(tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    latin = put(tmp_path, CONCEPTS.encode() + "key\tde\tSchlüssel\t\n".encode("latin-1"))
    assert "cannot be read" in error_of(read, latin) and "in UTF-8" in error_of(read, latin)
    assert "cannot be read" in error_of(read, tmp_path / "missing.tsv")
    assert "cannot be read" in error_of(read, tmp_path), "a folder is no file"
    monkeypatch.setattr(descriptions, "MOST", latin.stat().st_size)
    assert "cannot be read" in error_of(read, latin), "as large as may be"
    monkeypatch.setattr(descriptions, "MOST", latin.stat().st_size - 1)
    assert "is larger than" in error_of(read, latin)
