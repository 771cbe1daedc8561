"""Stored scores and ranks set against what they are made from: what ``check --deep`` finds of them.

A checksum tells that a file is what was written; that this was right is only told by doing the work again, for a few
words.  What another machine computed may differ by rounding, which is no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import CldiError, DatasetError
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker, Scored, with_bases
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    import pandas as pd

WORDS, SEED = 5, 0  # source words of each pair whose scores are computed again
ROUNDING = 2e-6  # two cosines that are each within 1e-6 of the true one
STEPS = 1e-3  # where a score hangs on ranks, votes or a network, rounding goes further
TEXTS = ("query", "word", "pos", "same_spelled")


@dataclass(frozen=True)
class Difference:
    """A stored file that is not what it should be; ``ranker`` is the name of what it is of."""

    path: Path
    ranker: str
    text: str


def differences(pair: Pair, ranker_of: Callable[[str], Ranker]) -> Iterator[Difference]:
    """What is wrong with the scores and rankings of a pair that would be used as they are.

    Every checksum is looked at.  The scores of ``WORDS`` words are computed again, and ranks made anew: all of them
    from stored scores, or those of these words where there are none.

    Args:
        ranker_of: what ranks under a name; UnknownNameError where nothing does.
    """
    rankers = list(_stored(pair, ranker_of))
    scored, frames, damaged = _read(pair, rankers)
    yield from damaged
    used = [ranker for ranker in rankers if ranker.name in scored or ranker.name in frames]
    part = pair.of_words(_sample(pair))
    again = _again(pair, part, used, scored)
    for ranker in used:
        name, fresh = ranker.name, again[ranker.name]
        slack = _slack(ranker, fresh)
        if name in scored:
            rows = [pair.source.row(word) for word in part.source.words]
            found = _off(part, scored[name].matrix[rows], fresh.matrix, slack)
            if found:
                yield Difference(stored_scores.path_of(pair, name), name, found)
        if name in frames:
            own, matrix = (pair, scored[name].matrix) if name in scored else (part, fresh.matrix)
            found = _misranked(own, matrix, frames[name], slack)
            if found:
                yield Difference(rankings.path_of(pair, name), name, found)


def _stored(pair: Pair, ranker_of: Callable[[str], Ranker]) -> Iterator[Ranker]:
    """What has scores or rankings on disk and can rank the pair; other files are never read."""
    places = (stored_scores.path_of(pair, "any").parent, rankings.path_of(pair, "any").parent)
    for name in sorted({path.stem for place in places if place.is_dir() for path in place.iterdir()}):
        try:
            ranker = ranker_of(name)
            ranker.full_key(pair)
        except CldiError:
            continue
        yield ranker


def _read(pair: Pair, rankers: Iterable[Ranker]) -> tuple[dict[str, Scored], dict[str, pd.DataFrame], list[Difference]]:
    """Stored scores and rankings that would be used, by name, and what is damaged."""
    scored: dict[str, Scored] = {}
    frames: dict[str, pd.DataFrame] = {}
    damaged = []
    for ranker in rankers:
        name, key, path = ranker.name, ranker.full_key(pair), stored_scores.path_of(pair, ranker.name)
        try:
            one = stored_scores.read_whole(path)
            if one is not None and one.key == key:
                scored[name] = one
        except DatasetError as error:
            damaged.append(Difference(path, name, str(error)))
        path = rankings.path_of(pair, name)
        try:
            frame = storage.read_frame(path) if path.is_file() else None
        except Exception as error:  # pyarrow raises many kinds for a broken file
            damaged.append(Difference(path, name, f"it cannot be read ({error})"))
            continue
        if frame is not None and not storage.is_whole(frame):
            damaged.append(Difference(path, name, "it is not what was written: its checksum does not fit"))
        elif frame is not None and frame.attrs.get("key") == key:
            frames[name] = frame
    return scored, frames, damaged


def _sample(pair: Pair) -> list[str]:
    known = [word for word, size in zip(pair.source.words, pair.source.sizes, strict=True) if size]
    known = known or list(pair.source.words)
    chosen = np.random.default_rng(SEED).choice(len(known), min(WORDS, len(known)), replace=False)
    return [known[number] for number in sorted(chosen.tolist())]


def _again(pair: Pair, part: Pair, rankers: Iterable[Ranker], scored: dict[str, Scored]) -> dict[str, Scored]:
    """The scores of ``part``'s source words, computed anew.

    Where a word's scores depend on other source words, all are computed, from the stored scores of the bases if these
    are there: they are looked at themselves.
    """
    rankers = list(rankers)
    whole = [ranker for ranker in rankers if not all(one.by_row for one in with_bases([ranker]))]
    made = stored_scores.computed(part, [ranker for ranker in rankers if ranker not in whole])
    bases = {one.name for one in with_bases(whole)} - {ranker.name for ranker in whole}
    all_of_them = stored_scores.computed(pair, whole, {name: scored[name] for name in bases if name in scored})
    rows = [pair.source.row(word) for word in part.source.words]
    for ranker in whole:
        one = all_of_them[ranker.name]
        made[ranker.name] = Scored.of(ranker, part, one.matrix[rows], one.device, one.seconds, error=one.error)
    return made


def _slack(ranker: Ranker, fresh: Scored) -> float:
    method = METHODS.get(ranker.name)
    return max(ROUNDING, fresh.error) if method is not None and method.local else STEPS


def _off(part: Pair, stored: NDArray[np.floating], fresh: NDArray[np.floating], slack: float) -> str:
    """What to say of stored scores (words, candidates) that are not those computed again; nothing if they are."""
    same = (np.abs(stored - fresh) <= slack) | (np.isnan(stored) & np.isnan(fresh))
    if same.all():
        return ""
    row, column = np.argwhere(~same)[0]
    word, candidate = part.source.words[row], part.target.words[column]
    return (
        f"{int((~same).sum())} of {same.size} scores that were computed again differ: {word!r} and {candidate!r} score "
        f"{fresh[row, column]:.4f}, not {stored[row, column]:.4f}"
    )


def _misranked(pair: Pair, matrix: NDArray[np.floating], frame: pd.DataFrame, slack: float) -> str:
    """What to say of rankings that do not follow from scores (source words, candidates); nothing if they do."""
    expected = rankings.ranked(pair, matrix).set_index("query", drop=False)
    if frame["query"].duplicated().any() or not set(expected.index) <= set(frame["query"]):
        return "its queries are not those of the word list"
    stored = frame.set_index("query", drop=False).loc[expected.index]
    for number, query in enumerate(expected.index):
        old, new = stored.iloc[number], expected.iloc[number]
        row = np.asarray(matrix[pair.rows[number]], np.float64)
        if not _follows(pair, number, row, old, new, slack):
            return f"{query!r} is at rank {_shown(new)}, not {_shown(old)}, when its ranks are made again"
    return ""


def _follows(pair: Pair, number: int, row: NDArray[np.float64], old: pd.Series, new: pd.Series, slack: float) -> bool:
    """Whether the stored line of a query says what its scores say; ranks and winners as far as rounding lets them."""
    if any(old[name] != new[name] for name in TEXTS):
        return False
    if np.isnan(new["rank"]) or np.isnan(old["rank"]):
        return bool(np.isnan(new["rank"]) and np.isnan(old["rank"]))
    right, winner = new["right_score"], np.nanmax(row)
    near = TIE + slack
    between = 1 + (row > right + near).sum() <= old["rank"] <= (row >= right - near).sum()
    if old["rank"] != new["rank"] and not between:
        return False
    places = [pair.target.words.index(old[name]) for name in ("right", "winner") if old[name] in pair.target]
    if len(places) < 2 or places[0] not in pair.gold[number]:
        return False
    said = np.array([old["right_score"], old["winner_score"]])
    return bool((np.abs(said - row[places]) <= slack).all() and (row[places] >= [right - near, winner - near]).all())


def _shown(line: pd.Series) -> str:
    return f"{line['rank']:g} ({line['right']}; winner {line['winner']})"
