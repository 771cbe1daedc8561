"""A word list asked in the other direction: its queries, and its scores against those of the list as it is."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.methods import METHODS
from tests import oracles, ranked
from tests.conftest import BACKBONE, LEXICON

SYMMETRIC = ("avgmax-sym", "maxmax", "cnn-mean", "cnn-max")


@pytest.fixture
def both(small: Dataset) -> tuple[Pair, Pair]:
    return open_pair(small, BACKBONE, "en-de"), open_pair(small, BACKBONE, "de-en")


def test_a_list_is_asked_in_two_directions(small: Dataset) -> None:
    assert (small.pairs, small.directions) == (("en-de",), ("en-de", "de-en"))
    assert (small.back("en-de"), small.back("de-en"), small.back("en-fr"), small.back("x")) == (
        "de-en",
        "en-de",
        "",
        "",
    )
    assert small.lexicon("de-en") == [wordlists.Row(row.target, row.source, row.pos) for row in LEXICON]
    with pytest.raises(UnknownNameError, match="de-en"):
        small.lexicon("en-fr")


def test_a_list_on_disk_goes_before_one_that_is_turned_round(small: Dataset) -> None:
    own = [wordlists.Row("Hund", "dog", "N")]
    wordlists.write_list(small.path / "lexicon" / "de-en.tsv", own)
    wordlists.write_list(small.path / "lexicon" / "en-fr.tsv", LEXICON[:1])
    (small.path / "lexicon" / "notes.tsv").write_text("a list without a pair", "utf-8")
    opened = Dataset(small.path)
    assert opened.directions == ("de-en", "en-de", "en-fr", "notes", "fr-en")
    assert opened.lexicon("de-en") == own and len(opened.lexicon("en-de")) == len(LEXICON)
    assert opened.alike("en-fr") == ("en-de", "en-fr", "notes") and opened.alike("de-en") == ("de-en", "fr-en")


def test_pairs_without_english_have_their_direction_from_the_disk(small: Dataset) -> None:
    for name in ("fr-it", "en-fr"):
        wordlists.write_list(small.path / "lexicon" / f"{name}.tsv", LEXICON[:1])
    opened = Dataset(small.path)
    assert opened.alike("fr-it") == opened.alike("en-de") == ("en-de", "en-fr", "fr-it")
    assert opened.alike("it-fr") == opened.alike("de-en") == ("de-en", "fr-en", "it-fr")


def test_a_reversed_pair_asks_the_other_words(both: tuple[Pair, Pair]) -> None:
    forward, back = both
    right: dict[str, list[str]] = {}
    for row in LEXICON:
        right.setdefault(f"{row.target}.{row.pos}", []).append(row.source)
    assert {query.id: list(query.right) for query in back.queries} == right
    assert (back.source.words, back.target.words) == (forward.target.words, forward.source.words)
    assert back.languages == ("de", "en") and back.target_pos["run"] == "V"
    assert [back.target.words[column] for column in back.gold[back.find("Köter")]] == ["dog"]
    assert back.key != forward.key


def test_scores_of_a_reversed_pair(both: tuple[Pair, Pair]) -> None:
    """Methods that treat both sides alike: the transpose.  AVGMAX from the pictures, in a loop."""
    forward, back = (ranked.scores(pair, [*SYMMETRIC, "avgmax", "spelling", "identity"]) for pair in both)
    for name in (*SYMMETRIC, "spelling", "identity"):
        np.testing.assert_allclose(back[name], forward[name].T, atol=1e-6, err_msg=name)
    pair = both[1]
    for row, word in enumerate(pair.source.words):
        for column, candidate in enumerate(pair.target.words):
            one, other = pair.source[word], pair.target[candidate]
            expected = oracles.avgmax(list(one), list(other)) if len(one) and len(other) else np.nan
            np.testing.assert_allclose(back["avgmax"][row, column], expected, atol=1e-6)
    assert np.nanmax(np.abs(back["avgmax"] - forward["avgmax"].T)) > 0.01, "AVGMAX has a direction"


def test_every_method_ranks_a_reversed_pair(both: tuple[Pair, Pair]) -> None:
    names = [*METHODS, "spelling", "identity", "maxmax+csls", "rrf=avgmax,cnn-mean"]
    frames = ranked.rankings(both[1], names)
    covered = {query.id for query in both[1].queries} - {"Geist.N"}
    for name, frame in frames.items():
        known = set(frame["query"][frame["rank"].notna()])
        assert known == covered | ({"Geist.N"} if name == "spelling" else set()), name
        assert set(frame["right"]) <= set(both[1].target.words)
    assert ranked.stored_rankings(both[0], ["avgmax"]) == {}, "they are kept apart"
