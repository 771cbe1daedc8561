"""Rank fusion of corrected methods: what these are made from is at hand whole, the others need the word's row alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.insight.what_if import Edit, edited_bases
from cldi_core.scoring import Scores
from cldi_core.scoring.scores import score
from cldi_core.scoring.subsets import Subsets
from tests.conftest import BACKBONE

FUSED = [
    "rrf=avgmax,avgmax+csls",
    "rrf=avgmax+csls,avgmax",
    "rrf=knn,avgmax+csls",
    "rrf=avgmax,cnn-mean+isf,avgmax+isf",
]


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("left_out", [0, 1])
def test_whole_matrices_are_given_of_what_is_corrected(pair: Pair, name: str, left_out: int) -> None:
    """Also where the corrected method is fused itself, and where the right answer has lost a picture."""
    ranker = rankers.ranker(name)
    stored_scores.scored(pair, [ranker])
    edit = Edit((), tuple(pair.target.word_ids("rennen")[:left_out]), "rennen")
    now = pair.without({}, {edit.candidate: edit.target})
    made = edited_bases(pair, ranker, "run", edit, lambda base: stored_scores.whole_of(pair, base))
    assert made is not None
    corrected = {base.name.partition("+")[0] for base in ranker.bases if "+" in base.name}
    assert corrected <= set(made)
    row = pair.source.row("run")
    for base, matrix in made.items():
        expected = score(now.source, now.target, base)
        np.testing.assert_allclose(matrix if base in corrected else matrix[row], expected if base in corrected
                                   else expected[row], rtol=0, atol=1e-6)  # fmt: skip
        assert base in corrected or np.isnan(np.delete(matrix, row, axis=0)).all()


@pytest.mark.parametrize("name", FUSED)
def test_subsets_of_the_word_are_ranked_as_if_scored_from_scratch(pair: Pair, name: str) -> None:
    ranker, ids = rankers.ranker(name), pair.source.word_ids("run")
    stored_scores.scored(pair, [ranker])
    made = edited_bases(pair, ranker, "run", Edit(), lambda base: stored_scores.whole_of(pair, base))
    assert made is not None
    kept = np.array(list(itertools.product([False, True], repeat=len(ids)))[1:])
    found = Subsets(pair.source, pair.target, "run", name, made).scores(kept)
    for mask, own in zip(kept, found, strict=True):
        now = pair.without({"run": [key for key, stays in zip(ids, mask, strict=True) if not stays]}, {})
        expected = score(now.source, now.target, name)[now.source.row("run")]
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-6)


def test_without_the_scores_that_are_corrected_nothing_is_known(pair: Pair) -> None:
    def stored(base: Ranker) -> Scores | None:
        return None if base.name == "avgmax" else stored_scores.whole_of(pair, base)

    ranker = rankers.ranker("rrf=knn,avgmax+csls")
    stored_scores.scored(pair, [ranker])
    assert edited_bases(pair, ranker, "run", Edit(), stored) is None
    plain = rankers.ranker("rrf=knn,avgmax")
    assert edited_bases(pair, plain, "run", Edit(), lambda base: None) is not None
