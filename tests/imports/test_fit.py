"""What the end of an import says of lists and pictures: which words have pictures, and what is doubtful."""

from __future__ import annotations

from pathlib import Path

from cldi_core.data.wordlists import Row, write_list
from cldi_core.imports import fit
from cldi_core.imports.folder import import_folder
from cldi_core.imports.lists import import_lists
from tests.conftest import draw


def drawn(folder: Path, *words: str) -> Path:
    """A folder with one picture for each ``language/word``."""
    for word in words:
        (folder / word).mkdir(parents=True)
        (folder / word / "1.png").write_bytes(draw("sun"))
    return folder


def test_nothing_is_said_without_a_list_or_without_pictures(tmp_path: Path) -> None:
    report = import_folder(tmp_path / "set", drawn(tmp_path / "a", "en/cow", "de/Kuh"), workers=0)
    assert report.remarks == []
    write_list(tmp_path / "en-de.tsv", [Row("cow", "Kuh", "N")])
    (looked,) = import_lists(tmp_path / "other", [tmp_path / "en-de.tsv"])
    assert not any("listed words" in remark for remark in looked.report.remarks)


def test_whichever_comes_second_says_how_they_fit(tmp_path: Path) -> None:
    rows = [Row("cow", "kuh", "N"), Row("dog", "Hund", "N"), Row("cat", "Essen", "N"), Row("eat", "ESSEN", "V")]
    write_list(tmp_path / "en-de.tsv", rows)
    folder = drawn(tmp_path / "a", "en/cow", "en/extra", "de/Kuh", "de/essen")
    expected = [
        "en: 1 of 4 listed words have pictures",
        "en: no pictures for 3 listed words: 'dog', 'cat', 'eat'",
        "en: 1 of 2 words with pictures are in no list: 'extra'; score --candidates all makes them wrong answers",
        "de: 1 of 4 listed words have pictures",
        "de: 'kuh' has the pictures of 'Kuh': capitals differ",
    ]
    import_folder(tmp_path / "one", folder, workers=0)
    (second,) = import_lists(tmp_path / "one", [tmp_path / "en-de.tsv"])
    import_lists(tmp_path / "two", [tmp_path / "en-de.tsv"])
    for remarks in (second.report.remarks, import_folder(tmp_path / "two", folder, workers=0).remarks):
        assert set(expected) <= set(remarks)
        (doubt, other) = (remark for remark in remarks if "did you mean the folder 'essen'?" in remark)
        assert "'Essen'" in doubt and "'ESSEN'" in other, "one folder for two words is nobody's"


def test_long_lists_of_doubts_are_counted(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(8)]
    write_list(tmp_path / "en-de.tsv", [Row(word, word.upper(), "N") for word in words])
    folder = drawn(tmp_path / "a", *(f"de/{word}" for word in words))
    import_folder(tmp_path / "set", folder, workers=0)
    import_lists(tmp_path / "set", [tmp_path / "en-de.tsv"])
    told = list(fit.remarks(tmp_path / "set"))
    assert told[0] == "de: 8 of 8 listed words have pictures" and len(told) == 7
    assert told[-1] == "de: … and 3 more words whose folders are spelled otherwise: see check"
