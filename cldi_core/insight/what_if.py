"""What if a word had other pictures: its scores as they would be, made from scratch, and never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import image_methods, stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker, with_bases
from cldi_core.scoring import Scores
from cldi_core.scoring.methods import METHODS, find_method
from cldi_core.scoring.scores import combined, score
from cldi_core.scoring.subsets import EXACT, Subsets
from cldi_core.scoring.word_facts import WordFacts

Bases = Callable[[Ranker], Scores | None]  # the scores of all words under a method that another is made from


@dataclass(frozen=True)
class Edit:
    """What is tried with one word.

    Attributes:
        source: ids of the pictures that the word is to lack.
        target: ids of the pictures that ``candidate`` is to lack.
        k: the number of clusters of KNN-C; 0 is the usual one, and other methods have none.
    """

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    candidate: str = ""
    k: int = 0

    def __bool__(self) -> bool:
        return bool(self.source or self.target or self.k)


def edited_pair(pair: Pair, word: str, edit: Edit) -> Pair:
    """The pair as it would be with an edit of a source word."""
    return pair.without({word: edit.source}, {edit.candidate: edit.target} if edit.candidate else {})


def edited(
    pair: Pair, ranker: Ranker, word: str, edit: Edit, bases: Bases, facts: WordFacts | None = None
) -> NDArray[np.float32] | None:
    """The scores of a word with an edit, float32 (n_target,): as if all were scored with these pictures, to the bit.

    Args:
        bases: the stored scores of ``pair`` under a ranker that another is made from; only what the edit changes of
            them is computed again.
        facts: of the word with the edit, to be kept where more is asked for.

    Returns:
        ``None`` where only scores of other words would tell, and ``bases`` does not have them.
    """
    now = edited_pair(pair, word, edit)
    if not ranker.bases:
        return _plain(now, ranker, word, edit, facts)
    found = edited_bases(pair, ranker, word, edit, bases, facts)
    if found is None:
        return None
    place = now.source.row(word)
    method = find_method(ranker.name)
    if ranker.by_row:
        rows = {name: matrix[place][None] for name, matrix in found.items()}
        alone: NDArray[np.float32] = combined(method, rows, np.isnan(next(iter(rows.values()))))[0]
        return alone
    missing = (now.source.sizes == 0)[:, None] | (now.target.sizes == 0)[None, :]
    made: NDArray[np.float32] = combined(method, found, missing)[place]
    return made


def edited_bases(
    pair: Pair, ranker: Ranker, word: str, edit: Edit, bases: Bases, facts: WordFacts | None = None
) -> dict[str, Scores] | None:
    """The scores that a ranker is made from, with an edit of a word: name → float32 (n_source, n_target).

    Those that these are made from are among them.  The rows of other words are nan where nothing looks at them (in rank
    fusion).

    Returns:
        ``None`` as ``edited``.
    """
    now, found = edited_pair(pair, word, edit), dict[str, Scores]()
    whole = {base.name for one in with_bases([ranker]) if not one.by_row for base in one.bases}
    for base in with_bases(ranker.bases):
        row = edited(pair, base, word, edit, bases, facts)
        if row is None:
            return None
        stored = bases(base) if base.name in whole else None
        if stored is None and base.name in whole:
            return None
        if stored is not None and edit.target:
            found[base.name] = _with_column(now, base, edit.candidate, stored)
        else:
            shape = len(pair.source), len(pair.target)
            found[base.name] = np.full(shape, np.nan, np.float32) if stored is None else np.array(stored)
        found[base.name][now.source.row(word)] = row
    return found


def _plain(now: Pair, ranker: Ranker, word: str, edit: Edit, facts: WordFacts | None) -> NDArray[np.float32] | None:
    if ranker.name == "knn-c" and edit.k:
        alone: NDArray[np.float32] = score(now.source.select([word]), now.target, "knn-c", k=edit.k)[0]
        return alone
    if facts is not None and ranker.name in EXACT:
        image_methods.check(now)
        known = Subsets(facts.source, facts.target.target, word, ranker.name, {}, facts)
        whole: NDArray[np.float32] = known.scores(np.ones((1, len(facts.rows)), bool))[0].astype(np.float32)
        return whole
    return None if ranker.row is None else ranker.row(now, word)


def _with_column(now: Pair, base: Ranker, candidate: str, stored: Scores) -> Scores:
    """The scores of all words with one candidate's other pictures."""
    if base.name in METHODS and METHODS[base.name].local:
        changed = np.array(stored)
        column = score(now.source, now.target.select([candidate]), base.name)
        changed[:, now.target.row(candidate)] = column[:, 0]
        return changed
    return np.array(stored_scores.computed(now, [base])[base.name].matrix)  # votes move between candidates
