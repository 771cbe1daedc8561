"""What looks odd in a word list is said: another pair's words, columns exchanged, the first suspicious lines."""

from __future__ import annotations

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.imports.lists import look

GERMAN = ["Kuh", "Hund", "Äpfel", "Straße", "Mädchen", "Bär", "Tür", "Fuß", "groß", "süß", "König", "Brötchen"]
FRENCH = ["vache", "chien", "pomme", "élève", "garçon", "forêt", "tête", "école", "château", "fenêtre", "frère", "père"]
RUSSIAN = [
    "корова",
    "собака",
    "яблоко",
    "улица",
    "девочка",
    "медведь",
    "дверь",
    "нога",
    "большой",
    "сладкий",
    "король",
    "хлеб",
]
ENGLISH = ["cow", "dog", "apple", "street", "girl", "bear", "door", "foot", "big", "sweet", "king", "bread"]


def remarks(source: list[str], target: list[str], pair: str = "en-de", dataset: Dataset | None = None) -> list[str]:
    text = "".join(f"{one}\t{other}\tN\n" for one, other in zip(source, target, strict=True))
    return look(text.encode(), f"{pair}.tsv", dataset=dataset).report.remarks


@pytest.mark.parametrize(
    ("pair", "words"), [("en-de", GERMAN), ("en-fr", FRENCH), ("en-ru", RUSSIAN), ("en-xx", GERMAN)]
)
def test_nothing_is_said_of_a_list_of_its_pair(pair: str, words: list[str]) -> None:
    assert remarks(ENGLISH, words, pair) == []


@pytest.mark.parametrize(
    ("pair", "words"), [("en-de", FRENCH), ("en-de", RUSSIAN), ("en-ru", GERMAN), ("en-fr", GERMAN)]
)
def test_the_list_of_another_pair_is_noticed(pair: str, words: list[str]) -> None:
    (line,) = remarks(ENGLISH, words, pair)
    assert line.startswith(f"the translations are not written as {pair[3:]} is") and "another pair?" in line
    assert any(repr(word) in line for word in words)


@pytest.mark.parametrize(("pair", "words"), [("en-de", GERMAN), ("en-ru", RUSSIAN), ("en-fr", FRENCH)])
def test_exchanged_columns_are_noticed(pair: str, words: list[str]) -> None:
    (line,) = remarks(words, ENGLISH, pair)
    assert line.startswith("its columns look exchanged")


def test_single_lines_that_look_odd_are_named_ten_at_most() -> None:
    odd = {
        "Кошка": "not in the letters of de",
        "MÃ¼ll": "wrong encoding",
        "<b>Kuh</b>": "markup",
        "Kuh; Rind": "several",
    }
    found = remarks(ENGLISH + list("abcd"), [*GERMAN, *odd])
    assert [line.split(":")[0] for line in found] == [f"line {number}" for number in range(13, 17)]
    assert all(word in line and why in line for line, (word, why) in zip(found, odd.items(), strict=True))
    many = remarks(ENGLISH * 3, GERMAN * 2 + ["Kuh; Rind"] * 12)
    assert len(many) == 10 and many[0].startswith("line 25: ")


def test_a_few_words_of_another_language_are_nothing() -> None:
    assert remarks(["café", *ENGLISH], ["Café", *GERMAN]) == []
    assert remarks(["cow"], ["Kuh"]) == [] and remarks(["CD", *ENGLISH], ["TV", *RUSSIAN], "en-ru")[1:] == []


def test_pictures_tell_what_letters_cannot(small: Dataset) -> None:
    english, german = (list(small.members(language)) for language in ("en", "de"))
    count = min(len(english), len(german), 6)
    lines = remarks(german[:count], english[:count], dataset=small)
    assert [("have pictures as words of" in line, "columns exchanged?" in line) for line in lines] == [(True, True)] * 2
    assert not any("pictures" in line for line in remarks(english[:count], german[:count], dataset=small))
    (line,) = [line for line in remarks(ENGLISH[:count], german[:count], "en-fr", small) if "pictures" in line]
    assert "another pair?" in line
