"""Why a word came out as it did: its candidates, the picture pairs behind a score, and one plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import POS
from cldi_core.evaluation import ranking
from cldi_core.evaluation.runs import Pair
from cldi_core.scoring import Scores, methods
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.imagesets import ImageSets, similarity

if TYPE_CHECKING:
    import pandas as pd

NEARLY = 10
OUTCOMES = {"found": "found", "nearly": "nearly", "missed": "missed", "uncovered": "no pictures"}


@dataclass(frozen=True)
class Candidate:
    """One candidate translation of a query: its rank (ties share the mean), score, and whether it is right."""

    word: str
    rank: float
    score: float
    gold: bool
    pos: str
    pictures: int


@dataclass(frozen=True)
class Match:
    """Two pictures, one of the source word and one of the candidate, and their cosine."""

    source: str
    target: str
    cosine: float


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of one query under one method.

    ``candidates`` are in order of rank; ``gold`` holds the right answers, the best first, also those without pictures
    (rank and score nan).  ``best_cosine`` is the highest cosine between a picture of the word and one of the best
    right answer; ``typical`` the median of that figure over the found words of the same part of speech.
    """

    word: str
    pos: str
    candidates: tuple[Candidate, ...]
    gold: tuple[Candidate, ...]
    outcome: str
    pictures: int
    dispersion: float
    senses: int | None
    best_cosine: float
    typical: float


def outcome(rank: float) -> str:
    """``"found"`` (rank 1), ``"nearly"`` (up to 10), ``"missed"``, or ``"uncovered"`` (nan)."""
    if np.isnan(rank):
        return "uncovered"
    return "found" if rank <= 1 else "nearly" if rank <= NEARLY else "missed"


def explain(pair: Pair, number: int, scores: Scores, maxmax: Scores, rankings: pd.DataFrame) -> Explanation:
    """Explain query ``number`` of ``pair``.

    Args:
        scores: the method's scores, float32 (source words, target words).
        maxmax: those of MAXMAX, for the best cosines.
        rankings: the method's frame of ``runs.rankings``.
    """
    query, row = pair.queries[number], int(pair.rows[number])
    candidates = _candidates(pair, number, scores[row])
    gold = tuple(candidate for candidate in candidates if candidate.gold)
    best = pair.target.row(gold[0].word)
    found = rankings[(rankings["pos"] == query.pos) & (rankings["rank"] <= 1)]
    pairs = zip(found["word"], found["right"], strict=True)
    cosines = [maxmax[pair.source.row(word), pair.target.row(right)] for word, right in pairs]
    alone = ImageSets.from_arrays([query.word], [pair.source[query.word]])
    return Explanation(
        word=query.word,
        pos=query.pos,
        candidates=candidates,
        gold=gold,
        outcome=outcome(gold[0].rank),
        pictures=len(pair.source.rows(query.word)),
        dispersion=float(dispersion(alone)[0]),
        senses=pair.dataset.senses(query.word) if pair.languages[0] == "en" else None,
        best_cosine=float(maxmax[row, best]),
        typical=float(np.median(cosines)) if cosines else float("nan"),
    )


def _candidates(pair: Pair, number: int, row: NDArray[np.floating]) -> tuple[Candidate, ...]:
    ranks, right, sizes = ranking.rank(row), set(pair.gold[number]), pair.target.sizes
    return tuple(
        Candidate(
            word,
            float(ranks[column]),
            float(row[column]),
            int(column) in right,
            pair.target_pos[word],
            int(sizes[column]),
        )
        for column in ranking.order(row)
        for word in (pair.target.words[column],)
    )


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


def score_range(method: str, shown: Sequence[Candidate]) -> tuple[float, float]:
    """The ends of a scale on which the scores of some candidates are drawn; that of cosines holds 0 and 1."""
    low, high = methods.find(method).bounds
    known = [candidate.score for candidate in shown if not np.isnan(candidate.score)]
    if (low, high) == (-1.0, 1.0) or not known:
        return min([0.0, *known]), 1.0
    bottom, top = min(known), max(known)
    return (bottom, top) if top > bottom else (bottom - 1, top)


def shown_rank(rank: float) -> str:
    """``"3"``, or ``"3½"`` for the mean of a tied block, or ``"–"``."""
    if np.isnan(rank):
        return "–"
    return f"{int(rank)}½" if rank % 1 else f"{int(rank)}"


def verdict(found: Explanation, method: str) -> str:
    """One plain sentence or two: what happened, and why it may have.  Plain text, no markup."""
    kind, label = POS[found.pos], methods.label(method)
    known = [candidate for candidate in found.candidates if not np.isnan(candidate.score)]
    gold = found.gold[0]
    if found.pictures == 0:
        return f"There are no pictures of “{found.word}”, so nothing can be compared."
    if np.isnan(gold.rank):
        return f"There are no pictures of the right answer “{gold.word}”, so it cannot be found."
    alike = f"best cosine {found.best_cosine:.2f}"
    typical = f"; typical of found {kind}s: {found.typical:.2f}" if not np.isnan(found.typical) else ""
    learned = methods.find(method).learned
    if found.outcome == "found":
        evidence = "" if learned else f" ({alike}{typical})"
        return f"Found: {label} ranks the right answer “{gold.word}” first of {len(known)} candidates{evidence}."
    winner = next((candidate for candidate in known if not candidate.gold), known[0])
    place = f"{shown_rank(gold.rank)} of {len(known)}"
    where = (
        f"shares rank {place} with “{winner.word}”"
        if winner.rank == gold.rank
        else f"is at rank {place}; the winner is “{winner.word}”"
    )
    opening = f"{'Nearly' if found.outcome == 'nearly' else 'Missed'}: the right answer “{gold.word}” {where}. "
    if learned:
        return (
            opening + "It compares the words as texts in the space it has learned; no picture of theirs is looked at."
        )
    return opening + _reason(found, winner, alike + typical)


def _reason(found: Explanation, winner: Candidate, evidence: str) -> str:
    gold, kind = found.gold[0], POS[found.pos]
    better = "as well" if winner.rank == gold.rank else "even better"
    if not np.isnan(found.typical) and found.best_cosine < found.typical - 0.03:
        return (
            f"No picture of “{gold.word}” looks much like a picture of “{found.word}” ({evidence}); "
            f"perhaps its pictures show something else than the {kind}."
        )
    if not np.isnan(found.dispersion) and found.dispersion > 0.5:
        return (
            f"Some pictures do match ({evidence}), but those of “{found.word}” differ much among themselves "
            f"(dispersion {found.dispersion:.2f}), so few of them can vote for one translation."
        )
    if found.pos not in winner.pos:
        return (
            f"Pictures do match ({evidence}), but those of “{winner.word}” ({_kinds(winner.pos)}) match {better}: "
            f"what is seen may be a thing that goes with the {kind}."
        )
    return (
        f"Pictures do match ({evidence}), but those of “{winner.word}” match {better}; "
        "what it shows may look alike or be related."
    )


def _kinds(letters: str) -> str:
    return " and ".join(POS[letter] for letter in letters)


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
        "gold": [record(candidate) for candidate in found.gold],
        "candidates": [record(candidate) for candidate in found.candidates[:top]],
        "pictures": found.pictures,
        "dispersion": clean(found.dispersion),
        "senses": found.senses,
        "best_cosine": clean(found.best_cosine),
    }
