"""How a candidate is related to a word and to its right answers: each relation with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import relations as module
from cldi_core.insight.relations import KINDS, Relation, other_words, relations
from tests.conftest import BACKBONE, LEXICON, picture


class FakeSenses:
    """A WordNet that knows the relations it is given: ``"one other"`` → relation."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def related(self, one: str, other: str) -> str:
        return self.known.get(f"{one} {other}", "")


@pytest.fixture(autouse=True)
def no_wordnet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.wordnet_senses, "installed", lambda: None)


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def told(pair: Pair, word: str, candidate: str, right: str = "") -> dict[str, list[str]]:
    """Kind → texts."""
    found = relations(pair, pair.find(word), candidate, right)
    assert list(dict.fromkeys(one.kind for one in found)) == [k for k in KINDS if any(one.kind == k for one in found)]
    kinds: dict[str, list[str]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one.text)
    return kinds


def with_rows(pair: Pair, *rows: tuple[str, str, str]) -> Pair:
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", [*LEXICON, *(wordlists.Row(*r) for r in rows)])
    return open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")


def test_a_wrong_candidate_that_shows_the_same(pair: Pair) -> None:
    # dog: sun, house; Hund: sun twice; Köter: house; Hut: house, tree.
    assert told(pair, "dog", "Hut") == {
        "same things": ["of the 2 things that “dog” shows, “Hut” shows 1 and “Hund” 1"],
        "right for another word": ["“Hut” is a right answer of “hat”"],
        "part of speech": ["“Hut” is listed as noun, “dog” is asked as noun: the same part of speech"],
    }
    assert told(pair, "dog", "Hut", "Köter") == {
        "same things": ["of the 2 things that “dog” shows, “Hut” shows 1 and “Köter” 1"],
        "things in common": ["of the 1 thing that “Köter” shows, “Hut” shows 1, and 2 in all"],
        "pictures in common": ["of the 1 picture of “Köter”, “Hut” has 1, and 2 in all"],
        "right for another word": ["“Hut” is a right answer of “hat”"],
        "part of speech": ["“Hut” is listed as noun, “dog” is asked as noun: the same part of speech"],
    }


def test_numbers_against_the_table_of_concepts(pair: Pair) -> None:
    concept = pair.dataset.pictures.table["concept"].to_dict()
    members = {**pair.dataset.members("de"), **pair.dataset.members("en")}
    for number, query in enumerate(pair.queries):
        for candidate in pair.target.words:
            right = query.right[0]
            keys = {word: set(members.get(word, ())) for word in (candidate, right)}
            keys["source"] = set(pair.dataset.members("en").get(query.word, ()))
            things = {word: {concept[key] for key in own} for word, own in keys.items()}
            found = {one.kind: one.text for one in relations(pair, number, candidate)}
            both = things["source"] & things[candidate]
            assert ("same things" in found) == bool(both)
            if both:
                assert found["same things"].startswith(f"of the {len(things['source'])} thing")
                assert f"“{candidate}” shows {len(both)}" in found["same things"]
            common = things[right] & things[candidate] if candidate != right else set()
            assert ("things in common" in found) == bool(common)
            if common:
                assert (
                    f"“{candidate}” shows {len(common)}, and {len(things[candidate])} in all"
                    in found["things in common"]
                )
            shared = keys[right] & keys[candidate] if candidate != right else set()
            assert ("pictures in common" in found) == bool(shared | (keys["source"] & keys[candidate]))


def test_a_right_answer(pair: Pair) -> None:
    found = told(pair, "run", "rennen")
    assert found["right"] == ["“rennen” is a right answer of “run”"] and "right for another word" not in found
    assert found["same things"] == ["of the 3 things that “run” shows, “rennen” shows 2 and “laufen” 1"]
    assert told(pair, "run", "laufen")["same things"] == ["of the 3 things that “run” shows, “laufen” shows 1"]


def test_nothing_is_known_of_words_without_pictures_or_concepts(pair: Pair) -> None:
    assert told(pair, "ghost", "Geist") == {
        "right": ["“Geist” is a right answer of “ghost”"],
        "part of speech": ["“Geist” is listed as noun, “ghost” is asked as noun: the same part of speech"],
    }
    assert list(told(pair, "ghost", "Hund")) == ["right for another word", "part of speech"]
    assert list(told(pair, "dog", "Geist")) == ["right for another word", "part of speech"]


def test_pictures_that_belong_to_both_languages(small: Dataset) -> None:
    rows = list(small.words.itertuples(index=False, name=None))
    shared = picture("sun").id
    assert ("en", "dog", 0, shared) in rows
    datasets.write_words(small.path, [*rows, ("de", "Hut", 7, shared), ("de", "Hund", 7, shared)])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert told(pair, "dog", "Hut")["pictures in common"] == [
        "of the 3 pictures of “Hund”, “Hut” has 1, and 3 in all",
        "of the 2 pictures of “dog”, “Hut” has 1, and 3 in all",
    ]  # fmt: skip
    assert told(pair, "dog", "Hund")["pictures in common"] == ["of the 2 pictures of “dog”, “Hund” has 1, and 3 in all"]


def test_same_spelling_and_parts_of_speech(pair: Pair) -> None:
    pair = with_rows(pair, ("big", "Hand", "V"), ("big", "Rün", "N"))
    assert told(pair, "hand", "Hand")["same spelling"] == ["“Hand” is spelled as the source word “hand”"]
    assert told(pair, "run", "Rün")["same spelling"] == ["“Rün” is spelled as the source word “run”"]
    assert told(pair, "run", "Hand")["part of speech"] == [
        "“Hand” is listed as noun and verb, “run” is asked as verb: the same part of speech"
    ]
    assert told(pair, "red", "Hand")["part of speech"] == [
        "“Hand” is listed as noun and verb, “red” is asked as adjective: another part of speech"
    ]
    assert "same spelling" not in told(pair, "run", "Hand")


def test_right_for_words_that_share_right_answers(pair: Pair) -> None:
    pair = with_rows(
        pair, ("race", "rennen", "N"), ("race", "Hut", "N"), ("race", "laufen", "V"), ("jog", "laufen", "V")
    )
    found = told(pair, "run", "Hut")
    assert found["right for a synonym"] == [
        "“Hut” is a right answer of “race”, which has 2 of the 2 right answers of “run” too"
    ]
    assert found["right for another word"] == ["“Hut” is a right answer of “hat”"]
    others = other_words(pair, pair.queries[pair.find("run")], "laufen")
    assert [(one.word, one.shared, one.of, one.wordnet) for one in others] == [("race", 2, 2, ""), ("jog", 1, 2, "")]


@pytest.mark.parametrize(
    ("relation", "kind", "phrase"),
    [
        ("the same synset", "right for a synonym", "in a synset with “dog” in WordNet"),
        ("a hypernym of", "WordNet", "a hypernym of “dog” in WordNet"),
        ("a hyponym of", "WordNet", "a hyponym of “dog” in WordNet"),
        ("derivationally related", "WordNet", "derivationally related to “dog” in WordNet"),
        ("an antonym of", "WordNet", "an antonym of “dog” in WordNet"),
        ("share a hypernym", "WordNet", "with a hypernym that “dog” has too in WordNet"),
    ],
)
def test_right_for_a_relative_in_wordnet(
    pair: Pair, relation: str, kind: str, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert relation in module.wordnet_senses.RELATIONS
    monkeypatch.setattr(module.wordnet_senses, "installed", lambda: FakeSenses({"hat dog": relation}))
    assert told(pair, "dog", "Hut")[kind] == [f"“Hut” is a right answer of “hat”, {phrase}"]
    assert kind not in told(pair, "hat", "Hund"), "the other way round nothing was said"


def test_many_other_words_are_counted(pair: Pair) -> None:
    pair = with_rows(pair, *((f"word{number}", "Hut", "N") for number in range(5)))
    assert told(pair, "dog", "Hut")["right for another word"] == [
        "“Hut” is a right answer of “hat”; “word0”; “word1”; and 3 more"
    ]


def test_a_wordnet_that_is_broken_is_as_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Sequence[object]:
        raise DatasetError("no WordNet there")

    before = relations(pair, pair.find("dog"), "Hut")
    monkeypatch.setattr(module.wordnet_senses, "installed", broken)
    assert relations(pair, pair.find("dog"), "Hut") == before


def test_wordnet_is_of_english_words_only(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [wordlists.Row("Hund", "hat", "N"), wordlists.Row("Hut", "dog", "N")]
    wordlists.write_list(small.path / "lexicon" / "de-en.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "de-en")
    monkeypatch.setattr(module.wordnet_senses, "installed", lambda: FakeSenses({"Hut Hund": "the same synset"}))
    assert "right for a synonym" not in told(pair, "Hund", "dog")


def test_words_that_are_not_there(pair: Pair) -> None:
    for candidate, right in (("cow", ""), ("dog", ""), ("Hund", "Kuh")):
        with pytest.raises(UnknownNameError, match="unknown word"):
            relations(pair, 0, candidate, right)


def test_hostile_words_stay_as_they_are(pair: Pair) -> None:
    evil = "<b>[x](javascript:1)</b>"
    pair = with_rows(pair, (evil, "Hut", "N"))
    (one, _, last) = relations(pair, pair.find(evil), "Hut")[:3]
    assert one == Relation("right", f"“Hut” is a right answer of “{evil}”") and evil in last.text
