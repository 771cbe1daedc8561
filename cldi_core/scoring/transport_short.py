"""Optimal transport for the candidates that another method places first; the others stay below them, in its order.

Most of a transport score's cost is spent on candidates that nobody looks at.  Here each source word's plans are solved
with its short list only: the k best candidates by scores that are at hand.  A score on the short list is that of
``transport.settle``, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Settled
from cldi_core.scoring.parallel import side_by_side
from cldi_core.scoring.ties import TIE
from cldi_core.scoring.transport import BATCH, check, domain_for
from cldi_core.scoring.transport_factors import Products
from cldi_core.scoring.transport_plans import PAIR, Solved, block_of, solve, solved
from cldi_core.scoring.transport_sets import SHELF, Distinct, Group, pictures_of, rung

CHUNK = 16  # times the cosines of a batch: of so many the pairs are gathered by the sizes of their sets
Listed = NDArray[np.bool_]


def settle_short(
    source: ImageSets,
    target: ImageSets,
    base: NDArray[np.floating],
    *,
    k: int = 50,
    epsilon: float = 0.05,
    iterations: int = 2000,
    device: str = "cpu",
) -> Settled:
    """The scores of ``transport.settle`` for each source word's short list, and all other candidates below it.

    Args:
        base: float (len(source), len(target)), the scores that the short list is taken from, in units of the cosine;
            nan for a word without pictures.
        k: how many candidates are listed, 1 or more; more where several share the last place.
        epsilon, iterations, device: as ``transport.sinkhorn``.

    Returns:
        float32 (len(source), len(target)), see ``below``; nan where ``base`` is.  Words with the same pictures have
        exactly the same scores.

    Raises:
        FeatureError, UnknownNameError: as ``transport.sinkhorn``; k out of range, or a base of other words.
    """
    check(source, target, epsilon, iterations, device)
    if k < 1 or k != int(k):
        raise FeatureError(f"k is {k}; expected a whole number, 1 or more")
    if base.shape != (len(source), len(target)):
        raise FeatureError(f"the base has shape {base.shape}; expected {(len(source), len(target))}")
    chosen = listed(base, int(k))
    own, other = Distinct.of(source), Distinct.of(target)
    table = np.full((len(own.rows) + 1, len(other.rows) + 1), np.nan, np.float32)  # the last ones: no pictures
    wanted = np.zeros(table.shape, bool)
    rows, columns = np.nonzero(chosen)
    wanted[own.place[rows], other.place[columns]] = True
    sides = _Sides(source, target, own, other, wanted, device)
    error = 0.0
    with side_by_side(device) as each:
        work = partial(_solve, sides, domain_for(epsilon, device), int(iterations))
        for made in each(work, sides.chunks()):
            for one in made:
                table[one.place] = one.scores
                error = max(error, float(one.errors.max()))
    plans = np.clip(table, -1, 1)[own.place[:, None], other.place[None, :]]
    return Settled(below(base, chosen, plans), error)


def listed(base: NDArray[np.floating], k: int) -> Listed:
    """Which candidates are on each word's short list: float (n, n_target) → bool, of the same shape.

    The k best, and whatever ties with the last of them; nothing that is not known.
    """
    known = np.where(np.isnan(base), -np.inf, base)
    found: Listed = (known >= _last(known, k) - np.float32(TIE)) & ~np.isneginf(known)
    return found


def below(base: NDArray[np.floating], chosen: Listed, scores: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scores of all candidates: those of the short list, and of the others what keeps them below it.

    A candidate that is not listed gets the lowest score on the list, less what separates its ``base`` score from the
    last place of the list, less ``TIE``: so it is below all that are listed and no tie with them, the others keep
    their order and their ties, and distances remain those of cosines.

    Args:
        base, scores: float (n, n_target); chosen: bool, the short list (``listed``).

    Returns:
        float32 (n, n_target), nan where ``base`` is.
    """
    return np.where(chosen, scores, base + step_down(base, chosen, scores)[:, None]).astype(np.float32)


def step_down(base: NDArray[np.floating], chosen: Listed, scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """What ``below`` adds to the ``base`` scores of those that are not listed: float64 (n,), nan without a list."""
    lowest, last = (
        np.where(chosen, one, np.inf).min(axis=1, initial=np.inf).astype(np.float64) for one in (scores, base)
    )
    with np.errstate(invalid="ignore"):  # of a word without pictures nothing is known
        found: NDArray[np.float64] = lowest - last - TIE
    return found


def _last(known: NDArray[np.floating], k: int) -> NDArray[np.floating]:
    """Each row's k-th best value, or its lowest where it has fewer: (n, m) → (n, 1)."""
    if known.shape[1] <= k:
        lowest: NDArray[np.floating] = known.min(axis=1, keepdims=True, initial=np.inf)
        return lowest
    place = known.shape[1] - k
    found: NDArray[np.floating] = np.partition(known, place, axis=1)[:, place : place + 1]
    return found


@dataclass(frozen=True)
class _Sides:
    """Two languages, their distinct sets, and which of these are to be brought together: bool (own, other)."""

    source: ImageSets
    target: ImageSets
    own: Distinct
    other: Distinct
    wanted: Listed
    device: str

    def chunks(self) -> Iterator[list[int]]:
        """Source sets that are filled up to one size, with so many cosines that batches of pairs can be made of them.

        They are few enough to be in memory at once, unless one alone is not.
        """
        most, sizes = CHUNK * BATCH[self.device], np.array([rung(len(rows)) for rows in self.other.rows])
        order = sorted(range(len(self.own.rows)), key=lambda number: len(self.own.rows[number]))
        for size, group in groupby(order, lambda number: rung(len(self.own.rows[number]))):
            chunk: list[int] = []
            cosines = 0
            for number in group:
                more = size * int(sizes[np.flatnonzero(self.wanted[number])].sum())
                if chunk and (cosines + more > most or len(chunk) * size * self.source.dim > SHELF):
                    yield chunk
                    chunk, cosines = [], 0
                chunk.append(number)
                cosines += more
            yield chunk

    def portions(self, number: int) -> Iterator[list[int]]:
        """The candidates of a source set by size, so many at a time that their features fit in memory."""
        others = np.flatnonzero(self.wanted[number]).tolist()
        limit, portion, used = max(SHELF // max(self.target.dim, 1), 1), list[int](), 0
        for other in sorted(others, key=lambda other: len(self.other.rows[other])):
            size = rung(len(self.other.rows[other]))
            if portion and used + size > limit:
                yield portion
                portion, used = [], 0
            portion.append(other)
            used += size
        if portion:
            yield portion


def _solve(sides: _Sides, domain: Products, iterations: int, chunk: list[int]) -> list[Solved]:
    """The plans of some source sets with their candidates, those of one size on either side together."""
    import torch  # takes seconds to import

    from cldi_core.scoring.best_match_rows import products  # imports torch

    made: list[Solved] = []
    group = Group.of(sides.source, sides.own, chunk, sides.device)
    g = group.weights.shape[1]
    pairs: dict[int, list[tuple[int, int, torch.Tensor]]] = {}  # size of the candidate → line, candidate and cosines
    for line, number in enumerate(chunk):
        for portion in sides.portions(number):
            h = rung(len(sides.other.rows[portion[0]]))
            if len(portion) == 1 and domain.precision.itemsize * g * h > PAIR:  # its kernel is not kept
                alone = Group.of(sides.target, sides.other, portion, sides.device)
                made.append(solve(domain, iterations, (group.part(line, 1), alone)))
                continue
            rows = [sides.other.filled_up[other][0] for other in portion]
            pictures = pictures_of(sides.target, np.concatenate(rows), sides.device)
            pieces = torch.split(products(group.pictures[line], pictures), [len(own) for own in rows], dim=1)
            for other, piece in zip(portion, pieces, strict=True):
                pairs.setdefault(piece.shape[1], []).append((line, other, piece))
    for h, found in pairs.items():
        step = max(BATCH[sides.device] // (g * h), 1)
        for start in range(0, len(found), step):
            lines, others, pieces = zip(*found[start : start + step], strict=True)
            weights = torch.from_numpy(np.stack([sides.other.filled_up[other][1] for other in others]))
            blocks = partial(iter, [block_of(torch.stack(pieces), slice(0, g), domain)])
            made.append(
                solved(
                    (np.array(chunk)[list(lines)], np.array(others)),
                    domain.enter(group.weights[list(lines)]),
                    domain.enter(weights.to(sides.device)),
                    domain,
                    blocks,
                    iterations,
                )
            )
    return made
