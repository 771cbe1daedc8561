"""Pairs: the word list joined with the pictures of both languages."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.methods import METHODS
from tests.conftest import BACKBONE, LEXICON

RANKED = [*METHODS, *CONTROLS]


RANKERS = {name: rankers.RANKERS[name] for name in RANKED}


def test_a_pair_joins_words_pictures_and_features(pair: Pair) -> None:
    assert pair.languages == ("en", "de")
    assert pair.source.words == ("dog", "hat", "hand", "ghost", "run", "red", "big")
    assert pair.target.words == ("Hund", "Köter", "Hut", "Hand", "Geist", "laufen", "rennen", "rot", "groß")
    assert pair.rows.tolist() == list(range(7))
    assert pair.gold == ((0, 1), (2,), (3,), (4,), (5, 6), (7,), (8,))
    assert pair.target_pos["Köter"] == "N" and pair.target_pos["rennen"] == "V"


def test_words_under_two_parts_of_speech_share_their_pictures(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("red", "rot", "N"), wordlists.Row("run", "Hund", "A")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert pair.rows[pair.find("red.N")] == pair.rows[pair.find("red.A")]
    assert pair.target_pos["rot"] == "AN" and pair.target_pos["Hund"] == "NA"
    assert pair.gold[pair.find("run.A")] == (0,)


def test_words_are_found_by_id_word_or_part_of_speech(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("red", "Rot", "N")])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    ids = [query.id for query in pair.queries]
    assert ids[pair.find("red")] == "red.N"
    assert ids[pair.find("red", "A")] == ids[pair.find("red.A")] == "red.A"
    assert ids[pair.find("run")] == "run.V"
    for word in ("runn", "run.N", ""):
        with pytest.raises(UnknownNameError, match="unknown word"):
            pair.find(word)


def test_unknown_pairs_and_backbones(small: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="language pair 'en-fr'"):
        open_pair(small, BACKBONE, "en-fr")
    with pytest.raises(UnknownNameError, match="extract --dataset small --backbone vgg19"):
        open_pair(small, "vgg19", "en-de")


def test_a_pair_of_some_words_keeps_all_candidates(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("red", "Hut", "N")])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    part = pair.of_words(["red", "dog"])
    assert part.source.words == ("red", "dog") and part.target is pair.target
    asked = [(query.id, part.source.words[row], [part.target.words[column] for column in right])
             for query, row, right in zip(part.queries, part.rows, part.gold, strict=True)]  # fmt: skip
    assert asked == [("dog.N", "dog", ["Hund", "Köter"]), ("red.A", "red", ["rot"]), ("red.N", "red", ["Hut"])]
    assert part.key != pair.key and part.index == {"dog.N": 0, "red.A": 1, "red.N": 2}
    for name in ("avgmax", "cnn-max"):
        whole = RANKERS[name].scores(pair)
        np.testing.assert_array_equal(RANKERS[name].scores(part), whole[[pair.source.row(w) for w in ("red", "dog")]])


def test_a_part_of_speech_may_be_left_open(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("red", "Hut", "V"), wordlists.Row("red", "Hund", "N")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    ids = [query.id for query in pair.queries]
    for pos, expected in (("", "N"), ("VA", "V"), ("AV", "A"), ("N", "N")):
        assert ids[pair.find("red", pos)] == f"red.{expected}"
    with pytest.raises(UnknownNameError, match="dog"):
        pair.find("dog", "VA")
