"""Sinkhorn's iterations on a batch of pairs of picture sets, each left as it is when its plan has settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.transport_factors import Products
from cldi_core.scoring.transport_sets import Group

if TYPE_CHECKING:
    from torch import Tensor

PAIR = 2**23  # bytes: the kernel of one pair of words; a larger one is made anew in every iteration, block by block
TOLERANCE, EVERY = 1e-6, 10  # a plan has settled when its marginals are so near, asked every few iterations
PLAIN = 20  # iterations before steps go further than Sinkhorn's


@dataclass(frozen=True)
class Block:
    """Source pictures ``span`` of a batch: ``cosines`` and ``kernel`` (n, span, h), ``turned`` a copy (n, h, span)."""

    span: slice
    cosines: Tensor
    kernel: Tensor
    turned: Tensor


Blocks = Callable[[], Iterable[Block]]


def block_of(cosines: Tensor, span: slice, domain: Products) -> Block:
    """The block of some cosines, float32 (n, span, h)."""
    kernel = domain.kernel(cosines)
    return Block(span, cosines, kernel, kernel.mT.contiguous())


def blocks_of(source: Group, target: Group, domain: Products) -> Blocks:
    """What walks over a batch's source pictures: one block that is kept, or, of a large pair, many that are not."""
    from cldi_core.scoring.best_match_rows import products  # imports torch, which takes seconds

    (n, g, dim), (m, h) = source.pictures.shape, target.pictures.shape[:2]
    columns = target.pictures.reshape(m * h, dim)

    def block(span: slice) -> Block:
        rows = source.pictures[:, span]
        cosines = products(rows.reshape(-1, dim), columns)
        cosines = cosines.reshape(n, -1, m, h).transpose(1, 2).reshape(n * m, -1, h)
        return block_of(cosines, span, domain)

    step = max(PAIR // (domain.precision.itemsize * h), 1)
    if g <= step or n * m > 1:
        whole = [block(slice(0, g))]
        return lambda: whole
    return lambda: (block(slice(start, min(start + step, g))) for start in range(0, g, step))


@dataclass(frozen=True)
class Solved:
    """What became of a batch of n pairs: the numbers of their two sets, their scores and their plans' marginal errors
    (float64), each (n,)."""

    place: tuple[NDArray[np.int64], ...]
    scores: NDArray[np.float64]
    errors: NDArray[np.float64]


def solve(domain: Products, iterations: int, batch: tuple[Group, Group]) -> Solved:
    """All pairs of two groups."""
    source, target = batch
    blocks = blocks_of(source, target, domain)
    place = np.repeat(source.sets, len(target.sets)), np.tile(target.sets, len(source.sets))
    return solved(place, *weights_of(source, target, domain), domain, blocks, iterations)


def solved(
    place: tuple[NDArray[np.int64], ...], own: Tensor, other: Tensor, domain: Products, blocks: Blocks, iterations: int
) -> Solved:
    """A batch of any pairs; weights as ``factors_of`` takes them."""
    x, y, errors = factors_of(own, other, domain, blocks, iterations)
    return Solved(place, *(one.cpu().double().numpy() for one in (moved(x, y, domain, blocks), errors)))


def weights_of(source: Group, target: Group, domain: Products) -> tuple[Tensor, Tensor]:
    """What the pictures of each pair weigh: (pairs, g) and (pairs, h)."""
    return (
        domain.enter(source.weights).repeat_interleave(len(target.sets), 0),
        domain.enter(target.weights).repeat(len(source.sets), 1),
    )


def moved(x: Tensor, y: Tensor, domain: Products, blocks: Blocks) -> Tensor:
    """The mean cosine that each pair's plan moves: float64 (pairs,)."""
    found, mass = (x.new_zeros(len(x)).double() for _ in range(2))
    for block in blocks():
        plan = domain.times(domain.times(block.kernel, x[:, block.span, None]), y[:, None, :])
        plan = domain.leave(plan).double()
        mass += plan.sum((1, 2))
        found += plan.mul_(block.cosines).sum((1, 2))
    return found / mass


def factors_of(
    own: Tensor, other: Tensor, domain: Products, blocks: Blocks, iterations: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The factors of a batch's plans, times the pictures' weights, and the plans' marginal errors.

    A plan is left as it is once it has settled, whatever the others of its batch still need: it depends on its two sets
    alone.

    Args:
        own, other: the weights as the domain keeps them, (pairs, g) and (pairs, h).

    Returns:
        (pairs, g) and (pairs, h), where a weight of 0 stays 0, and (pairs,), L1.  The columns of the plans have their
        due sums exactly, the rows to ``TOLERANCE`` or as near as the iterations got.
    """
    import torch  # takes seconds to import

    x, y, errors = own, other, own.new_zeros(len(own))
    found: tuple[Tensor, ...] = ()
    pairs = torch.arange(len(own), device=own.device)  # those that have not settled
    for iteration in range(1, iterations + 1):
        last = iteration == iterations
        look = last or (iteration > 1 and iteration % EVERY == 1)
        further = _further(iteration, iterations)
        x, y, errors = _step(own, other, x, y, domain, blocks(), further, look)
        if look:
            settled = (errors < TOLERANCE) | last
            if bool(settled.all()) and not found:
                return x, y, errors
            found = found or tuple(torch.empty_like(one) for one in (x, y, errors))
            for whole, part in zip(found, (x, y, errors), strict=True):
                whole[pairs[settled]] = part[settled]
            if bool(settled.all()):
                break
            if bool(settled.any()):
                own, other, x, y, pairs = (part[~settled] for part in (own, other, x, y, pairs))
                kept = [replace(one, kernel=one.kernel[~settled], turned=one.turned[~settled]) for one in blocks()]
                blocks = partial(iter, kept)  # a large pair is alone, so there is nothing to keep of it
    x, y, errors = found
    return x, y, errors


def _step(
    own: Tensor, other: Tensor, x: Tensor, y: Tensor, domain: Products, blocks: Iterable[Block], further: float,
    look: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """One iteration; and how far the plans' rows were off before it, 0 without a ``look``."""
    import torch  # takes seconds to import

    errors, parts = own.new_zeros(len(own)), []
    sums = domain.enter(other.new_zeros(1))
    for block in blocks:
        due, part = own[:, block.span], x[:, block.span]
        needed = domain.sums(block.turned, y)
        if look:
            errors = errors + (domain.leave(domain.times(part, needed)) - domain.leave(due)).abs().sum(1)
        parts.append(_scaled(domain, part, due, needed, further))
        sums = domain.plus(sums, domain.sums(block.kernel, parts[-1]))
    return torch.cat(parts, 1), _scaled(domain, y, other, sums, further), errors


def _scaled(domain: Products, factors: Tensor, due: Tensor, sums: Tensor, further: float) -> Tensor:
    """One side's factors anew, so that what the other's sums make of them is what is due; or further than that."""
    if further == 1:
        return domain.per(due, sums)
    return domain.times(factors, domain.power(domain.over(due, domain.times(factors, sums)), further))


def _further(iteration: int, iterations: int) -> float:
    """How far an iteration goes, as a multiple of Sinkhorn's step (on logarithms).

    Longer steps settle in a fraction of the iterations (Thibault et al. 2021, "Overrelaxed Sinkhorn-Knopp algorithm for
    regularized optimal transport"): at best ``2 / (1 + √(1 - rate))``, which grows towards 2 the slower a plan settles.
    What has taken long is slow, so ``2 - PLAIN / iteration``.  Steps are Sinkhorn's own where errors are looked at and
    at the end, so that the columns have their due sums.
    """
    plain = iteration % EVERY < 2 or iteration >= iterations - 1
    return 1.0 if plain else max(1.0, 2 - PLAIN / iteration)
