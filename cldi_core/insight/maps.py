"""What the map of one language pair shows: its points, their groups, and which of them were selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import POS
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.explanation import OUTCOMES, outcome
from cldi_core.insight.projection import inside

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 6000  # points drawn at most; more are sampled, and said so
SHOWN = 12  # selected words listed


def points(coordinates: pd.DataFrame, pair: Pair, rankings: pd.DataFrame, letters: str) -> tuple[pd.DataFrame, int]:
    """The points of a pair: coordinates joined with language, part of speech and outcome.

    A word counts under its first part of speech among ``letters``; a picture takes those of the first word it belongs
    to.  Targets have the outcome of the first query whose answer they are.

    Returns:
        The table (columns x, y, language, word, pos, outcome, label, and id for pictures), sampled with a fixed seed
        to at most ``LIMIT`` rows; and how many points there are in all.
    """
    import pandas as pd

    words = _words(pair, rankings)
    words = words[words["pos"].isin(list(letters))].drop_duplicates(["language", "word"])
    if "id" in coordinates:
        members = [
            (language, word, key)
            for language, sets in zip(pair.languages, (pair.source, pair.target), strict=True)
            for word in sets.words
            for key in sets.word_ids(word)
        ]
        owned = pd.DataFrame(members, columns=["language", "word", "id"]).merge(words, on=["language", "word"])
        table = coordinates.merge(owned.drop_duplicates("id"), on="id")
    else:
        table = coordinates.merge(words, on=["language", "word"])
    total = len(table)
    if total > LIMIT:
        table = table.sample(LIMIT, random_state=0).sort_index()
    table = table.reset_index(drop=True)
    table["label"] = table["word"] + " (" + table["language"] + ")"
    return table, total


def _words(pair: Pair, rankings: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows: list[tuple[str, str, str, str]] = []
    outcomes = [outcome(rank) for rank in rankings["rank"]]
    for query, found in zip(pair.queries, outcomes, strict=True):
        rows.append((pair.languages[0], query.word, query.pos, found))
        rows += [(pair.languages[1], word, query.pos, found) for word in query.right]
    return pd.DataFrame(rows, columns=["language", "word", "pos", "outcome"])


def groups(table: pd.DataFrame, colouring: str, languages: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """One group per value of the column ``colouring`` that occurs: (value, bool mask)."""
    known = {"pos": tuple(POS), "language": tuple(languages), "outcome": OUTCOMES}
    masks = [(value, (table[colouring] == value).to_numpy()) for value in known[colouring]]
    return [(value, mask) for value, mask in masks if mask.any()]


def joins(table: pd.DataFrame, pair: Pair) -> NDArray[np.float64]:
    """Lines from each source word to its right answers: float64 (m, 2, 2), [[x, y] of one, [x, y] of the other]."""
    places = {
        (language, word): (x, y)
        for language, word, x, y in zip(table["language"], table["word"], table["x"], table["y"], strict=True)
    }
    source, target = pair.languages
    lines = [
        (places[source, query.word], places[target, word])
        for query in pair.queries
        for word in query.right
        if (source, query.word) in places and (target, word) in places
    ]
    return np.array(lines, np.float64).reshape(-1, 2, 2)


def chosen(
    coordinates: NDArray[np.floating],
    polygons: Sequence[Sequence[Sequence[float]]],
    boxes: Sequence[tuple[Sequence[float], Sequence[float]]],
    clicked: Sequence[int],
) -> NDArray[np.int64]:
    """Rows inside a lasso or a box; without either, those that were clicked.

    Areas are tested here and not taken from the browser's list of points, which leaves out hidden traces.
    """
    mask = np.zeros(len(coordinates), bool)
    for polygon in polygons:
        mask |= inside(coordinates, polygon)
    for across, along in boxes:
        x, y = coordinates.T
        mask |= (min(across) <= x) & (x <= max(across)) & (min(along) <= y) & (y <= max(along))
    if not polygons and not boxes:
        mask[[row for row in clicked if 0 <= row < len(coordinates)]] = True
    return np.flatnonzero(mask).astype(np.int64)
