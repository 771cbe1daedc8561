"""What of a map is in view: the part that somebody looks at, and the few points of it that become their pictures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.map_selection import pictures_of
from cldi_core.insight.maps import Map

MOST = 100  # points that are shown as their pictures


def window(told: object) -> NDArray[np.float64] | None:
    """A part of a map as a browser tells of it: ``{"x": [one end, other end], "y": …}``; ``None`` for anything else.

    Returns:
        float64 (2, 2): x and y, low and high.
    """
    if not isinstance(told, dict):
        return None
    ends = [told.get("x"), told.get("y")]
    for pair in ends:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(map(_is_number, pair)) or pair[0] == pair[1]:
            return None
    return np.sort(np.array(ends, np.float64), axis=1)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e30


def within(xy: NDArray[np.floating], part: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which of some places, float (n, 2), lie in a part of a map: bool (n,)."""
    inside: NDArray[np.bool_] = (xy >= part[:, 0]) & (xy <= part[:, 1])
    return np.asarray(inside.all(axis=1))


def few(shown: Map, drawn: NDArray[np.bool_], part: NDArray[np.floating]) -> NDArray[np.int64]:
    """The rows of a map that are shown as pictures: all in view where these are few, or those of them that are drawn.

    Args:
        drawn: bool (n,), the points that the chart has.

    Returns:
        int64, at most ``MOST``; none where more are in view.
    """
    inside = within(shown.xy, part)
    for candidates in (inside, inside & drawn):
        if candidates.sum() <= MOST:
            return np.flatnonzero(candidates)
    return np.zeros(0, np.int64)


def pictures(shown: Map, pair: Pair, rows: NDArray[np.int64]) -> dict[int, str]:
    """What some rows of a map are shown as: row → the id of its picture, or of its word's first one."""
    if "id" in shown.table:
        return {int(row): str(shown.table["id"].iloc[row]) for row in rows}
    words = zip(shown.table["language"].iloc[rows], shown.table["word"].iloc[rows], strict=True)
    first = {int(row): pictures_of(pair, *word)[:1] for row, word in zip(rows, words, strict=True)}
    return {row: ids[0] for row, ids in first.items() if ids}
