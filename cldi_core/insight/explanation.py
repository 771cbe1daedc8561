"""What became of a word: its candidates with their ranks, and the pairs of pictures behind a score."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import ranking
from cldi_core.evaluation.pairs import Pair
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.imagesets import ImageSets, similarity
from cldi_core.scoring.ties import TIE

NEARLY = 10
OUTCOMES = ("found", "nearly", "missed", "uncovered")
FRACTIONS = {1 / 4: "¼", 1 / 3: "⅓", 1 / 2: "½", 2 / 3: "⅔", 3 / 4: "¾"}


@dataclass(frozen=True)
class Candidate:
    """One candidate translation of a query: its rank as ``ranking.with_right`` has it, score, and whether it is right.

    Candidates that tie share a rank; right answers among them have that of the first of them.
    """

    word: str
    rank: float
    score: float
    gold: bool
    pos: str
    pictures: int


class Ranked(Sequence[Candidate]):
    """All candidates of a query in order of rank; each is made when it is asked for, as hardly any is ever looked at.

    To make all 774 of the demo took as long as to score the word.
    """

    def __init__(
        self,
        pair: Pair,
        order: NDArray[np.int32],
        ranks: NDArray[np.floating],
        row: NDArray[np.floating],
        right: Collection[int],
    ) -> None:
        """Args: order: the columns of the candidates, best first; ranks, row: by column ranks and scores; right: the
        columns that are right answers."""
        self._pair, self._order, self._ranks, self._row, self._right = pair, order, ranks, row, right
        self._known: dict[int, Candidate] = {}  # by column

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, place: int | slice) -> Candidate | tuple[Candidate, ...]:
        if isinstance(place, slice):
            return tuple(map(self._made, self._order[place].tolist()))
        return self._made(int(self._order[place]))

    def __iter__(self) -> Iterator[Candidate]:
        return map(self._made, self._order.tolist())

    @property
    def scores(self) -> NDArray[np.float64]:
        """float64 (n,), nan without a score."""
        return self._row[self._order].astype(np.float64)  # made when it is asked for: so many of these are kept

    def find(self, word: str) -> Candidate | None:
        """The candidate of a word; ``None`` where it is none."""
        target = self._pair.target
        return self._made(target.row(word)) if word in target else None

    def right(self) -> tuple[Candidate, ...]:
        """The right answers, in order of rank."""
        return tuple(self._made(column) for column in self._order.tolist() if column in self._right)

    def _made(self, column: int) -> Candidate:
        if column not in self._known:
            word = self._pair.target.words[column]
            figures = float(self._ranks[column]), float(self._row[column]), column in self._right
            pictures = int(self._pair.target.offsets[column + 1] - self._pair.target.offsets[column])
            self._known[column] = Candidate(word, *figures, self._pair.target_pos[word], pictures)
        return self._known[column]


@dataclass(frozen=True)
class Match:
    """Two pictures, one of the source word and one of the candidate, and their cosine."""

    source: str
    target: str
    cosine: float


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of one query under one method.

    Attributes:
        candidates: in order of rank, of those that tie the right answers first.
        gold: the right answers, the best first, also those without pictures (rank and score nan).
        rank: of the best right answer, as ``ranking.gold_ranks`` has it; that of the first of ``gold``.
        pictures: of the word; dispersion: of these, nan below two; senses: in WordNet, of English words.
        best_cosine: the highest one between a picture of the word and one of the best right answer.
        learned: the method compares the words as texts, so no picture is a reason.
    """

    word: str
    pos: str
    candidates: Sequence[Candidate]
    gold: tuple[Candidate, ...]
    rank: float
    pictures: int
    dispersion: float
    senses: int | None
    best_cosine: float
    learned: bool = False

    @property
    def outcome(self) -> str:
        """One of ``OUTCOMES``."""
        return outcome(self.rank)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Of all candidates, in their order: float64 (n,), nan without one."""
        known = self.candidates
        return known.scores if isinstance(known, Ranked) else np.array([one.score for one in known], np.float64)

    @property
    def ranked(self) -> int:
        """How many candidates have a rank: all that have pictures."""
        return int(np.count_nonzero(~np.isnan(self.scores)))

    @property
    def winner(self) -> Candidate | None:
        """As ``ranking.winners``: a right answer that shares the first place, else the first; ``None``: no ranks."""
        if not self.ranked:
            return None
        scores = self.scores
        known = np.flatnonzero(~np.isnan(scores))
        shared: list[int] = known[scores[known] >= scores[known[0]] - TIE].tolist()
        first = [self.candidates[place] for place in shared]
        return next((candidate for candidate in first if candidate.gold), first[0])

    @property
    def rival(self) -> Candidate | None:
        """The best wrong candidate; ``None`` where none is ranked."""
        wrong = (one for one in self.candidates if not one.gold and not np.isnan(one.score))
        return next(wrong, None)

    def find(self, word: str) -> Candidate | None:
        """The candidate of a word; ``None`` where it is none."""
        known = self.candidates
        if isinstance(known, Ranked):
            return known.find(word)
        return next((one for one in known if one.word == word), None)

    @property
    def shared(self) -> bool:
        """Whether the rival is tied with the best right answer, so that neither is first alone."""
        rival = self.rival
        return self.outcome != "found" and rival is not None and abs(rival.score - self.gold[0].score) <= TIE


def outcome(rank: float) -> str:
    """``"found"`` (rank 1), ``"nearly"`` (up to 10), ``"missed"``, or ``"uncovered"`` (nan)."""
    if np.isnan(rank):
        return "uncovered"
    return "found" if rank <= 1 else "nearly" if rank <= NEARLY else "missed"


def explain(pair: Pair, number: int, row: NDArray[np.floating], *, learned: bool = False) -> Explanation:
    """Explain query ``number`` of ``pair``.

    Args:
        row: the method's scores of its word, float32 (target words,).
        learned: whether the method compares the words as texts.
    """
    query = pair.queries[number]
    candidates = _candidates(pair, number, row)
    gold = candidates.right()
    rank = float(ranking.gold_ranks(row[None], [pair.gold[number]])[0])
    alone = ImageSets.from_arrays([query.word], [pair.source[query.word]])
    return Explanation(
        word=query.word,
        pos=query.pos,
        candidates=candidates,
        gold=gold,
        rank=rank,
        pictures=len(pair.source.rows(query.word)),
        dispersion=float(dispersion(alone)[0]),
        senses=pair.dataset.senses(query.word) if pair.languages[0] == "en" else None,
        best_cosine=best_cosine(pair, query.word, gold[0].word),
        learned=learned,
    )


def best_cosine(pair: Pair, word: str, candidate: str) -> float:
    """The highest cosine between a picture of a word and one of a candidate, as MAXMAX has it; nan without any."""
    cosines = similarity(pair.source[word], pair.target[candidate])
    return float(np.clip(cosines.max(), -1, 1)) if cosines.size else float("nan")


def _candidates(pair: Pair, number: int, row: NDArray[np.floating]) -> Ranked:
    right = set(pair.gold[number])
    ranks, apart = ranking.with_right(row, right), ranking.rank(row)
    wrong = np.ones(len(row), bool)
    wrong[list(right)] = False
    # nan comes last; what is alike keeps its order
    return Ranked(pair, np.lexsort((wrong, apart)).astype(np.int32), ranks, row, right)


def matches(pair: Pair, word: str, candidate: str, method: str) -> list[Match]:
    """The picture pairs that made the score, the most alike first.

    For AVGMAX, KNN and KNN-C each picture of the word with its best match among the candidate's; for MAXMAX only the
    best pair of all.  The other methods compare whole sets or change such scores, so the best matches only illustrate.
    """
    cosines = similarity(pair.source[word], pair.target[candidate])
    if not cosines.size:
        return []
    source, target = pair.source.word_ids(word), pair.target.word_ids(candidate)
    best = cosines.argmax(axis=1)
    found = [Match(source[row], target[column], float(cosines[row, column])) for row, column in enumerate(best)]
    found.sort(key=lambda match: (-match.cosine, match.source))
    return found[:1] if method.partition("+")[0] == "maxmax" else found


def shown_rank(rank: float) -> str:
    """``"3"``; ``"3½"``, ``"2⅔"`` or ``"4.2"`` where candidates tie; ``"–"`` for nan."""
    if np.isnan(rank):
        return "–"
    whole, part = divmod(float(rank), 1)
    if part == 0:
        return f"{whole:.0f}"
    known = next((mark for value, mark in FRACTIONS.items() if abs(part - value) < 1e-9), "")
    # Never as if it were whole: rank 1.02 is not the first place.
    return f"{whole:.0f}{known}" if known else f"{whole:.0f}.{min(max(round(10 * part), 1), 9)}"


def as_json(found: Explanation, top: int) -> dict[str, Any]:
    """The explanation as plain values; nan becomes ``None``, as JSON has none."""

    def clean(value: float) -> float | None:
        return None if np.isnan(value) else round(value, 6)

    def record(candidate: Candidate) -> dict[str, Any]:
        return {
            "word": candidate.word,
            "rank": clean(candidate.rank),
            "score": clean(candidate.score),
            "gold": candidate.gold,
            "pos": candidate.pos,
        }

    return {
        "word": found.word,
        "pos": found.pos,
        "outcome": found.outcome,
        "rank": clean(found.rank),
        "winner": record(found.winner) if found.winner else None,
        "rival": record(found.rival) if found.rival else None,
        "shared": found.shared,
        "ranked": found.ranked,
        "gold": [record(candidate) for candidate in found.gold],
        "candidates": [record(candidate) for candidate in found.candidates[:top]],
        "pictures": found.pictures,
        "dispersion": clean(found.dispersion),
        "senses": found.senses,
        "best_cosine": clean(found.best_cosine),
    }
