"""Multi30k's texts: the right counts, and one line about what is wrong with them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cldi_core.errors import DatasetError
from cldi_core.pivot import multi30k

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "multi30k"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the published texts are not at hand")
ENGLISH = [f"A picture of thing {number}." for number in range(1, 8)]
GERMAN = [f"Ein Bild von Ding {number}." for number in range(1, 8)]


def put(folder: Path, name: str, lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both tasks of one split, seven pictures; German plain, English gzipped."""
    put(tmp_path, "val.en.gz", ENGLISH)
    put(tmp_path, "val.de", GERMAN)
    put(tmp_path, "val.images.txt", [f"{number}.jpg" for number in range(7)])
    for number in range(1, 6):
        put(tmp_path, f"task2.val.{number}.en.gz", [f"{line} {number}" for line in ENGLISH])
        put(tmp_path, f"task2.val.{number}.de", [f"{line} {number}" for line in GERMAN])
    return tmp_path


def test_both_tasks_of_a_small_twin(folder: Path) -> None:
    one = multi30k.task1(folder, "val")
    assert one.pictures == tuple(f"{number}.jpg" for number in range(7))
    assert one.texts["de"][2] == ("Ein Bild von Ding 3.",) and one.texts["en"][6] == ("A picture of thing 7.",)
    two = multi30k.task2(folder, "val")
    assert two.pictures == one.pictures
    assert two.texts["en"][0] == tuple(f"A picture of thing 1. {number}" for number in range(1, 6))
    (folder / "val.images.txt").unlink()
    assert multi30k.task2(folder, "val").pictures[:2] == ("val/1", "val/2")


@real
def test_the_published_texts() -> None:
    val = multi30k.task1(REAL, "val", ("en", "de", "fr"))
    assert len(val.pictures) == len(set(val.pictures)) == 1014
    assert {language: len(texts) for language, texts in val.texts.items()} == {"en": 1014, "de": 1014, "fr": 1014}
    test = multi30k.task1(REAL, "test_2016_flickr")
    assert len(test.pictures) == 1000
    two = multi30k.task2(REAL, "test_2016")
    assert two.pictures == test.pictures
    for language in ("en", "de"):
        assert len(two.texts[language]) == 1000
        assert {len(texts) for texts in two.texts[language]} == {5}


def error_of(folder: Path, task: str = "task1") -> str:
    with pytest.raises(DatasetError) as caught:
        getattr(multi30k, task)(folder, "val")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_misaligned_files_are_refused_with_the_line(folder: Path) -> None:
    put(folder, "val.de", GERMAN[:5])
    assert "'val.en.gz' goes on at line 6 where 'val.de' has ended (7 and 5 lines)" in error_of(folder)
    put(folder, "task2.val.3.de", [*GERMAN, "Noch eins."])
    message = error_of(folder, "task2")
    assert "'task2.val.3.de' goes on at line 8 where 'task2.val.1.en.gz' has ended" in message
    put(folder, "val.de", GERMAN)
    put(folder, "val.images.txt", ["0.jpg"])
    assert "goes on at line 2 where 'val.images.txt' has ended" in error_of(folder)


@pytest.mark.parametrize("line", ["", "   ", "\t"])
def test_empty_descriptions_are_refused_with_the_line(folder: Path, line: str) -> None:
    put(folder, "val.de", [*GERMAN[:3], line, *GERMAN[4:]])
    assert "'val.de' has an empty line 4" in error_of(folder)


def test_missing_files_say_which_and_where_to_get_them(folder: Path) -> None:
    (folder / "task2.val.4.de").unlink()
    message = error_of(folder, "task2")
    assert "no task2.val.4.de.gz and no task2.val.4.de" in message and "Multi30k repository" in message
    (folder / "val.images.txt").unlink()
    assert "no val.images.txt" in error_of(folder)


@pytest.mark.parametrize("data", [b"\xff\xfe broken", b"\x1f\x8b\x08 cut"])
def test_unreadable_files_are_named(folder: Path, data: bytes) -> None:
    (folder / "val.en.gz").write_bytes(data)
    assert "'val.en.gz' cannot be read" in error_of(folder)
    (folder / "val.en.gz").unlink()
    (folder / "val.en").write_bytes(b"\xff\xfe broken")
    assert "'val.en' cannot be read" in error_of(folder)


def test_a_truncated_archive(folder: Path) -> None:
    data = (folder / "val.en.gz").read_bytes()
    (folder / "val.en.gz").write_bytes(data[:-12])
    assert "'val.en.gz' cannot be read" in error_of(folder)


def test_an_archive_that_grows_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi30k, "MOST", 100)
    assert "more than 100 bytes" in error_of(folder)


def test_an_archive_of_just_that_size_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = sum(len(line) + 1 for line in ENGLISH)
    monkeypatch.setattr(multi30k, "MOST", most)
    assert len(multi30k.task1(folder, "val", ("en",)).pictures) == 7
    monkeypatch.setattr(multi30k, "MOST", most - 1)
    with pytest.raises(DatasetError, match=f"'val.en.gz' has more than {most - 1} bytes"):
        multi30k.task1(folder, "val", ("en",))


def test_a_file_is_never_cut_whatever_its_letters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter may be several bytes: 8 lines of 3 letters are 32 characters and 56 bytes."""
    put(folder, "val.de", ["ßßß"] * 8)
    monkeypatch.setattr(multi30k, "MOST", 56)
    assert multi30k._lines(folder / "val.de") == ["ßßß"] * 8
    for most in (55, 54, 49, 48, 33, 32):
        monkeypatch.setattr(multi30k, "MOST", most)
        with pytest.raises(DatasetError, match=f"'val.de' has more than {most} bytes"):
            multi30k._lines(folder / "val.de")


def test_an_archive_that_is_broken_inside(folder: Path) -> None:
    data = bytearray((folder / "val.en.gz").read_bytes())
    data[10] = 0xFF  # the first byte behind the header: no kind of block
    (folder / "val.en.gz").write_bytes(data)
    assert "'val.en.gz' cannot be read" in error_of(folder)


def test_of_several_files_of_one_name_the_first_is_read(folder: Path) -> None:
    put(folder, "val.en", ENGLISH[::-1])
    assert multi30k.task1(folder, "val").texts["en"][0] == (ENGLISH[0],), "gzipped, as they are published"
    for name in ("val.lst", "val.txt"):
        put(folder, name, [f"{name}/{number}" for number in range(7)])
    assert multi30k.task1(folder, "val").pictures[0] == "0.jpg"
    (folder / "val.images.txt").unlink()
    assert multi30k.task1(folder, "val").pictures[0] == "val.lst/0"
    (folder / "val.lst").unlink()
    assert multi30k.task1(folder, "val").pictures[0] == "val.txt/0"
    assert multi30k.task2(folder, "val").pictures[0] == "val/1", "those of task 2 are in no other file"


def test_names_of_flickr_are_those_of_task_2(folder: Path) -> None:
    put(folder, "val_flickr.images.txt", [f"flickr {number}.jpg" for number in range(7)])
    assert multi30k.task2(folder, "val").pictures[0] == "0.jpg", "its own come first"
    (folder / "val.images.txt").unlink()
    assert multi30k.task2(folder, "val").pictures == tuple(f"flickr {number}.jpg" for number in range(7))
    put(folder, "val_flickr.images.txt", ["flickr 0.jpg"])
    assert "goes on at line 2 where 'val_flickr.images.txt' has ended (7 and 1 lines)" in error_of(folder, "task2")


def test_spaces_and_ends_of_lines_are_no_part_of_a_description(folder: Path) -> None:
    (folder / "val.de").write_bytes("\r\n".join(f"  {line}  " for line in GERMAN).replace(" Bild ", "\tBild ").encode())
    assert multi30k.task1(folder, "val").texts["de"] == tuple((line,) for line in GERMAN)
    (folder / "val.de").write_bytes("".join(f"{line}\n" for line in GERMAN).encode() + b"\n")
    assert "'val.de' has an empty line 8" in error_of(folder)


def test_files_without_a_line_describe_nothing(folder: Path) -> None:
    for name in ("val.en.gz", "val.de", "val.images.txt"):
        put(folder, name, [])
    assert multi30k.task1(folder, "val") == multi30k.Described((), {"en": (), "de": ()})
