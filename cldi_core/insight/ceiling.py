"""The ceiling of a word: how well half of its own pictures find the other half among all candidates.

A word that cannot find itself cannot be translated by pictures, whatever the other language has.  Whether it can is
measured with AVGMAX, under any method: the ceiling is of the word's pictures.

Two things lift it that are not the word's own.  A picture that stands twice among a word's pictures, or nearly so, can
be in both halves, and finds itself.  And it falls where languages share pictures: a candidate that owns a picture of
the asking half has cosine 1 with it, which the other half cannot have.

Where the pictures of both languages depict the same things, candidates that show what the asking half shows stand
before an other half that shows something else.  So a word of many things has a low ceiling in the demo and may be found
all the same: en-de with EfficientNet-Lite0 has a mean MRR of .74 for found and .62 for missed nouns, but of .52 for the
21 found and .65 for the 90 missed verbs.

``evidence/<backbone>/<pair>/ceilings.parquet`` keeps those of all words, with the key of what they depend on and a
checksum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import unknown_name
from cldi_core.evaluation import ranking, stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.scoring.blas import one_thread
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.parallel import side_by_side
from cldi_core.scoring.products import products
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1  # raise it when the numbers change: stored ceilings are then computed again
SPLITS = 8
SEED = 0
COLUMNS = ("word", "mrr", "rank", "splits", "candidates")
# Numbers of float32 that are held at once: rows of either side, their cosines, the best of them in each target word.
ROWS, TARGET_ROWS, BEST = 4096, 1024, 1 << 24


@dataclass(frozen=True)
class Ceiling:
    """How well half of a word's pictures find the other half.

    Attributes:
        mrr: the mean of 1 / rank over the splits, in (0, 1]; nan of a word with fewer than two pictures.
        rank: the median rank of the other half, 1 is best; nan likewise.
        splits: how many splits there were: at most 8, fewer where fewer are possible, 0 below two pictures.
        candidates: how many were ranked, the other half among them.
    """

    mrr: float
    rank: float
    splits: int
    candidates: int


def ceiling(pair: Pair, word: str) -> Ceiling:
    """The ceiling of one source word, computed without those of others: the row that ``ceilings`` has of it.

    Raises:
        UnknownNameError: it is no source word of the pair.
    """
    (found,) = _ceilings(pair, [word])
    return found


def ceilings(pair: Pair, words: Sequence[str] | None = None) -> pd.DataFrame:
    """The ceilings of source words, all or some: a row per word with the columns word and those of ``Ceiling``.

    For a word of n pictures, ⌊n/2⌋ of them ask; the others take the place of the word's right answers (those of any
    query of the word) among the candidates, all other target words with pictures.  Scores are AVGMAX,
    ``mean over i ∈ asking of max over j of cos(i, j)``, ranks those of ``ranking.gold_ranks``.  The splits are drawn
    at random with a seed, no two alike, or are all that there are; words of as many pictures have the same ones.

    Raises:
        UnknownNameError: a word that is no source word of the pair.
    """
    import pandas as pd

    asked = list(pair.source.words if words is None else words)
    found = _ceilings(pair, asked)
    rows = [(word, one.mrr, one.rank, one.splits, one.candidates) for word, one in zip(asked, found, strict=True)]
    kinds = {"mrr": "float64", "rank": "float64", "splits": "int64", "candidates": "int64"}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)


def stored_ceilings(pair: Pair) -> pd.DataFrame | None:
    """The ceilings of all source words, if they are stored and still hold; nothing is computed."""
    return storage.frame_of(path_of(pair), key_of(pair))


def by_word(frame: pd.DataFrame) -> dict[str, Ceiling]:
    """The ceilings of a frame of ``ceilings`` that are known: none of a word with fewer than two pictures."""
    known = frame[frame["mrr"].notna()]
    rows = zip(*(known[name].tolist() for name in COLUMNS), strict=True)
    return {word: Ceiling(mrr, rank, splits, candidates) for word, mrr, rank, splits, candidates in rows}


def keep_ceilings(pair: Pair, *, must_keep: bool = False) -> pd.DataFrame:
    """The ceilings of all source words, computed and kept where none that hold are stored.

    Raises:
        DatasetError: ``must_keep``, and they cannot be written; without it that is only logged.
    """
    stored = stored_ceilings(pair)
    if stored is not None:
        return stored
    frame = ceilings(pair)
    frame.attrs = {"key": key_of(pair)}
    keeping = {"ceilings": lambda: storage.write_frame(path_of(pair), frame)}
    stored_scores.keep_each(pair, "ceilings", keeping, must_keep)
    return frame


def path_of(pair: Pair) -> Path:
    """Where the ceilings of a pair are kept."""
    return pair.dataset.path / "evidence" / pair.backbone / pair.name / "ceilings.parquet"


def key_of(pair: Pair) -> str:
    """A digest of all that ceilings depend on: words, features, right answers, and how they are made."""
    return storage.digest(VERSION, SPLITS, SEED, TIE, pair.key)


@lru_cache(256)
def splits(n: int) -> tuple[tuple[int, ...], ...]:
    """Which of n pictures ask in each split, ⌊n/2⌋ ascending numbers: distinct, at most 8; none below two pictures."""
    half = n // 2
    if half == 0:
        return ()
    if math.comb(n, half) <= SPLITS:
        return tuple(combinations(range(n), half))
    rng = np.random.default_rng([SEED, n])
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < SPLITS:
        drawn[tuple(sorted(rng.permutation(n)[:half].tolist()))] = None
    return tuple(drawn)


def _ceilings(pair: Pair, words: Sequence[str]) -> list[Ceiling]:
    unknown = next((word for word in words if word not in pair.source), None)
    if unknown is not None:
        raise unknown_name("word", unknown, pair.source.words)
    right: dict[int, set[int]] = {}
    for row, gold in zip(pair.rows.tolist(), pair.gold, strict=True):
        right.setdefault(row, set()).update(gold)
    target = _Target(pair.target)
    found = []
    with one_thread():  # many products are small
        for batch in _batches(pair.source, words, len(pair.target)):
            pictures = np.unique(np.concatenate([pair.source.rows(word) for word in batch]))
            rows = unit_rows(pair.source.features[pictures])
            best = target.best(rows)
            for word in batch:
                own = np.searchsorted(pictures, pair.source.rows(word))
                others = best[:, own]
                others[sorted(right.get(pair.source.row(word), ()))] = np.nan
                found.append(_of_word(rows[own], others))
    return found


def _batches(source: ImageSets, words: Sequence[str], n_target: int) -> Iterator[list[str]]:
    """The words, so many at a time that their pictures fit into memory; a word of too many is alone."""
    most = max(1, min(ROWS, BEST // max(n_target, 1)))
    batch: list[str] = []
    size = 0
    for word in words:
        if batch and size + len(source.rows(word)) > most:
            yield batch
            batch, size = [], 0
        batch.append(word)
        size += len(source.rows(word))
    if batch:
        yield batch


def _of_word(rows: NDArray[np.float32], best: NDArray[np.float32]) -> Ceiling:
    """The ceiling of one word.

    Args:
        rows: float32 (n, dim), unit rows of its pictures.
        best: float32 (n_target, n), the best cosine of each in each target word; nan for words that are no candidates.
    """
    known = best[~np.isnan(best).any(axis=1)].astype(np.float64)
    asking = splits(len(rows))
    if not asking:
        return Ceiling(math.nan, math.nan, 0, 0)
    among = products(rows, rows)
    scores = np.empty((len(asking), len(known) + 1))
    for number, half in enumerate(asking):
        chosen = np.isin(np.arange(len(rows)), half)
        scores[number, :-1] = known[:, chosen].mean(axis=1)
        scores[number, -1] = among[chosen][:, ~chosen].max(axis=1).astype(np.float64).mean()
    ranks = ranking.gold_ranks(scores, [(len(known),)] * len(asking))
    return Ceiling(float((1 / ranks).mean()), float(np.median(ranks)), len(asking), len(known) + 1)


class _Target:
    """The target side, to find the best cosines of some rows in each of its words, a block of pictures at a time."""

    def __init__(self, sets: ImageSets) -> None:
        self.sets = sets
        owner = np.repeat(np.arange(len(sets)), sets.sizes)
        # Memberships by block of pictures, and by word within: each picture is multiplied once, whoever owns it.
        self.pictures, place = np.unique(sets.members, return_inverse=True)
        order = np.lexsort((owner, place // TARGET_ROWS))
        self.owner, self.place = owner[order], place[order]

    def best(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n, dim), unit rows → float32 (n_target, n); nan for words without pictures."""
        found = np.full((len(self.sets), len(rows)), -np.inf, np.float32)
        with side_by_side() as each:
            for words, highest in each(partial(self._block, rows), range(0, len(self.pictures), TARGET_ROWS)):
                found[words] = np.maximum(found[words], highest)
        found[self.sets.sizes == 0] = np.nan
        return found

    def _block(self, rows: NDArray[np.float32], start: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The words that own pictures of one block, and the best cosine of each row in these: (n_words, n)."""
        cosines = products(unit_rows(self.sets.features[self.pictures[start : start + TARGET_ROWS]]), rows)
        number, blocks = start // TARGET_ROWS, self.place // TARGET_ROWS
        here = slice(*np.searchsorted(blocks, [number, number + 1]).tolist())
        owner, place = self.owner[here], self.place[here] - start
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        parts = np.split(place, begins[1:])
        return owner[begins], np.stack([cosines[part].max(axis=0) for part in parts])
