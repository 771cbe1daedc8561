"""What the dense places of a map show: a few labels, of words that are typical of what lies there.

The words are those of the concepts and titles of the pictures.  Where a data set has none, pictures are labelled by the
word that many of them belong to, and places of words by the source word nearest to their middle.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import map_terms
from cldi_core.insight.depicted import depicted
from cldi_core.insight.map_layout import sample
from cldi_core.insight.map_selection import pictures_of
from cldi_core.insight.maps import Map

CELLS = 20  # of each axis
APART = 3  # cells between the middles of two labelled places
MOST = 10  # labels
PLACES = 40  # that are looked at, the densest first
FEWEST = 5  # points that have a label's word
SHARE = 0.3  # of a place's points that have it, at least
LIFT = 3.0  # how much more often than elsewhere, at least
# Pictures that are looked at; of more, a seeded sample of points, or the first ones of each word.
LOOKED = 40_000


@dataclass(frozen=True)
class Label:
    """A label and where it stands; ``count`` of the ``of`` points around have its word."""

    text: str
    x: float
    y: float
    count: int
    of: int


def labels(shown: Map, pair: Pair) -> list[Label]:
    """The labels of a map, those of the densest places first: at most ``MOST``, none where nothing is typical."""
    if len(shown.table) < FEWEST:
        return []
    if "id" in shown.table:
        shown = _sampled(shown)
    places = _places(shown)
    own = _terms(shown, pair)
    if not any(own) and "id" not in shown.table:
        return _middles(shown, pair.languages[0], places)
    if not any(own):
        own = [(word,) for word in shown.table["word"]]
    total = Counter(term for terms in own for term in terms)
    made: dict[str, Label] = {}
    for rows in places:
        term, count = _typical([own[row] for row in rows], total, len(own))
        if term and term not in made:
            having = [row for row in rows if term in own[row]]
            x, y = np.median(shown.xy[having], axis=0).tolist()
            made[term] = Label(term, x, y, count, len(rows))
    return list(made.values())[:MOST]


def _sampled(shown: Map) -> Map:
    """A map of pictures with no more points than are looked at."""
    if len(shown.table) <= LOOKED:
        return shown
    rows = sample(len(shown.table), LOOKED)
    return replace(shown, table=shown.table.iloc[rows], xy=shown.xy[rows], outside=shown.outside[rows])


def _places(shown: Map) -> list[NDArray[np.int64]]:
    """The rows of the densest places, 3 × 3 cells each, the densest first."""
    low, high = shown.limits.T
    cells = ((shown.xy - low) / np.where(high > low, high - low, 1) * CELLS).astype(np.int64).clip(0, CELLS - 1)
    counts = np.zeros((CELLS + 2, CELLS + 2), np.int64)
    np.add.at(counts, tuple(cells.T + 1), 1)
    around: NDArray[np.int64] = sum(
        (counts[down : down + CELLS, across : across + CELLS] for down in range(3) for across in range(3)),
        np.zeros((CELLS, CELLS), np.int64),
    )
    taken: list[tuple[int, int]] = []
    for place in np.argsort(-around.ravel(), kind="stable"):
        row, column = divmod(int(place), CELLS)
        if around[row, column] < FEWEST or len(taken) == PLACES:
            break
        if all(max(abs(row - one), abs(column - other)) >= APART for one, other in taken):
            taken.append((row, column))
    return [np.flatnonzero((np.abs(cells - place) <= 1).all(axis=1)) for place in taken]


def _terms(shown: Map, pair: Pair) -> list[map_terms.Terms]:
    """What each point shows: as it is stored (``map_terms.with_terms``), else read now."""
    if "terms" in shown.table:
        return [tuple(terms.split()) for terms in shown.table["terms"]]
    known = depicted(pair.dataset)
    if "id" in shown.table:
        return map_terms.of_pictures(known, shown.table["id"].tolist())
    own = [pictures_of(pair, *word) for word in zip(shown.table["language"], shown.table["word"], strict=True)]
    most = None if sum(map(len, own)) <= LOOKED else max(1, LOOKED // len(own))
    return map_terms.of_words(known, [every[:most] for every in own])


def _typical(here: Sequence[Sequence[str]], total: Counter[str], everything: int) -> tuple[str, int]:
    """The word that tells a place best from the rest of the map, and how many points there have it."""
    best, found = 0.0, ("", 0)
    for term, count in sorted(Counter(term for terms in here for term in terms).items()):
        share = count / len(here)
        lift = share / (total[term] / everything)
        if count >= FEWEST and share >= SHARE and lift >= LIFT and share * math.log(lift) > best:
            best, found = share * math.log(lift), (term, count)
    return found


def _middles(shown: Map, source: str, places: Sequence[NDArray[np.int64]]) -> list[Label]:
    """The source word nearest to the middle of each place that is twice as dense as the map is on average."""
    own = (shown.table["language"] == source).to_numpy()
    usual = 9 * len(shown.table) / CELLS**2
    made: dict[str, Label] = {}
    for rows in places:
        mine = rows[own[rows]]
        if len(rows) >= 2 * usual and len(mine):
            away = ((shown.xy[mine] - np.median(shown.xy[rows], axis=0)) ** 2).sum(axis=1)
            row = int(mine[away.argmin()])
            word, (x, y) = str(shown.table["word"].iloc[row]), shown.xy[row].tolist()
            made.setdefault(word, Label(word, x, y, 1, len(rows)))
    return list(made.values())[:MOST]
