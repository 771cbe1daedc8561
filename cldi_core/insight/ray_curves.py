"""Learning curves on a Ray cluster: every actor scores draws of a pair's pictures, and gives back the queries' figures.

A draw depends on its seed, size and number alone, so an actor draws for itself.  Figures are kept until the curve is
stored (``evaluation.pieces``), whoever is killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from cldi_core.data import storage
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ray_scoring import PairReader
from cldi_core.features.ray_cluster import Pool, check_ray, joined
from cldi_core.insight import learning
from cldi_core.insight.learning import Draw, Elsewhere, Figures


@dataclass(frozen=True)
class Asked:
    """What an actor is given: a draw of a pair, whose key is ``expected`` for the one who asks."""

    pair: str
    expected: str
    draw: Draw
    seed: int


class DrawScorer:
    """What an actor does: draws in, the figures of every query out."""

    def __init__(self, place: str, backbone: str) -> None:
        self.reader = PairReader(place, backbone)

    def __call__(self, asked: Asked) -> Figures:
        """Score one draw."""
        return learning.figures_of(self.reader.pair(asked.pair, asked.expected), asked.draw, asked.seed)


def figures(pool: Pool, pair: Pair, plan: Sequence[Draw], seed: int) -> Iterator[Figures]:
    """The figures of some draws, in their order; the largest, which come last, are begun first."""
    pieces, found = learning.pieces_of(pair), dict[Draw, Figures]()
    keys = {draw: _key(pair, draw, seed) for draw in plan}
    for draw, key in keys.items():
        if (kept := pieces.find(key)) is not None:
            found[draw] = dict(kept[0])
    answers = pool.done([Asked(pair.name, pair.key, draw, seed) for draw in reversed(plan) if draw not in found])
    for draw in plan:
        while draw not in found:
            asked, made = next(answers)
            pieces.keep(keys[asked.draw], made)
            found[asked.draw] = made
        yield found.pop(draw)


@contextmanager
def curves_on(
    place: str, backbone: str, *, address: str | None = None, actors: int | None = None
) -> Iterator[Elsewhere]:
    """Join a cluster, or start one on this machine, where draws are scored: as ``ray_scoring.scoring_on``."""
    check_ray("cpu", address)
    with joined(address), Pool(DrawScorer, (place, backbone), "the learning curve", actors=actors) as pool:
        yield partial(figures, pool)


def _key(pair: Pair, draw: Draw, seed: int) -> str:
    """A digest of all that the figures of a draw depend on."""
    return storage.digest([learning.key_of(pair, name) for name in draw.methods], draw.size, draw.number, seed)
