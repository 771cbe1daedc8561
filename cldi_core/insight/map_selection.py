"""What is chosen on a map, as a short text that a link can carry: a word, a picture, or an area.

An area is kept as its corners and not as what lies in it: that stays short for any number of points.  It says on which
map it was drawn, and means nothing on another.  What is chosen among words chooses their pictures too, and the other
way round.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.maps import KINDS, Map, inside

if TYPE_CHECKING:
    import pandas as pd

Corners = tuple[tuple[float, float], ...]
CORNERS = 40  # of an area, at most
FINENESS = 2000  # steps of an axis to which corners are rounded
LONGEST = 1000  # characters of a text that is looked at
BETWEEN = "~"  # needs no escape in a URL


@dataclass(frozen=True)
class Chosen:
    """One thing or one area of a map.

    Attributes:
        kind: of which map: "words" or "pictures".
        id: the picture's id; language, word: those of a word.
        corners: of an area in the map's coordinates; stamp: that of the map it was drawn on.
    """

    kind: str
    id: str = ""
    language: str = ""
    word: str = ""
    corners: Corners = ()
    stamp: str = ""

    def text(self) -> str:
        """``"word~en~dog"``, ``"picture~0af3…"`` or ``"area~words~1f03a2~0.5~1~2~3.25~…"``: what ``read`` reads."""
        if self.corners:
            numbers = [f"{number:.10g}" for corner in self.corners for number in corner]
            return BETWEEN.join(["area", self.kind, self.stamp, *numbers])
        return BETWEEN.join(["picture", self.id] if self.kind == "pictures" else ["word", self.language, self.word])


@dataclass(frozen=True)
class Selection:
    """What is chosen: ``mask``, bool (n,), of the map's points; ``own``, its (language, word) → ids of pictures."""

    mask: NDArray[np.bool_]
    own: Mapping[tuple[str, str], Sequence[str]]


def read(text: str) -> Chosen | None:
    """What a text chooses; ``None`` where it is no such text."""
    what, _, rest = text[:LONGEST].partition(BETWEEN)
    if what == "picture" and rest:
        return Chosen("pictures", id=rest)
    if what == "word":
        language, _, word = rest.partition(BETWEEN)
        return Chosen("words", language=language, word=word) if language and word else None
    kind, *parts = rest.split(BETWEEN)
    if what != "area" or kind not in KINDS or len(parts) < 7 or len(parts) > 2 * CORNERS + 1 or len(parts) % 2 == 0:
        return None
    try:
        numbers = [float(part) for part in parts[1:]]
    except ValueError:
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    return Chosen(kind, corners=tuple(zip(numbers[::2], numbers[1::2], strict=True)), stamp=parts[0])


def point(shown: Map, row: int) -> Chosen | None:
    """The point of a row of the map; ``None`` where there is none."""
    if not 0 <= row < len(shown.table):
        return None
    own = shown.table.iloc[row]
    if "id" in shown.table:
        return Chosen("pictures", id=str(own["id"]))
    return Chosen("words", language=str(own["language"]), word=str(own["word"]))


def area(shown: Map, x: Sequence[float], y: Sequence[float]) -> Chosen | None:
    """An area that somebody drew on a map: a polygon, or a box by two opposite corners.  ``None`` for no area.

    With at most ``CORNERS`` corners, rounded to what is seen.
    """
    corners = list(zip(map(float, x), map(float, y), strict=True))
    if len(corners) == 2:
        (left, low), (right, high) = corners
        corners = [(left, low), (right, low), (right, high), (left, high)]
    extent = float((shown.limits[:, 1] - shown.limits[:, 0]).max()) or 1.0
    digits = max(0, math.ceil(-math.log10(extent / FINENESS)))
    rounded = tuple((round(across, digits), round(along, digits)) for across, along in simplified(corners))
    return Chosen(kind_of(shown), corners=rounded, stamp=shown.stamp) if len(rounded) > 2 else None


def simplified(corners: Sequence[tuple[float, float]], most: int = CORNERS) -> list[tuple[float, float]]:
    """A polygon with at most so many corners: those go that change its area least (Visvalingam & Whyatt 1993)."""
    left = list(corners)[:: max(1, len(corners) // 1000)]
    while len(left) > most:
        xy = np.array(left)
        (x, y), (x0, y0), (x1, y1) = xy.T, np.roll(xy, 1, axis=0).T, np.roll(xy, -1, axis=0).T
        left.pop(int(np.abs((x - x0) * (y1 - y0) - (x1 - x0) * (y - y0)).argmin()))
    return left


def select(chosen: Chosen, shown: Map, pair: Pair, other: Callable[[], Map]) -> Selection | None:
    """What of a map is chosen; ``None`` where the area was drawn on a map that is no more.

    Args:
        chosen: on this map or on that of the other kind; other: that one, where it is needed.
    """
    rows = None
    if chosen.corners:
        there = shown if chosen.kind == kind_of(shown) else other()
        if chosen.stamp != there.stamp:
            return None
        rows = there.table[inside(there.xy, chosen.corners)]
    if chosen.kind == "words":
        return of_words([(chosen.language, chosen.word)] if rows is None else _words(rows), shown, pair)
    keys = {chosen.id} if rows is None else set(rows["id"])
    if kind_of(shown) == "words":
        own = {word: pictures_of(pair, *word) for word in _words(shown.table)}
        return of_words([word for word, ids in own.items() if not keys.isdisjoint(ids)], shown, pair)
    mask = shown.table["id"].isin(keys).to_numpy()
    grouped: dict[tuple[str, str], list[str]] = {}
    for word, key in zip(_words(shown.table[mask]), shown.table["id"][mask], strict=True):
        grouped.setdefault(word, []).append(key)
    return Selection(mask, grouped)


def of_words(words: Sequence[tuple[str, str]], shown: Map, pair: Pair) -> Selection:
    """Some words, or their pictures, whatever map they are on; what is not on it is not chosen."""
    table = shown.table
    if kind_of(shown) == "words":
        wanted = set(words)
        mask = np.array([word in wanted for word in _words(table)], bool)
        return Selection(mask, {word: pictures_of(pair, *word) for word in _words(table[mask])})
    there = set(table["id"])
    own = {word: [key for key in pictures_of(pair, *word) if key in there] for word in words}
    own = {word: ids for word, ids in own.items() if ids}
    return Selection(table["id"].isin({key for ids in own.values() for key in ids}).to_numpy(), own)


def kind_of(shown: Map) -> str:
    """Whether a map is one of words or of pictures."""
    return "pictures" if "id" in shown.table else "words"


def found(table: pd.DataFrame, typed: str) -> list[tuple[str, str]]:
    """The words of a map that somebody typed, in either language and any case: (language, word)."""
    return _words(table[table["word"].str.casefold() == " ".join(typed.split()).casefold()])


def near(table: pd.DataFrame, typed: str, most: int = 3) -> list[str]:
    """Words of a map that are spelled like what somebody typed, the nearest first."""
    own = {word.casefold(): word for word in table["word"]}
    close = difflib.get_close_matches(typed[:LONGEST].casefold(), list(own), most, 0.7)
    return [own[word] for word in close]


def pictures_of(pair: Pair, language: str, word: str) -> list[str]:
    """The ids of a word's pictures that have features; none of a word that the pair does not have."""
    for own, sets in zip(pair.languages, (pair.source, pair.target), strict=True):
        if own == language and word in sets:
            return list(sets.word_ids(word))
    return []


def _words(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["language"], rows["word"], strict=True))
