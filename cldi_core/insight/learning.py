"""Learning curves: how well words translate with 1, 2, 5, 10, 20 or all of their pictures.

Words of both languages are given so many of their pictures, drawn at random; a word that has fewer keeps all it has, so
a curve is flat where most words have no more (``kept_whole`` counts them).  A query's figures are the means over the
draws.  The draws of a word are nested, 1 is among the 2 and so on, and depend on seed, language, word and number of the
draw alone: neither on other words nor on the order of anything.

``curves/<backbone>/<pair>/<method>.parquet`` holds them with the key of everything they depend on and a checksum.  It
is written after each size, so that what is ended early goes on from there; a curve counts once all its sizes are there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import SETTINGS
from cldi_core.errors import CldiError
from cldi_core.evaluation import metrics, paper, ranking, stored_scores
from cldi_core.evaluation.image_methods import ranker_of
from cldi_core.evaluation.kept_frames import AS_SMALL
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.pieces import Pieces
from cldi_core.scoring import Progress, methods
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.scores import score_all

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1  # raise it when what a column means or how it is computed changes: stored curves are then made again
FOLDER = "curves"
SIZES = (1, 2, 5, 10, 20)  # pictures of a word
ALL = 0  # the size that stands for all of them
DRAWS, SEED = 8, 0
METHODS = tuple(paper.TABLE_2)
COLUMNS = ("method", "size", "query", "word", "pos", "mrr", "p1", "draws")
FIGURES = {"mrr": "MRR", "p1": "P@1"}


@dataclass(frozen=True)
class Draw:
    """Some of every word's pictures, and what scores them: ``size`` of each, the ``number``-th time."""

    size: int
    number: int
    methods: tuple[str, ...]


Figures = dict[str, NDArray[np.float64]]  # method → (2, n_queries): 1 / rank, and whether the rank is at most 1
Elsewhere = Callable[[Pair, Sequence[Draw], int], Iterator[Figures]]  # of some draws, in their order, with a seed


@dataclass(frozen=True)
class Point:
    """The figures of a part of speech at one size.

    Attributes:
        size: pictures of a word, 0 for all.
        setting: of ``SETTINGS``.
        mrr, p1: the means over queries, with 95 % intervals over words; draws are averaged before.
    """

    size: int
    setting: str
    mrr: Interval
    p1: Interval


def drawn(sets: ImageSets, language: str, size: int, draw: int, seed: int = SEED) -> ImageSets:
    """The same words with ``size`` of their pictures each, or with all where they have no more, or ``size`` is 0.

    Args:
        language: of the words; draw: which of the draws, 0 for the first.
    """
    if size == ALL:
        return sets
    kept = [_some(sets.rows(word), size, seed, language, word, draw) for word in sets.words]
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in kept])]).astype(np.int64)
    less = ImageSets(
        sets.words,
        sets.features,
        np.concatenate(kept).astype(np.int64),
        offsets,
        sets.ids,
        digests=lambda: sets.digests,
        finite=True,
    )
    less.measured = sets.measured  # of the same rows
    return less


def sizes_of(pair: Pair) -> tuple[int, ...]:
    """The sizes of a pair: those that take a picture from a word at least, and ``ALL`` at the end."""
    most = max(int(pair.source.sizes.max()), int(pair.target.sizes.max()))
    return (*(size for size in SIZES if size < most), ALL)


def kept_whole(pair: Pair) -> dict[int, tuple[int, int]]:
    """Size → how many source words, and how many candidates, keep all of the pictures they have; of those with any."""
    sides = [sets.sizes[sets.sizes > 0] for sets in (pair.source, pair.target)]
    most = {size: size or max(int(side.max(initial=0)) for side in sides) for size in sizes_of(pair)}
    return {size: (int((sides[0] <= limit).sum()), int((sides[1] <= limit).sum())) for size, limit in most.items()}


def curve(
    pair: Pair,
    names: Sequence[str],
    size: int,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    device: str = "cpu",
    progress: Progress | None = None,
    made: Iterable[Figures] | None = None,
) -> pd.DataFrame:
    """The figures of every query with ``size`` pictures a word: a row for each method and query, as ``COLUMNS``.

    mrr is the mean over draws of 1 / rank, p1 the share of draws in which the rank is at most 1, both float32 and nan
    where the query is not covered; draws says how many there were, 1 of ``ALL``.

    Args:
        names: image methods; they share a pass over the pictures.
        progress: told the source pictures done and their number, over all draws.
        made: the figures of the draws, in their order, where they are computed elsewhere.
    """
    import pandas as pd

    times = 1 if size == ALL else draws
    pictures = _pictures(pair, size)
    told = [partial(_told, progress, number * pictures, times * pictures) for number in range(times)]
    if made is None:
        plan = [Draw(size, number, tuple(names)) for number in range(times)]
        made = (figures_of(pair, draw, seed, device, told[draw.number]) for draw in plan)
    totals = {name: np.zeros((2, len(pair.queries))) for name in names}
    for number, found in enumerate(made):
        for name, figures in found.items():
            totals[name] += figures
        told[number](pictures, pictures)
    asked = {name: [getattr(query, own) for query in pair.queries] for name, own in ASKED.items()}
    frames = [
        pd.DataFrame(
            {
                "method": name,
                "size": np.int32(size),
                **asked,
                "mrr": (total[0] / times).astype(np.float32),
                "p1": (total[1] / times).astype(np.float32),
                "draws": np.int32(times),
            }
        )
        for name, total in totals.items()
    ]
    return pd.concat(frames, ignore_index=True)


def figures_of(
    pair: Pair, draw: Draw, seed: int = SEED, device: str = "cpu", progress: Progress | None = None
) -> Figures:
    """The figures of every query with the pictures of one draw; nan where it is not covered."""
    source, target = (
        drawn(sets, language, draw.size, draw.number, seed)
        for sets, language in zip((pair.source, pair.target), pair.languages, strict=True)
    )
    found = {}
    for name, scores in score_all(source, target, draw.methods, device, progress=progress).items():
        ranks = ranking.gold_ranks(scores[pair.rows], pair.gold)
        found[name] = np.stack([1 / ranks, metrics.figures(ranks, (1,))["p@1"]])
    return found


ASKED = {"query": "id", "word": "word", "pos": "pos"}  # columns → fields of a query


def keep_curve(
    pair: Pair,
    names: Sequence[str] = METHODS,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    device: str = "cpu",
    progress: Progress | None = None,
    must_keep: bool = False,
    elsewhere: Elsewhere | None = None,
) -> pd.DataFrame:
    """The curves of some image methods, computed and kept where what is stored does not stand or has other draws.

    Args: as those of ``curve``; progress: over all sizes; elsewhere: where the draws are scored, if not here.

    Raises:
        UnknownNameError: one of them is no image method; DatasetError: ``must_keep``, and it cannot be written.
    """
    known = {name: _read(pair, name, draws, seed) for name in dict.fromkeys(names)}
    sizes = sizes_of(pair)
    lacking = {size: [name for name, own in known.items() if size not in own] for size in sizes}
    work = {size: _pictures(pair, size) * (draws if size else 1) for size in sizes if lacking[size]}
    before, total = 0, sum(work.values())
    times = {size: 1 if size == ALL else draws for size in work}
    plan = [Draw(size, number, tuple(lacking[size])) for size in work for number in range(times[size])]
    there = elsewhere(pair, plan, seed) if elsewhere is not None and plan else None
    for size, pictures in work.items():
        told = partial(_told, progress, before, total)
        figures = None if there is None else islice(there, times[size])
        made = curve(pair, lacking[size], size, draws=draws, seed=seed, device=device, progress=told, made=figures)
        for name, own in made.groupby("method", sort=False):
            known[str(name)][size] = own.reset_index(drop=True)
        keeping = {name: partial(_write, pair, name, known[name], draws, seed) for name in lacking[size]}
        stored_scores.keep_each(pair, "curves", keeping, must_keep)
        before += pictures
    pieces_of(pair).clear()
    return _joined(known, sizes, seed)


def stored_curve(pair: Pair) -> pd.DataFrame | None:
    """The stored curves of all methods that have a whole one which stands, as ``COLUMNS``; ``None`` where none has.

    ``attrs["seeds"]`` has the seed of each method.
    """
    sizes, known, seeds = sizes_of(pair), {}, {}
    for path in sorted(path_of(pair, "any").parent.glob("*.parquet")):
        with contextlib.suppress(CldiError):  # no method of that name
            frame = storage.frame_of(path, key_of(pair, path.stem))
            own = {} if frame is None else _unpacked(pair, path.stem, frame)
            if frame is not None and set(sizes) <= set(own):
                known[path.stem], seeds[path.stem] = own, int(frame.attrs["seed"])
    if not known:
        return None
    first = [name for name in METHODS if name in known]
    ordered = {name: known[name] for name in dict.fromkeys([*first, *known])}
    found = _joined(ordered, sizes, SEED)
    found.attrs = {"seeds": seeds}
    return found


def points(curve: pd.DataFrame, method: str) -> list[Point]:
    """The figures of one method by size and by part of speech (all of them first), where any query is covered."""
    own, found = curve[curve["method"] == method], []
    for setting, letters in SETTINGS.items():
        kind = own[own["pos"].isin(letters)]
        for size in _ascending(own):
            rows = kind[kind["size"] == size]
            mrr, p1 = (metrics.interval(rows[name].to_numpy(np.float64), rows["word"].to_numpy()) for name in FIGURES)
            if mrr.n:
                found.append(Point(size, setting, mrr, p1))
    return found


def gaps(curve: pd.DataFrame, method: str, letter: str = "V", figure: str = "mrr") -> dict[int, Interval]:
    """Size → how much higher the figure of nouns is than that of verbs (or of adjectives)."""
    own, found = curve[curve["method"] == method], {}
    for size in _ascending(own):
        sides = [own[(own["size"] == size) & (own["pos"] == pos)] for pos in ("N", letter)]
        nouns, others = (side[figure].to_numpy(np.float64) for side in sides)
        found[size] = metrics.gap(nouns, others, (sides[0]["word"].to_numpy(), sides[1]["word"].to_numpy()))
    return found


def growth(curve: pd.DataFrame, method: str, letters: str, sizes: tuple[int, int], figure: str = "mrr") -> Interval:
    """By how much the figure grows from the first size to the second, on the same queries of some parts of speech."""
    own = curve[(curve["method"] == method) & curve["pos"].isin(list(letters))]
    before, after = (own[own["size"] == size] for size in sizes)
    one, other = (rows[figure].to_numpy(np.float64) for rows in (after, before))
    return metrics.paired(one, other, after["word"].to_numpy())


def possible(method: str) -> bool:
    """Whether there can be a curve of this method: whether it compares pictures."""
    try:
        methods.find_method(method)
    except CldiError:
        return False
    return True


def path_of(pair: Pair, method: str) -> Path:
    """Where the curve of a method is kept."""
    return pair.dataset.path / FOLDER / pair.backbone / pair.name / f"{method}.parquet"


def pieces_of(pair: Pair) -> Pieces:
    """Where the figures of draws wait until the curves of a pair are stored."""
    return Pieces(path_of(pair, "any").parent)


def key_of(pair: Pair, method: str) -> str:
    """A digest of all that a curve depends on but seed and number of the draws, which it carries.

    Raises:
        UnknownNameError: it is no image method.
    """
    asked = [[query.id, query.word, query.pos, query.right] for query in pair.queries]
    key = ranker_of(methods.find_method(method)).full_key(pair)
    return storage.digest(VERSION, list(sizes_of(pair)), list(pair.languages), key, asked)


def _some(rows: NDArray[np.int64], size: int, seed: int, language: str, word: str, draw: int) -> NDArray[np.int64]:
    """Some of a word's pictures, in the order that they have."""
    if len(rows) <= size:
        return rows
    rng = np.random.default_rng(int(storage.digest(seed, language, word, draw), 16))
    chosen: NDArray[np.int64] = rows[np.sort(rng.permutation(len(rows))[:size])]
    return chosen


def _pictures(pair: Pair, size: int) -> int:
    """How many source pictures a pass looks at."""
    sizes = pair.source.sizes
    return int((np.minimum(sizes, size) if size else sizes).sum())


def _told(progress: Progress | None, before: int, total: int, done: int, _: int) -> None:
    if progress is not None:
        progress(before + done, total)


def _ascending(own: pd.DataFrame) -> list[int]:
    """The sizes that are there, all pictures last."""
    return sorted(map(int, own["size"].unique()), key=lambda size: (size == ALL, size))


def _joined(known: dict[str, dict[int, pd.DataFrame]], sizes: Iterable[int], seed: int) -> pd.DataFrame:
    import pandas as pd

    found = pd.concat([own[size] for own in known.values() for size in sizes], ignore_index=True)
    found.attrs = {"seeds": dict.fromkeys(known, seed)}
    return found


def _write(pair: Pair, name: str, own: dict[int, pd.DataFrame], draws: int, seed: int) -> None:
    """Keep what is known of a method so far, without what the pair itself tells."""
    import pandas as pd

    packed = pd.concat([own[size][["size", "mrr", "p1", "draws"]] for size in own], ignore_index=True)
    packed.attrs = {"key": key_of(pair, name), "draws": draws, "seed": seed}
    storage.write_frame(path_of(pair, name), packed, **AS_SMALL)


def _read(pair: Pair, name: str, draws: int, seed: int) -> dict[int, pd.DataFrame]:
    """What is stored of a method and stands, by size."""
    frame = storage.frame_of(path_of(pair, name), key_of(pair, name))
    fits = frame is not None and (frame.attrs.get("draws"), frame.attrs.get("seed")) == (draws, seed)
    return _unpacked(pair, name, frame) if frame is not None and fits else {}


def _unpacked(pair: Pair, name: str, packed: pd.DataFrame) -> dict[int, pd.DataFrame]:
    asked = {column: [getattr(query, own) for query in pair.queries] for column, own in ASKED.items()}
    found = {}
    for size in map(int, packed["size"].unique()):
        own = packed[packed["size"] == size].reset_index(drop=True)
        if len(own) == len(pair.queries):
            found[size] = own.assign(method=name, **asked)[list(COLUMNS)]
    return found
