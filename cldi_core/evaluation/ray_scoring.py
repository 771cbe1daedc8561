"""Scoring on a Ray cluster: every actor scores blocks of source words with all candidates of their pair.

A score is the same to the last bit whatever it is computed beside, so blocks make the matrix that one pass makes: also
where pictures vote, as every block has all candidates.  An actor opens the data set itself and keeps its features
mapped; what it is given are words, and what it gives back are their rows.  Blocks are kept until the matrix is stored
(``pieces``), whoever is killed: an actor costs the block it is at, this process those that are under way.

Methods made from others are made here, of the whole matrices.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import DatasetError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.image_methods import ranker_of
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.pieces import Pieces
from cldi_core.evaluation.ranker import IMAGES, Ranker, Scored, Work
from cldi_core.features import shards
from cldi_core.features.ray_cluster import Pool, check_ray, joined
from cldi_core.scoring import Progress, Scores
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import find_method
from cldi_core.scoring.scores import score_all

PICTURES = 2048  # of the source words of a block, unless a single word has more: as many as are multiplied at once


@dataclass(frozen=True)
class Block:
    """What an actor is given: some source words and candidates of a pair, to be compared by some methods.

    Attributes:
        pair, expected: the name of the pair, and its key as the one who asks has it.
        source, target: words; target: ``None`` for all candidates.
        methods: image methods that are made from no others.
        key: a digest of everything that the scores depend on.
    """

    pair: str
    expected: str
    source: tuple[str, ...]
    target: tuple[str, ...] | None
    methods: tuple[str, ...]
    device: str
    key: str


class PairReader:
    """The pairs of a data set as an actor sees it, each opened once."""

    def __init__(self, place: str, backbone: str) -> None:
        """``place``: what ``open_dataset`` finds the data set by on every machine, a path or a URL."""
        self.place, self.backbone = place, backbone
        self.pairs: dict[str, Pair] = {}

    @cached_property
    def dataset(self) -> Dataset:
        """The data set."""
        return open_dataset(self.place)

    @cached_property
    def features(self) -> shards.Features:
        """Its features, mapped."""
        return shards.open_features(self.dataset, self.backbone)

    def pair(self, name: str, expected: str) -> Pair:
        """A pair, which must be what it is for the one who asks.

        Raises:
            DatasetError: the data set is another one here.
        """
        if name not in self.pairs:
            pair = open_pair(self.dataset, self.backbone, name, self.features)
            if pair.key != expected:
                raise DatasetError(
                    f"the machine {socket.gethostname()!r} finds other words, pictures or features of {name} in "
                    f"{self.place!r} than the one that gives out the work; let all find the same, and run it again"
                )
            self.pairs[name] = pair
        return self.pairs[name]


class BlockScorer:
    """What an actor does: blocks in; their scores, float32 (n_source, n_target) by method, and errors left out."""

    def __init__(self, place: str, backbone: str) -> None:
        self.reader = PairReader(place, backbone)

    def __call__(self, block: Block) -> tuple[dict[str, Scores], dict[str, float]]:
        """Score one block."""
        pair, errors = self.reader.pair(block.pair, block.expected), dict[str, float]()
        target = pair.target if block.target is None else pair.target.select(block.target)
        return score_all(pair.source.select(block.source), target, block.methods, block.device, errors=errors), errors


class RayScoring:
    """Scores of pairs of one data set, computed by the actors of a pool and kept as ``stored_scores`` keeps them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.ways: dict[stored_scores.Together, stored_scores.Together] = {}

    def scored(
        self,
        pair: Pair,
        rankers: Sequence[Ranker],
        device: str = "cpu",
        progress: Progress | None = None,
        *,
        must_keep: bool = False,
    ) -> dict[str, Scored]:
        """As ``stored_scores.scored``, with its results to the last bit."""
        there = [self._elsewhere(ranker) for ranker in rankers]
        found = stored_scores.scored(pair, there, device, progress, must_keep=must_keep)
        pieces_of(pair).clear()
        return found

    def _elsewhere(self, ranker: Ranker) -> Ranker:
        """The ranker, with its pass over the pictures on the cluster."""
        bases, together = tuple(map(self._elsewhere, ranker.bases)), ranker.together
        if ranker.kind == IMAGES and not bases and together is not None:
            # One function for all that share a pass here: by it is told who does.
            together = self.ways.setdefault(together, partial(self._together, together))
        return replace(ranker, bases=bases, together=together)

    def _together(self, here: stored_scores.Together, work: Work) -> dict[str, Scored]:
        return here(replace(work, elsewhere=partial(self._in_blocks, work.pair)))

    def _in_blocks(
        self,
        pair: Pair,
        source: ImageSets,
        target: ImageSets,
        names: Sequence[str],
        *,
        device: str,
        progress: Progress | None,
        errors: dict[str, float],
    ) -> dict[str, Scores]:
        """As ``score_all``, of some or all words of a pair."""
        made = {name: np.empty((len(source), len(target)), np.float32) for name in names}
        sizes, done, total = source.sizes, 0, int(source.sizes.sum())
        for rows, scores, left in self._blocks(pair, source, target, tuple(names), device):
            for name in names:
                made[name][rows] = scores[name]
            errors |= {name: max(error, errors.get(name, 0.0)) for name, error in left.items()}
            done += int(sizes[rows].sum())
            if progress is not None:
                progress(done, total)
        return made

    def _blocks(
        self, pair: Pair, source: ImageSets, target: ImageSets, names: tuple[str, ...], device: str
    ) -> Iterator[tuple[slice, Any, dict[str, float]]]:
        """The rows of each block with their scores and errors: those that are kept first, then as they are done."""
        pieces, asked = pieces_of(pair), dict[Block, slice]()
        recipes = [ranker_of(find_method(name)).recipe for name in names]
        rows_of, columns = source.keys(), storage.digest(b"".join(target.keys()))
        every = None if target is pair.target else target.words
        for rows in spans(source):
            key = storage.digest(recipes, device, b"".join(rows_of[rows]), columns)
            kept = pieces.find(key)
            if kept is not None:
                yield rows, kept[0], json.loads(kept[1]["errors"])
            else:
                asked[Block(pair.name, pair.key, source.words[rows], every, names, device, key)] = rows
        for block, (scores, errors) in self.pool.done(asked):
            pieces.keep(block.key, scores, {"errors": json.dumps(errors)})
            yield asked[block], scores, errors


class Ahead:
    """Pairs one after the other, of which the next is begun while whoever asks is busy with one.

    What follows the scores of a pair (ranks, evidence) takes this process a while, in which no actor should wait.
    """

    def __init__(self, scoring: RayScoring, names: Sequence[str], pair_of: Callable[[str], Pair]) -> None:
        """``names``: of the pairs, in the order in which they will be asked for; pair_of: opens one."""
        self.scoring, self.pair_of = scoring, pair_of
        self.following = dict(pairwise(names))
        self.begun: dict[str, Future[dict[str, Scored]]] = {}
        self.told: dict[str, Progress | None] = {}
        self.threads = ThreadPoolExecutor(2, thread_name_prefix="cldi-ahead")

    def scored(
        self,
        pair: Pair,
        rankers: Sequence[Ranker],
        device: str = "cpu",
        progress: Progress | None = None,
        *,
        must_keep: bool = False,
    ) -> dict[str, Scored]:
        """As ``RayScoring.scored``; the same image methods of the next pair are begun."""
        self.told[pair.name] = progress
        images = [ranker for ranker in rankers if ranker.kind == IMAGES]
        following = self.following.get(pair.name)
        for name in (pair.name, following) if following is not None else (pair.name,):
            if name not in self.begun:
                own = pair if name == pair.name else self.pair_of(name)
                tell = partial(self._tell, name)
                self.begun[name] = self.threads.submit(
                    self.scoring.scored, own, images, device, tell, must_keep=must_keep
                )
        found = self.begun.pop(pair.name).result()
        # Those that a pair which was begun has besides, such as trained models, are scored here.
        others = [ranker for ranker in rankers if ranker.name not in found]
        found |= self.scoring.scored(pair, others, device, progress, must_keep=must_keep)
        return {ranker.name: found[ranker.name] for ranker in rankers}

    def _tell(self, name: str, done: int, total: int) -> None:
        if (progress := self.told.get(name)) is not None:
            progress(done, total)

    def close(self) -> None:
        """Begin nothing any more; what is under way ends with the pool."""
        self.threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def scoring_on(
    place: str,
    backbone: str,
    names: Sequence[str],
    pair_of: Callable[[str], Pair],
    *,
    device: str = "cpu",
    address: str | None = None,
    actors: int | None = None,
) -> Iterator[stored_scores.Scoring]:
    """Join a cluster, or start one on this machine, for scoring: what does there what ``stored_scores.scored`` does.

    Args:
        place: what ``open_dataset`` finds the data set by on every machine, a path or a URL.
        names, pair_of: the pairs in the order in which they will be asked for, and what opens one.
        address: of a running cluster; actors: how many at once, without it as many as there is room for.

    Raises:
        CldiError: Ray is missing, cannot be reached or has no room.
    """
    check_ray(device, address)
    given = place, backbone
    with joined(address), Pool(BlockScorer, given, "the scoring", device=device, actors=actors) as pool:
        ahead = Ahead(RayScoring(pool), names, pair_of)
        try:
            yield ahead.scored
        finally:
            ahead.close()


def pieces_of(pair: Pair) -> Pieces:
    """Where blocks wait until the scores of a pair are stored."""
    return Pieces(stored_scores.path_of(pair, "any").parent)


def spans(source: ImageSets, most: int = 0) -> list[slice]:
    """Source words in blocks of at most ``most`` (or ``PICTURES``) pictures, or of one word; the same for the same."""
    most, starts, held = most or PICTURES, [0], 0
    for row, size in enumerate(source.sizes.tolist()):
        if held and held + size > most:
            starts.append(row)
            held = 0
        held += size
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(source)], strict=True)]
