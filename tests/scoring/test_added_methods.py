"""A method that somebody adds to ``METHODS`` is explained as far as it can be, and never an error."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring.answer_subsets import answer_cost, answer_rows, monotone
from cldi_core.scoring.attribution import WHOLE, attribution
from cldi_core.scoring.imagesets import ImageSets, similarity
from cldi_core.scoring.methods import METHODS, Method, Options
from cldi_core.scoring.scores import score
from cldi_core.scoring.subsets import Subsets
from tests.scoring.test_scores import S, T, sets_of


def median(source: ImageSets, target: ImageSets, options: Options, device: str) -> np.ndarray:
    scores = np.zeros((len(source), len(target)), np.float32)
    for row, word in enumerate(source.words):
        for column, candidate in enumerate(target.words):
            if len(source[word]) and len(target[candidate]):
                scores[row, column] = np.median(similarity(source[word], target[candidate]).max(axis=1))
    return scores


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "median", Method("median", "MEDIAN", "", "", compute=median))


@pytest.mark.parametrize("method", ["median", "median+csls", "rrf=median,avgmax"])
def test_the_scores_of_subsets_are_those_of_the_method(method: str) -> None:
    source, target = sets_of(S), sets_of(T)
    made = Subsets(source, target, "w2", method, {})
    count = len(source.rows("w2"))
    kept = np.vstack([np.ones(count, bool), np.arange(count) > 0])
    found = made.scores(kept)
    assert made.cost >= 1
    for mask, row in zip(kept, found, strict=True):
        now = source.with_rows("w2", source.rows("w2")[mask])
        np.testing.assert_allclose(row, score(now, target, method)[2], atol=1e-6)
    columns = np.ones((1, len(target.rows("w1"))), bool)
    rows = answer_rows(source, target, "w2", "w1", method, columns, {})
    np.testing.assert_allclose(rows[0], score(source, target, method)[2], atol=1e-6)
    assert answer_cost(method) >= 1 and not monotone(method)


def test_a_score_that_nobody_can_take_apart_is_left_whole() -> None:
    source, target = sets_of(S), sets_of(T)
    found = attribution(source, target, "w2", "w1", "median", {})
    expected = float(score(source, target, "median")[2, 1])
    assert found.score == expected and not found.shares.any()
    assert found.parts == ((WHOLE, expected),)
    corrected = attribution(source, target, "w2", "w1", "median+csls", {})
    total = float(score(source, target, "median+csls")[2, 1])
    assert corrected.correction == pytest.approx(total, abs=1e-6)
