"""Words of lists and folders of pictures: exact first, then the one that is spelled alike; what is doubtful is told."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest

from cldi_core.data import dataset, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item, leave_out
from cldi_core.data.spelling import DIFFERENCES, Spellings, plainly, spellings
from cldi_core.evaluation.pairs import open_pair
from tests.conftest import BACKBONE


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("word", "folder", "how"),
    [
        ("kuh", "Kuh", ("capitals",)),
        ("KUH", "Kuh", ("capitals",)),
        ("Köter", nfd("Köter"), ("composition (NFC)",)),
        ("köter", nfd("Köter"), ("composition (NFC)", "capitals")),
        ("вода", "вода\u0301", ("stress marks",)),
        ("Вода\u0301", "вода", ("stress marks", "capitals")),
        ("ее", "е\u0300е", ("stress marks",)),
        ("كتاب", "كِتَابٌ", ("vowel signs",)),
        ("שלום", "שָׁלוֹם", ("vowel signs",)),
        ("ΛΌΓΟΣ", "λόγος", ("capitals",)),
    ],
)
def test_a_word_gets_the_one_folder_that_is_spelled_alike(word: str, folder: str, how: tuple[str, ...]) -> None:
    (match,) = spellings([word], [folder]).matched
    assert (match.word, match.folder, match.how) == (word, folder, how)
    assert set(how) <= set(DIFFERENCES) and "differ" in str(match)
    assert spellings([word], [word, folder]) == Spellings((word,), (), (), (), (folder,)), "exact first"


@pytest.mark.parametrize(
    ("word", "folder"),
    [
        ("cafe", "café"), ("élan", "elan"), ("Bar", "Bär"), ("Masse", "Maße"), ("мои", "мой"), ("все", "всё"),
        ("ama\u0301", "ama"), ("آب", "اب"), ("рад", "рат"),
    ],
)  # fmt: skip
def test_letters_are_not_marks(word: str, folder: str) -> None:
    found = spellings([word], [folder])
    assert found.matched == () and found.unlisted == (folder,)


def test_a_folder_whose_name_is_listed_is_not_taken() -> None:
    found = spellings(["kuh", "Kuh"], ["Kuh"])
    assert found.exact == ("Kuh",) and found.matched == ()
    assert [str(one) for one in found.suggestions] == [
        "no pictures for 'kuh'; did you mean the folder 'Kuh'? (it has a word of its own)"
    ]


def test_two_words_or_two_folders_that_are_alike_are_told_and_not_matched() -> None:
    found = spellings(["kuh", "KUH"], ["Kuh"])
    assert found.matched == () and found.unlisted == ("Kuh",)
    assert [(one.word, one.folders) for one in found.suggestions] == [("kuh", ("Kuh",)), ("KUH", ("Kuh",))]
    assert all("2 words are spelled alike" in str(one) for one in found.suggestions)
    found = spellings(["kuh"], ["Kuh", "KUH"])
    assert found.matched == () and set(found.unlisted) == {"Kuh", "KUH"}
    (one,) = found.suggestions
    assert str(one) == "no pictures for 'kuh'; did you mean the folders 'Kuh' or 'KUH'? (2 folders are spelled alike)"


def test_what_differs_in_accents_is_suggested_and_the_rest_is_missing() -> None:
    found = spellings(["cafe", "cow", "run"], ["café", "run", "tree"])
    assert [str(one) for one in found.suggestions] == [
        "no pictures for 'cafe'; did you mean the folder 'café'? (more than capitals and stress marks differ)"
    ]
    assert found == Spellings(("run",), (), found.suggestions, ("cow",), ("café", "tree"))


def slow(listed: list[str], folders: list[str]) -> dict[str, str]:
    """The rule, word by word against folder by folder: word → the folder whose pictures it has."""
    have = {word: word for word in listed if word in folders}
    for word in set(listed) - set(folders):
        alike = [folder for folder in set(folders) - set(listed) if plainly(folder) == plainly(word)]
        rivals = [other for other in set(listed) - set(folders) if plainly(other) == plainly(word)]
        if len(alike) == len(rivals) == 1:
            have[word] = alike[0]
    return have


def test_random_lists_and_folders_against_the_rule() -> None:
    rng = random.Random(5)
    letters = ["a", "A", "é", "e\u0301", "E", "а", "а\u0301", "б", "б\u064e", "ш"]
    for _ in range(300):
        listed, folders = (
            ["".join(rng.choices(letters, k=rng.randint(1, 2))) for _ in range(rng.randint(0, 12))] for _ in "ab"
        )
        found = spellings(listed, folders)
        have = {word: word for word in found.exact} | {match.word: match.folder for match in found.matched}
        assert have == slow(listed, folders)
        left = [*(one.word for one in found.suggestions), *found.missing]
        assert sorted([*have, *left]) == sorted(set(listed)), "each word once"
        assert sorted([*have.values(), *found.unlisted]) == sorted(set(folders) - (set(listed) - have.keys()))


def respelled(small: Dataset) -> Dataset:
    """The tiny data set, as if its folders had been named by somebody else: Hund, rot, laufen."""
    other = {"Hund": "hund", "rot": "ROT", "laufen": "laufen\u0301", "dog": "Dog"}
    rows = [(row[0], other.get(row[1], row[1]), *row[2:]) for row in small.words.itertuples(index=False, name=None)]
    dataset.write_words(small.path, rows)
    return Dataset(small.path)


def test_members_are_by_the_spelling_of_the_lists(small: Dataset) -> None:
    before = {language: dict(small.members(language)) for language in small.languages}
    opened = respelled(small)
    assert opened.members("de") == {word: ids for word, ids in before["de"].items() if word != "laufen"} | {
        "laufen\u0301": before["de"]["laufen"]
    }, "a stress mark is none on a Latin letter"
    assert opened.members("en") == before["en"]
    assert set(opened.stored_members("de")) >= {"hund", "ROT"}
    found = opened.spellings("de")
    assert {(match.word, match.folder) for match in found.matched} == {("Hund", "hund"), ("rot", "ROT")}
    assert [one.word for one in found.suggestions] == ["laufen"] and found.missing == ("Geist",)
    pair = open_pair(opened, BACKBONE, "en-de")
    assert len(pair.target["Hund"]) == 2 and len(pair.target["laufen"]) == 0 and len(pair.source["dog"]) == 2


def test_leaving_out_changes_no_match(small: Dataset) -> None:
    opened = respelled(small)
    (one, other), ids = opened.members("de")["Hund"], opened.members("de")["rot"]
    leave_out(opened, [Item(one, "de", "hund"), Item(other, "de", "Hund"), *(Item(key) for key in ids)])
    leave_out(opened, [Item(language="en", word="dog")])
    changed = Dataset(small.path)
    assert "Hund" not in changed.members("de") and "rot" not in changed.members("de"), "by either spelling"
    assert changed.spellings("de") == opened.spellings("de") and changed.spellings("en") == opened.spellings("en")


def test_a_list_that_cannot_be_read_is_nothing_to_the_others(small: Dataset) -> None:
    whole = small.members("de")
    (small.path / "lexicon" / "fr-de.tsv").write_bytes(b"\xff\xfe")
    (small.path / "lexicon" / "notes.tsv").write_text("x", "utf-8")
    opened = Dataset(small.path)
    assert opened.members("de") == whole and opened.spellings("fr").exact == ()


def test_all_lists_of_a_language_are_looked_at(small: Dataset, tmp_path: Path) -> None:
    wordlists.write_list(small.path / "lexicon" / "de-fr.tsv", [wordlists.Row("hut", "chapeau", "N")])
    found = Dataset(small.path).spellings("de")
    assert found.matched == () and [one.word for one in found.suggestions] == ["hut"], "Hut is the word of another list"


def test_words_that_are_spelled_exactly_are_the_stored_ones(small: Dataset) -> None:
    assert small.members("de") is small.stored_members("de"), "nothing is copied"
