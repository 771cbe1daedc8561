"""Leaving out makes everything stale that rests on what is left out: scores, ranks, evidence, hubs, curves, maps."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item, leave_out, take_back
from cldi_core.errors import CldiError
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import evidence, hubs, learning, maps
from cldi_core.pivot import sources
from tests import pivot_data
from tests.conftest import BACKBONE, picture

ITEMS = {
    "a picture": Item(picture("square").id),
    "a picture of a word": Item(picture("square").id, "en", "hand"),
    "a candidate's picture": Item(picture("square", "de").id, "de", "groß"),
    "a word": Item(language="en", word="hat"),
    "a candidate": Item(language="de", word="Köter"),
}


KINDS = ("scores", "rankings", "evidence", "hubs", "curve", "words")


def standing(dataset: Dataset) -> set[str]:
    """What of each kind is stored and still stands."""
    pair, method = open_pair(dataset, BACKBONE, "en-de"), rankers.ranker("avgmax")
    there = {
        "scores": stored_scores.whole_of(pair, method) is not None,
        "rankings": bool(rankings.stored_rankings(pair, [method])),
        "evidence": bool(evidence.stored_evidence(pair, [method])),
        "hubs": bool(hubs.stored_hubs(pair, [method])),
        "curve": learning.stored_curve(pair) is not None,
    }
    # A map is made anew where it does not stand.
    there["words"] = maps.project(dataset, BACKBONE, ["words"])["words"] == "kept"
    return {kind for kind, is_there in there.items() if is_there}


@pytest.fixture
def scored(small: Dataset) -> Dataset:
    """The tiny data set, with everything that is kept of it."""
    pair, method = open_pair(small, BACKBONE, "en-de"), rankers.ranker("avgmax")
    found = stored_scores.scored(pair, [method])
    rankings.rankings(pair, [method], found)
    evidence.keep_evidence(pair, [method], found)
    hubs.keep_hubs(pair, [method], found)
    learning.keep_curve(pair, ["avgmax"], draws=2)
    maps.project(small, BACKBONE, ["words"])
    return small


@pytest.mark.parametrize("name", ITEMS)
def test_what_rests_on_what_is_left_out_is_stale(scored: Dataset, name: str) -> None:
    assert standing(Dataset(scored.path)) == set(KINDS)
    leave_out(scored, [ITEMS[name]])
    assert standing(Dataset(scored.path)) == set()
    take_back(scored, [ITEMS[name]])
    maps.project(Dataset(scored.path), BACKBONE, ["words"])
    assert standing(Dataset(scored.path)) == set(KINDS), "what was stored holds again"


def test_a_picture_has_a_place_on_the_map_as_long_as_a_word_has_it(small: Dataset) -> None:
    square = picture("square").id  # of hand and big
    for word, is_there in (("hand", True), ("big", False)):
        leave_out(small, [Item(square, "en", word)])
        assert (square in set(maps.coordinates(Dataset(small.path), BACKBONE, "pictures")["id"])) is is_there


def test_a_list_that_is_left_out_whole_is_told_in_one_line(small: Dataset) -> None:
    leave_out(small, [Item(language="en", word=query.word) for query in small.queries("en-de")])
    with pytest.raises(CldiError) as told:
        open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert "\n" not in str(told.value)


def test_a_picture_that_is_left_out_is_not_trained_on(tmp_path: Path) -> None:
    dataset = pivot_data.build(tmp_path / "made")
    corpus = sources.of_dataset(dataset, BACKBONE, "en-de")
    leave_out(dataset, [Item(corpus.pictures[0])])
    changed = sources.of_dataset(Dataset(dataset.path), BACKBONE, "en-de")
    assert set(corpus.pictures) - set(changed.pictures) == {corpus.pictures[0]} and changed.digest != corpus.digest
