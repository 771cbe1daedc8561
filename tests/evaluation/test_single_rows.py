"""The scores of one word: as in the matrix of all words, and without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.methods import METHODS
from tests import ranked
from tests.conftest import BACKBONE, write_features

PLAIN = [name for name, method in METHODS.items() if not method.bases]
OTHERS = [*(set(METHODS) - set(PLAIN)), "maxmax+csls", "rrf=avgmax,knn", "spelling", "identity"]


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.mark.parametrize("method", PLAIN)
def test_a_row_is_that_of_the_matrix(pair: Pair, method: str) -> None:
    ranker = rankers.ranker(method)
    rows = {word: stored_scores.row_of(pair, ranker, word) for word in pair.source.words}
    matrix = ranker.scores(pair)
    for word, row in rows.items():
        assert row is not None and row.dtype == np.float32
        np.testing.assert_array_equal(row, matrix[pair.source.row(word)])
    assert not (pair.dataset.path / "scores").exists(), "nothing is kept"


@pytest.mark.parametrize("method", sorted(OTHERS))
def test_what_needs_all_words_has_no_row_until_it_is_stored(pair: Pair, method: str) -> None:
    ranker = rankers.ranker(method)
    assert stored_scores.row_of(pair, ranker, "run") is None
    matrix = ranked.scores(pair, [method])[method]
    np.testing.assert_array_equal(stored_scores.row_of(pair, ranker, "run"), matrix[pair.source.row("run")])


def test_a_stored_row_that_does_not_hold_any_more_is_not_taken(pair: Pair) -> None:
    ranked.scores(pair, ["avgmax", "avgmax+csls"])
    write_features(pair.dataset.path, dim=6)
    changed = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    row = stored_scores.row_of(changed, rankers.ranker("avgmax"), "run")
    fresh = rankers.ranker("avgmax").scores(changed)[changed.source.row("run")]
    np.testing.assert_allclose(row, fresh, atol=1e-6)
    assert stored_scores.row_of(changed, rankers.ranker("avgmax+csls"), "run") is None


def test_a_stored_row_is_taken_and_one_that_is_not_is_computed(pair: Pair) -> None:
    """Told apart by scores that no method gives."""
    ranker = rankers.ranker("avgmax")
    one = ranked.scored(pair, ["avgmax"])["avgmax"]
    stored_scores.keep(stored_scores.path_of(pair, "avgmax"), replace(one, matrix=one.matrix + 5))
    np.testing.assert_array_equal(stored_scores.row_of(pair, ranker, "run"), one.matrix[pair.source.row("run")] + 5)
    stored_scores.path_of(pair, "avgmax").unlink()
    np.testing.assert_array_equal(stored_scores.row_of(pair, ranker, "run"), one.matrix[pair.source.row("run")])


def test_a_stored_row_holds_nothing_of_its_file(pair: Pair) -> None:
    """Pages keep rows of many words: each would hold all words' scores in memory."""
    ranker = rankers.ranker("avgmax")
    ranked.scores(pair, ["avgmax"])
    row = stored_scores.row_of(pair, ranker, "run")
    assert row is not None and row.base is None and stored_scores.whole_of(pair, ranker) is not None
