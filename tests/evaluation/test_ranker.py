"""Rankers: whatever is such a record is scored, kept and found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cldi_core.errors import DatasetError
from cldi_core.evaluation import image_methods, rankings, stored_scores
from cldi_core.evaluation import ranker as ranker_module
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import CONTROL, IMAGES, Ranker, Work
from cldi_core.scoring.methods import METHODS, find_method
from tests import ranked
from tests.evaluation.conftest import RANKERS, again


def test_a_ranker_gives_the_same_scores_alone_and_together(pair: Pair) -> None:
    together = ranked.scores(pair, RANKERS)
    for name, ranker in RANKERS.items():
        np.testing.assert_allclose(ranker.scores(pair), together[name], atol=1e-6, err_msg=name)


def test_whatever_is_such_a_record_is_scored_kept_and_found(pair: Pair) -> None:
    """Evaluation asks no more of a ranker than its record says."""
    asked: list[str] = []

    def by_length(own: Pair) -> np.ndarray:
        asked.append(own.name)
        return -np.abs(np.subtract.outer([*map(len, own.source.words)], [*map(len, own.target.words)])).astype("f4")

    own = Ranker("length", "Length", "By letters.", "", "", CONTROL, key=lambda pair: "k", scores=by_length)
    first = rankings.rankings(pair, [own])["length"]
    assert first["rank"][pair.find("hand")] == 2, "Hand, Hund and groß have four letters"
    assert stored_scores.scored(again(pair), [own])["length"].found
    pd.testing.assert_frame_equal(rankings.stored_rankings(again(pair), [own])["length"], first, check_dtype=False)
    assert asked == ["en-de"]
    other = dataclasses.replace(own, key=lambda pair: "other")
    assert rankings.stored_rankings(pair, [other]) == {} and not stored_scores.scored(pair, [other])["length"].found
    assert asked == ["en-de"] * 2


@pytest.mark.parametrize("folder", ["scores", "rankings"])
def test_what_cannot_rank_a_pair_hides_nothing_that_can(pair: Pair, folder: str) -> None:
    def refuse(own: Pair) -> str:
        raise DatasetError("no")

    first = RANKERS["avgmax"]
    rankings.rankings(pair, [first])
    never = dataclasses.replace(first, name="never", key=refuse)
    assert list(rankings.stored_rankings(pair, [never, first])) == ["avgmax"]
    with pytest.raises(DatasetError, match="no"):
        (stored_scores.scored if folder == "scores" else rankings.rankings)(pair, [first, never])


def test_what_shares_nothing_is_scored_one_by_one(pair: Pair) -> None:
    made = ranker_module.one_by_one(Work(pair, [RANKERS["spelling"], RANKERS["identity"]], device="cuda"))
    assert list(made) == ["spelling", "identity"]
    for name, one in made.items():
        np.testing.assert_array_equal(one.matrix, RANKERS[name].scores(pair))
        assert (one.device, one.computed, one.error, one.found) == ("cpu", 63, 0, False) and one.seconds > 0
        assert one.key == RANKERS[name].full_key(pair) and one.recipe == RANKERS[name].recipe
        assert [keys.tolist() for keys in (one.source_keys, one.target_keys)] == [k.tolist() for k in pair.keys]


@pytest.mark.parametrize("name", [*METHODS, "knn+csls", "rrf=avgmax+isf,maxmax"])
def test_an_image_method_as_a_ranker_is_what_its_record_says(name: str) -> None:
    method = find_method(name)
    one = image_methods.ranker_of(method)
    for field in ("name", "label", "about", "formula", "source", "bounds", "by_row", "ranks_all"):
        assert getattr(one, field) == getattr(method, field), field
    assert one.kind == IMAGES and [base.name for base in one.bases] == list(method.bases)
    assert (one.row is None) == bool(method.bases)
    assert one.depth == (1 + max(base.depth for base in one.bases) if one.bases else 0)


def test_what_a_ranker_does_not_say_of_itself() -> None:
    """Scores as of cosines, of each word by itself, for every pair."""
    own = Ranker("x", "X", "", "", "", CONTROL, key=lambda pair: "", scores=lambda pair: np.zeros((1, 1)))
    assert (own.bounds, own.by_row, own.ranks_all, own.row, own.bases, own.depth) == ((-1, 1), True, True, None, (), 0)
    assert own.available(None, "", "") is True and own.together is None and own.parameters == {}
