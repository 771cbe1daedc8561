"""What would have saved a word: the smallest changes that bring its right answer to the first place, or nearer to it.

Every rank is that of the method with the changed picture sets.  All ways to leave out up to three pictures are tried
where they are few enough for the method (``Subsets.cost``); beyond that the pictures are left out one after the other,
each time the one that helps most, which may miss a smaller choice: then ``Change.exact`` is false.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import ranking
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.groups import Group
from cldi_core.scoring import Scores
from cldi_core.scoring.answer_subsets import answer_cost, answer_rows, monotone
from cldi_core.scoring.subsets import Subsets
from cldi_core.scoring.word_facts import TargetFacts

DEPTH = 3  # pictures left out together, all ways tried
Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """A change of one thing, and what becomes of the word with it.

    Attributes:
        change: what is changed, in a few words: ``"without 2 pictures (crown)"``, ``"only glasses"``, ``"first 3"``.
        kind: ``"without"``, ``"only"``, ``"first"`` (pictures), ``"method"``, ``"backbone"`` or ``"pair"``.
        side: whose pictures, ``"source"`` or ``"target"`` (those of the right answer); ``""`` for neither.
        pictures: ids of those that are left out, whatever the kind; for the three other kinds the name that is meant.
        rank: of the best right answer then; winner: the candidate that wins then.
        exact: no smaller choice of pictures has that effect; false for one that was found step by step.
    """

    change: str
    kind: str
    side: str
    pictures: tuple[str, ...]
    rank: float
    winner: str
    exact: bool = True


@dataclass(frozen=True)
class Asked:
    """The word of which is asked, under one image method.

    Attributes:
        row: its scores as they are, float32 (n_target,).
        bases: the whole matrices that the method is made from, by name.
        facts: of the candidates, to be kept where many words are asked for.
    """

    pair: Pair
    number: int
    method: str
    row: NDArray[np.float32]
    bases: Mapping[str, Scores]
    facts: TargetFacts | None = None

    @property
    def word(self) -> str:
        return self.pair.queries[self.number].word

    @property
    def gold(self) -> tuple[int, ...]:
        return self.pair.gold[self.number]

    def ranks(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """The ranks of the best right answer in rows of scores."""
        return ranking.gold_ranks(rows, [self.gold] * len(rows))

    def winner(self, row: NDArray[np.floating]) -> str:
        """The candidate that wins; ``""`` where nothing is known."""
        if np.isnan(row).all():
            return ""
        return self.pair.target.words[int(ranking.winners(row[None], [self.gold])[0][0])]

    def margins(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far the best right answer is above the best wrong candidate, in each row; below where negative."""
        right = np.zeros(rows.shape[1], bool)
        right[list(self.gold)] = True
        known = np.where(np.isnan(rows), -np.inf, rows)
        return np.asarray(known[:, right].max(axis=1) - known[:, ~right].max(axis=1, initial=-np.inf), np.float64)


class Source:
    """The word's own pictures, some of them left out."""

    side = "source"

    def __init__(self, asked: Asked) -> None:
        pair = asked.pair
        self.asked, self.ids = asked, pair.source.word_ids(asked.word)
        self.subsets = Subsets(pair.source, pair.target, asked.word, asked.method, asked.bases, asked.facts)
        self.cost = self.subsets.cost

    def rows(self, kept: Masks) -> NDArray[np.float64]:
        """The word's scores with each choice of pictures: (k, n_pictures) → float64 (k, n_target)."""
        return self.subsets.scores(kept)

    def row_of(self, ids: Collection[str]) -> NDArray[np.float64]:
        """The word's scores with these pictures alone, float64 (n_target,)."""
        row: NDArray[np.float64] = self.rows(np.isin(self.ids, list(ids))[None])[0]
        return row


class Answer:
    """The pictures of the best right answer, some of them left out."""

    side = "target"

    def __init__(self, asked: Asked, right: str) -> None:
        self.asked, self.right = asked, right
        self.ids, self.cost = asked.pair.target.word_ids(right), answer_cost(asked.method)

    def rows(self, kept: Masks) -> NDArray[np.float64]:
        """As ``Source.rows``."""
        pair, asked = self.asked.pair, self.asked
        bases = {**asked.bases, **self._own}
        return answer_rows(pair.source, pair.target, asked.word, self.right, asked.method, kept, bases, asked.facts)

    @cached_property
    def _own(self) -> Mapping[str, Scores]:
        """The word's row in a matrix of a plain method, which spares scoring it again."""
        asked = self.asked
        if asked.bases:
            return {}
        matrix = np.full((len(asked.pair.source), len(asked.row)), np.nan, np.float32)
        matrix[asked.pair.source.row(asked.word)] = asked.row
        return {asked.method: matrix}

    def row_of(self, ids: Collection[str]) -> NDArray[np.float64]:
        """The word's scores if the right answer had these pictures alone, float64 (n_target,)."""
        row: NDArray[np.float64] = self.rows(np.isin(self.ids, list(ids))[None])[0]
        return row


Side = Source | Answer


def changes(asked: Asked, right: str, groups: Sequence[Group], right_groups: Sequence[Group]) -> tuple[Change, ...]:
    """What becomes of a word with other pictures, the best first: of each kind of change the best one or two.

    Args:
        right: its best right answer; groups, right_groups: of the word's pictures and of that answer's.

    Returns:
        Nothing for a word without pictures, or without any of its right answers.
    """
    if np.isnan(ranking.gold_ranks(asked.row[None], [asked.gold])[0]):
        return ()
    sides: list[tuple[Side, Sequence[Group]]] = [(Source(asked), groups)]
    answer = Answer(asked, right)
    # Under some methods pictures of the right answer can only help it; under others each try would take seconds.
    if not monotone(asked.method) and answer.cost:
        sides.append((answer, right_groups))
    found = chain.from_iterable(_of_side(side, own) for side, own in sides)
    return ordered(found)


def ordered(found: Iterator[Change] | Sequence[Change]) -> tuple[Change, ...]:
    """Changes by the rank that they bring, those of fewer pictures first among equals."""
    return tuple(sorted(found, key=lambda one: (np.isnan(one.rank), one.rank, len(one.pictures), one.change)))


def _of_side(side: Side, groups: Sequence[Group]) -> Iterator[Change]:
    count = len(side.ids)
    if count < 2:
        return
    named = _names(side, groups)
    fewest = fewest_without(side)
    if fewest is not None:
        yield _change(side, "without", fewest[0], named, exact=fewest[1])
    for number, group in enumerate(groups if len(groups) > 1 else ()):
        own = np.isin(side.ids, group.pictures)
        label = group.label or f"group {number + 1}"
        yield _change(side, "only", own, named, text=f"only {label}")
        yield _change(side, "without", ~own, named, text=f"without {label}")
    alone = np.eye(count, dtype=bool)
    if len(groups) != count:  # else each picture is a group of its own
        chosen = alone[best(side, alone)]
        label = named.get(side.ids[int(chosen.argmax())], "")
        yield _change(side, "only", chosen, named, text=f"only 1 picture ({label})" if label else "only 1 picture")
    firsts = np.tri(count, dtype=bool)[:-1]
    chosen = firsts[best(side, firsts)]
    yield _change(side, "first", chosen, named, text=f"first {chosen.sum()}")


def _names(side: Side, groups: Sequence[Group]) -> dict[str, str]:
    return {key: group.label for group in groups for key in group.pictures}


def _change(
    side: Side, kind: str, kept: NDArray[np.bool_], named: dict[str, str], *, text: str = "", exact: bool = True
) -> Change:
    row = side.rows(kept[None])
    gone = tuple(key for key, stays in zip(side.ids, kept, strict=True) if not stays)
    if not text:
        labels = [label for label in dict.fromkeys(named.get(key, "") for key in gone) if label]
        text = f"without {len(gone)} picture{'s' if len(gone) > 1 else ''}"
        text += f" ({', '.join(labels[:3])}{', …' if len(labels) > 3 else ''})" if labels else ""
    asked = side.asked
    return Change(text, kind, side.side, gone, float(asked.ranks(row)[0]), asked.winner(row[0]), exact)


def best(side: Side, kept: Masks) -> int:
    """Which of some choices of pictures brings the right answer highest; the first of equals by the margin."""
    rows = np.concatenate([side.rows(part) for part in _parts(kept, side.cost)])
    ranks = side.asked.ranks(rows)
    return int(np.lexsort((-side.asked.margins(rows), np.where(np.isnan(ranks), np.inf, ranks)))[0])


def _parts(kept: Masks, size: int) -> Iterator[Masks]:
    for start in range(0, len(kept), max(size, 1)):
        yield kept[start : start + max(size, 1)]


def fewest_without(side: Side) -> tuple[NDArray[np.bool_], bool] | None:
    """The fewest pictures without which the right answer is first: what is kept, bool (n_pictures,), and whether fewer
    are proven not to do; ``None`` where that was not found."""
    count, tried = len(side.ids), 0
    for size in range(1, min(DEPTH, count - 1) + 1):
        tried += comb(count, size)
        if tried > side.cost:
            break
        kept = _all_without(count, size)
        chosen = kept[best(side, kept)]
        if _wins(side, chosen):
            return chosen, True
    else:
        size = min(DEPTH, count - 1) + 1
    # All ways to leave out fewer than ``size`` have failed.
    stepwise = _one_by_one(side)
    return None if stepwise is None else (stepwise, int((~stepwise).sum()) <= size)


def _all_without(count: int, size: int) -> Masks:
    gone = np.array(list(combinations(range(count), size)))
    kept = np.ones((len(gone), count), bool)
    np.put_along_axis(kept, gone, False, axis=1)
    return kept


def _one_by_one(side: Side) -> NDArray[np.bool_] | None:
    """Leave out the picture that helps most until the right answer is first."""
    kept: NDArray[np.bool_] = np.ones(len(side.ids), bool)
    while kept.sum() > 1:
        further = kept & ~np.eye(len(kept), dtype=bool)[kept]
        kept = further[best(side, further)]
        if _wins(side, kept):
            return kept
    return None


def _wins(side: Side, kept: NDArray[np.bool_]) -> bool:
    return bool(side.asked.ranks(side.rows(kept[None]))[0] <= 1)
