"""What if a word had other pictures: the same as scoring everything from scratch with them, under every method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset, write_words
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import Ranker, with_bases
from cldi_core.insight.what_if import Edit, edited, edited_bases, edited_pair
from cldi_core.scoring import Scores
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score
from cldi_core.scoring.word_facts import TargetFacts, WordFacts
from tests.conftest import BACKBONE

NAMES = (*METHODS, "maxmax+csls", "knn+csls", "knn+isf", "sinkhorn+isf", "rrf=knn,avgmax+csls", "rrf+csls")

THOROUGH = ("avgmax", "knn", "avgmax+csls", "rrf")  # one of each kind, with every edit


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def ids(pair: Pair, word: str) -> list[str]:
    return (pair.source if word in pair.source else pair.target).word_ids(word)


def whole(pair: Pair, *names: str) -> Mapping[str, Scores]:
    """The scores of all words under what some methods are made from."""
    every = [base for name in names for base in with_bases(rankers.ranker(name).bases)]
    return {name: one.matrix for name, one in stored_scores.computed(pair, every).items()}


def scratch(pair: Pair, edit: Edit, word: str, folder: Path) -> Pair:
    """The pair of a data set that never had the pictures."""
    dataset = pair.dataset
    gone = {(("en", word), key) for key in edit.source} | {(("de", edit.candidate), key) for key in edit.target}
    rows = dataset.words[["language", "word", "position", "id"]].itertuples(index=False, name=None)
    kept = [row for row in rows if ((row[0], row[1]), row[3]) not in gone]
    for path in dataset.path.iterdir():
        if path.name != "words.parquet":
            (folder / path.name).symlink_to(path)
    write_words(folder, kept)
    return open_pair(Dataset(folder), BACKBONE, "en-de")


def edits(pair: Pair) -> list[tuple[str, Edit]]:
    run, hat, hand = ids(pair, "run"), ids(pair, "hat"), ids(pair, "Hand")
    return [
        ("run", Edit()),
        ("run", Edit((run[1],))),
        ("run", Edit((run[0], run[2]))),
        ("run", Edit(tuple(run))),  # nothing is left
        ("hat", Edit((hat[0],), (ids(pair, "Hut")[1],), "Hut")),
        ("hand", Edit((), (hand[0],), "Hand")),
        ("hand", Edit((), tuple(hand), "Hand")),
        ("hand", Edit((), (ids(pair, "rennen")[0],), "rennen")),
    ]


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name in NAMES for case in (range(8) if name in THOROUGH else (2, 4, 5))]
)
def test_an_edit_is_scoring_from_scratch(pair: Pair, name: str, case: int, tmp_path: Path) -> None:
    word, edit = edits(pair)[case]
    stored = whole(pair, name)
    row = edited(pair, rankers.ranker(name), word, edit, lambda base: stored[base.name])
    fresh = scratch(pair, edit, word, tmp_path)
    expected = score(fresh.source, fresh.target, name)[fresh.source.row(word)]
    assert row is not None
    assert fresh.target.words == pair.target.words
    np.testing.assert_array_equal(row, expected)
    now = edited_pair(pair, word, edit)
    facts = WordFacts(now.source, word, TargetFacts(now.target))
    again = edited(pair, rankers.ranker(name), word, edit, lambda base: stored[base.name], facts)
    assert again is not None
    np.testing.assert_array_equal(again, expected)


def test_the_edits_change_something(pair: Pair) -> None:
    """Else the test above would show nothing."""
    for word, edit in edits(pair)[1:]:
        changed = edited(pair, rankers.ranker("avgmax"), word, edit, lambda base: None)
        plain = edited(pair, rankers.ranker("avgmax"), word, Edit(), lambda base: None)
        assert changed is not None and plain is not None
        assert not np.array_equal(changed, plain, equal_nan=True)


def test_k_is_the_number_of_clusters(pair: Pair) -> None:
    ranker = rankers.ranker("knn-c")
    for k in (1, 2, 5):
        row = edited(pair, ranker, "run", Edit(k=k), lambda base: None)
        np.testing.assert_array_equal(row, score(pair.source, pair.target, "knn-c", k=k)[pair.source.row("run")])
    other = edited(pair, rankers.ranker("knn"), "run", Edit(k=2), lambda base: None)
    np.testing.assert_array_equal(other, score(pair.source, pair.target, "knn")[pair.source.row("run")])


@pytest.mark.parametrize("name", ["avgmax+csls", "cnn-mean+isf", "rrf=knn,avgmax+csls"])
def test_without_the_other_words_nothing_is_known(pair: Pair, name: str) -> None:
    ranker: Ranker = rankers.ranker(name)
    assert edited(pair, ranker, "run", Edit((ids(pair, "run")[0],)), lambda base: None) is None
    assert edited_bases(pair, ranker, "run", Edit(), lambda base: None) is None


def test_fusion_needs_no_other_word(pair: Pair) -> None:
    row = edited(pair, rankers.ranker("rrf"), "run", Edit(), lambda base: None)
    np.testing.assert_array_equal(row, score(pair.source, pair.target, "rrf")[pair.source.row("run")])


def test_nothing_that_is_there_changes(pair: Pair) -> None:
    before = (pair.source.members.copy(), pair.target.members.copy(), pair.keys, pair.key)
    stored = whole(pair, *NAMES)
    copies = {name: matrix.copy() for name, matrix in stored.items()}
    for name in NAMES:
        for word, edit in edits(pair):
            edited(pair, rankers.ranker(name), word, edit, lambda base: stored[base.name])
    np.testing.assert_array_equal(pair.source.members, before[0])
    np.testing.assert_array_equal(pair.target.members, before[1])
    assert pair.key == before[3]
    for name, matrix in stored.items():
        np.testing.assert_array_equal(matrix, copies[name])


def test_ids_that_a_word_does_not_have_mean_nothing(pair: Pair) -> None:
    now = edited_pair(pair, "run", Edit(("0" * 32, ids(pair, "hat")[0]), ("../x",), "Hut"))
    assert now.source.word_ids("run") == pair.source.word_ids("run")
    assert now.target.word_ids("Hut") == pair.target.word_ids("Hut")
    assert now.key == pair.key
    assert edited_pair(pair, "run", Edit((ids(pair, "run")[0],))).key != pair.key
    with pytest.raises(UnknownNameError):
        edited_pair(pair, "walk", Edit(("0",)))


def test_with_rows_changes_one_word(pair: Pair) -> None:
    sets: ImageSets = pair.source
    rows = sets.rows("dog")
    changed = sets.with_rows("hat", rows[::-1])
    assert changed.word_ids("hat") == sets.word_ids("dog")[::-1]
    for word in sets.words:
        if word != "hat":
            assert changed.word_ids(word) == sets.word_ids(word)
    assert changed.sizes.sum() == sets.sizes.sum() - len(sets.rows("hat")) + len(rows)
