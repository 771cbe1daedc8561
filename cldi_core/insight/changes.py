"""What would have saved a word: the smallest changes that bring its right answer to the first place, or nearer to it.

Every rank is that of the method with the changed picture sets.  All ways to leave out up to three pictures are tried
where they are few enough for the method (``Subsets.cost``); beyond that the pictures are left out one after the other,
each time the one that helps most, which may miss a smaller choice: then ``Change.exact`` is false.  Under methods that
take long that ends after some choices, so that nothing found does not prove that there is nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from cldi_core.scoring.methods import find_method
from cldi_core.scoring.subsets import Subsets
from cldi_core.scoring.word_facts import Facts

DEPTH = 3  # pictures left out together, all ways tried
LISTED = 3  # names of pictures in a change
DEAR = 100  # choices of pictures that may be compared in one go: with fewer, they are compared on a short list
STEPS = 20  # times what may be compared in one go, at most, for leaving out one after the other
SHORT, JOINING = 15, 5  # candidates on it at first; how often one more may join it
Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """A change of one thing, and what becomes of the word with it.

    Attributes:
        change: what is changed, in a few words: ``"without 2 pictures (crown)"``, ``"only glasses"``, ``"first 3"``.
        kind: ``"without"``, ``"only"``, ``"first"`` (pictures), ``"method"``, ``"backbone"`` or ``"pair"``.
        side: whose pictures, ``"source"`` or ``"target"`` (those of the right answer); ``""`` for neither.
        pictures: ids of those that are left out, whatever the kind; for the three other kinds the name that is meant,
            and for a pair that is asked the other way the query too.
        rank: of the best right answer then; winner: the candidate that wins then.
        right: the winner is a right answer: with a rank above 1 it shares the first place.
        exact: no smaller choice of pictures has that effect; false for one that was found step by step.
    """

    change: str
    kind: str
    side: str
    pictures: tuple[str, ...]
    rank: float
    winner: str
    right: bool
    exact: bool = True


@dataclass(frozen=True)
class Asked:
    """The word of which is asked, under one image method.

    Attributes:
        row: its scores as they are, float32 (n_target,).
        bases: the whole matrices that the method is made from, by name.
        facts: of the word, or of the candidates, to be kept where more is asked for.
    """

    pair: Pair
    number: int
    method: str
    row: NDArray[np.float32]
    bases: Mapping[str, Scores]
    facts: Facts | None = None

    @property
    def word(self) -> str:
        """The source word."""
        return self.pair.queries[self.number].word

    @property
    def gold(self) -> tuple[int, ...]:
        """The columns of its right answers."""
        return self.pair.gold[self.number]

    def ranks(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """The ranks of the best right answer in rows of scores: float (k, n_target) → float64 (k,)."""
        return ranking.ranks_of(rows, self.gold)

    def winner(self, row: NDArray[np.floating]) -> str:
        """The candidate that wins with scores (n_target,); ``""`` where nothing is known."""
        if np.isnan(row).all():
            return ""
        return self.pair.target.words[int(ranking.winners(row[None], [self.gold])[0][0])]

    def margins(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far the best right answer is above the best wrong candidate, in each row; below where negative."""
        right = np.zeros(rows.shape[1], bool)
        right[list(self.gold)] = True
        known = np.where(np.isnan(rows), -np.inf, rows)
        return np.asarray(known[:, right].max(axis=1) - known[:, ~right].max(axis=1, initial=-np.inf), np.float64)

    def among(self, words: Collection[str]) -> Asked:
        """The same with some of the candidates alone, its right answers among them."""
        pair, own = self.pair, {self.pair.target.words[column] for column in self.gold}
        kept = [word for word in pair.target.words if word in own or word in words]
        target = pair.target.select(kept)
        gold = (*[()] * self.number, tuple(sorted(target.row(word) for word in own)))
        fewer = replace(pair, target=target, gold=gold)
        return replace(self, pair=fewer, row=self.row[[pair.target.row(word) for word in kept]], facts=None)


class Source:
    """The word's own pictures, some of them left out."""

    side = "source"

    def __init__(self, asked: Asked) -> None:
        pair = asked.pair
        self.asked, self.ids = asked, pair.source.word_ids(asked.word)
        self.subsets = Subsets(pair.source, pair.target, asked.word, asked.method, asked.bases, asked.facts)
        self.cost = self.subsets.cost

    def among(self, words: Collection[str]) -> Source:
        """The same with some of the candidates alone."""
        return Source(self.asked.among(words))

    def rows(self, kept: Masks) -> NDArray[np.float64]:
        """The word's scores with each choice of pictures: (k, n_pictures) → float64 (k, n_target)."""
        return self.subsets.scores(kept)


class Answer:
    """The pictures of the best right answer, some of them left out."""

    side = "target"

    def __init__(self, asked: Asked, right: str) -> None:
        self.asked, self.right = asked, right
        self.ids, self.cost = asked.pair.target.word_ids(right), answer_cost(asked.method)

    def among(self, words: Collection[str]) -> Answer:
        """The same with some of the candidates alone."""
        return Answer(self.asked.among(words), self.right)

    def rows(self, kept: Masks) -> NDArray[np.float64]:
        """The word's scores with each choice of the right answer's pictures: as ``Source.rows``."""
        pair, asked = self.asked.pair, self.asked
        bases = {**asked.bases, **self._own}
        return answer_rows(pair.source, pair.target, asked.word, self.right, asked.method, kept, bases, asked.facts)

    @cached_property
    def _own(self) -> Mapping[str, Scores]:
        """The word's row as a matrix of a plain method, of which no other is read; it spares scoring it again."""
        asked = self.asked
        if asked.bases:
            return {}
        # Every row is this one, in the memory of one: of 12,000 words a matrix would take half a gigabyte.
        shape = len(asked.pair.source), len(asked.row)
        return {asked.method: np.broadcast_to(asked.row.astype(np.float32), shape)}


Side = Source | Answer


def row_of(side: Side, ids: Collection[str]) -> NDArray[np.float64]:
    """The word's scores if one side had these pictures alone, float64 (n_target,)."""
    row: NDArray[np.float64] = side.rows(np.isin(side.ids, list(ids))[None])[0]
    return row


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


def ordered(found: Iterable[Change]) -> tuple[Change, ...]:
    """Changes by the rank that they bring, those of fewer pictures first among equals."""
    return tuple(sorted(found, key=lambda one: (np.isnan(one.rank), one.rank, len(one.pictures), one.change)))


def _of_side(side: Side, groups: Sequence[Group]) -> Iterator[Change]:
    count = len(side.ids)
    if count < 2:
        return
    search = Search(side)
    alone, firsts = np.eye(count, dtype=bool), np.tri(count, dtype=bool)[:-1]
    tried: list[tuple[str, str, NDArray[np.bool_], bool]] = []  # kind, text, kept, exact
    fewest = search.fewest_without()
    if fewest is not None:
        tried.append(("without", "", *fewest))
    for number, group in enumerate(groups if len(groups) > 1 else ()):
        own, label = np.isin(side.ids, group.pictures), group.label or f"group {number + 1}"
        tried += [("only", f"only {label}", own, True), ("without", f"without {label}", ~own, True)]
    if len(groups) != count:  # else each picture is a group of its own
        tried.append(("only", "", search.best(alone), True))
    first = search.best(firsts)
    tried.append(("first", f"first {first.sum()}", first, True))
    rows = side.rows(np.array([kept for _, _, kept, _ in tried]))
    named = {key: group.label for group in groups for key in group.pictures}
    for (kind, text, kept, exact), rank, row in zip(tried, side.asked.ranks(rows), rows, strict=True):
        gone = tuple(key for key, stays in zip(side.ids, kept, strict=True) if not stays)
        shown = text or _text(kind, side.ids, kept, named)
        winner = side.asked.winner(row)
        right = bool(winner) and side.asked.pair.target.row(winner) in side.asked.gold
        yield Change(shown, kind, side.side, gone, float(rank), winner, right, exact)


def _text(kind: str, ids: Sequence[str], kept: NDArray[np.bool_], named: Mapping[str, str]) -> str:
    """``"without 2 pictures (crown)"``, ``"only 1 picture (glasses)"``: what is named is what the picture shows."""
    chosen = kept if kind == "only" else ~kept
    labels = dict.fromkeys(named.get(key, "") for key, is_chosen in zip(ids, chosen, strict=True) if is_chosen)
    listed = [label for label in labels if label]
    text = f"{kind} {chosen.sum()} picture{'s' if chosen.sum() > 1 else ''}"
    more = ", …" if len(listed) > LISTED else ""
    return f"{text} ({', '.join(listed[:LISTED])}{more})" if listed else text


class Search:
    """Looks for the choice of pictures that brings the right answer highest.

    Under a method for which each choice is dear, and in which a score depends on its two words alone, the choices are
    compared on a short list: the right answers and the best other candidates.  A rank among some is at best that among
    all, so what fails there fails; what wins there is tried with all candidates, and whoever wins then joins the list.
    """

    def __init__(self, side: Side) -> None:
        self.side, self.asked, self.count = side, side.asked, len(side.ids)
        self.few = None
        if side.cost < DEAR and find_method(self.asked.method).local:
            self.few = self._among(np.argsort(-np.nan_to_num(self.asked.row, nan=-np.inf), kind="stable")[:SHORT])

    def _among(self, columns: Iterable[int]) -> Side:
        words = self.asked.pair.target.words
        self.listed = {words[column] for column in columns}
        few = self.side.among(self.listed)
        few.cost = max(self.side.cost * len(words) // len(few.asked.row), 1)
        return few

    @property
    def cost(self) -> int:
        """How many choices may be compared in one go."""
        return (self.few or self.side).cost

    def best(self, kept: Masks) -> NDArray[np.bool_]:
        """Of some choices of pictures the one that brings the right answer highest; of equals that of most margin.

        bool (k, n_pictures) → bool (n_pictures,).
        """
        return self._best(kept)[0]

    def _best(self, kept: Masks) -> tuple[NDArray[np.bool_], float]:
        """As ``best``, with the rank that it brings among those that are compared."""
        side = self.few or self.side
        rows = np.concatenate([side.rows(part) for part in _parts(kept, side.cost)])
        ranks = np.nan_to_num(side.asked.ranks(rows), nan=np.inf)
        first = np.flatnonzero(ranks == ranks.min())
        place = first[side.asked.margins(rows[first]).argmax()]
        return kept[place], float(ranks[place])

    def _wins(self, kept: NDArray[np.bool_]) -> bool:
        """Whether a choice that wins among those on the short list wins among all candidates."""
        if self.few is None:
            return True
        row = self.side.rows(kept[None])
        if self.asked.ranks(row)[0] <= 1:
            return True
        joined = self.listed | {self.asked.winner(row[0])}
        self.few = self._among(map(self.asked.pair.target.row, joined))
        return False

    def fewest_without(self) -> tuple[NDArray[np.bool_], bool] | None:
        """The fewest pictures without which the right answer is first: what is kept, bool (n_pictures,), and whether
        fewer are proven not to do; ``None`` where that was not found."""
        tried = 0
        for size in range(1, min(DEPTH, self.count - 1) + 1):
            tried += comb(self.count, size)
            if tried > self.cost:
                break
            for _ in range(JOINING):
                chosen, rank = self._best(_all_without(self.count, size))
                if rank > 1:
                    break
                if self._wins(chosen):
                    return chosen, True
            else:
                return None  # somebody else wins with each of those that were tried: not found
        else:
            size = min(DEPTH, self.count - 1) + 1
        # All ways to leave out fewer than ``size`` have failed.
        stepwise = self._one_by_one()
        return None if stepwise is None else (stepwise, int((~stepwise).sum()) <= size)

    def _one_by_one(self) -> NDArray[np.bool_] | None:
        """Leave out the picture that helps most until the right answer is first, or all that may be tried was."""
        kept: NDArray[np.bool_] = np.ones(self.count, bool)
        tried = 0
        while kept.sum() > 1 and tried < STEPS * self.cost:
            further = kept & ~np.eye(self.count, dtype=bool)[kept]
            tried += len(further)
            kept, rank = self._best(further)
            if rank <= 1 and self._wins(kept):
                return kept
        return None


def _parts(kept: Masks, size: int) -> Iterator[Masks]:
    for start in range(0, len(kept), max(size, 1)):
        yield kept[start : start + max(size, 1)]


def _all_without(count: int, size: int) -> Masks:
    gone = np.array(list(combinations(range(count), size)))
    kept = np.ones((len(gone), count), bool)
    np.put_along_axis(kept, gone, False, axis=1)
    return kept
