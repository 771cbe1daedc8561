"""Optimal transport between two picture sets: every picture has a counterpart, and all of them count.

Where AVGMAX lets many pictures choose the same best match, a transport plan has to spend all pictures of both sets.
The entropic plan is found by Sinkhorn's iterations (Cuturi 2013, "Sinkhorn distances: lightspeed computation of optimal
transport", algorithm 1), many pairs of words at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown_name
from cldi_core.scoring.imagesets import ImageSets, Numbers, unit_rows
from cldi_core.scoring.methods import Settled
from cldi_core.scoring.parallel import side_by_side
from cldi_core.scoring.transport_factors import Products, domain_of

if TYPE_CHECKING:
    from torch import Tensor

SHELF = 2**22  # numbers: features of so many pictures are in memory at a time, 16 MB a side
BATCH = {"cpu": 2**16, "cuda": 2**23}  # cosines of the pairs solved at a time; few enough for the processor's cache
PAIR = 2**23  # bytes: the kernel of one pair of words; a larger one is made anew in every iteration, block by block
SLACK = 8  # sets are filled up by up to 1/8 with weightless rows, to be solved with those of other sizes
TOLERANCE, EVERY = 1e-6, 10  # a plan has settled when its marginals are so near, asked every few iterations
PLAIN = 20  # iterations before steps go further than Sinkhorn's
SMALLEST = 1e-9  # cosines are float32: a smaller epsilon sees nothing more in them


def sinkhorn(
    source: ImageSets, target: ImageSets, *, epsilon: float = 0.05, iterations: int = 2000, device: str = "cpu"
) -> NDArray[np.float32]:
    """The mean cosine of the pictures that an entropic transport plan brings together.

    ``Σ_ij P_ij cos(i, j)``, where ``P`` moves the source word's pictures to the target word's, all pictures of a word
    weighing the same (one that is listed twice weighs twice), and minimises ``Σ P_ij (1 - cos_ij) - epsilon · H(P)``.

    Numerics: iterates on ``exp(cos / epsilon)`` from ``epsilon`` 0.02 up, on logarithms below, which is slower; below
    1e-9 as with 1e-9.  In float64, on a graphics card in float32 from 0.05 up.  The smaller ``epsilon`` is beside the
    differences of the cosines, the more iterations a plan takes to settle (the exponential of their ratio at worst);
    where they run out, the score is that of the plan so far, which leaves the target pictures their exact weights, and
    ``settle`` tells how far off the others are.

    Memory: 16 MB of features a side and under 50 MB of cosines, kernels and copies for each core (some 2 GB on a GPU),
    whatever the number of words and pictures; where one word's own features take more than 16 MB, these instead.

    Args:
        source, target: image sets with features of the same backbone.
        epsilon: the strength of the entropy in units of the cosine, above 0; towards 0 the plan pairs the pictures off,
            and a large one mixes them, so that the score becomes the mean cosine over all pairs.
        iterations: at most so many, 1 or more; a pair of words whose marginals are within 1e-6 (L1) stops before.
        device: ``"cpu"`` or ``"cuda"``.

    Returns:
        float32 (len(source), len(target)), in [-1, 1], higher is more alike; nan for a word without pictures.  Words
        with the same pictures have exactly the same scores.

    Raises:
        FeatureError: an epsilon or a number of iterations out of range, sides with features of different dimensions.
        UnknownNameError: a device that is not there.

    >>> cow = ImageSets.from_arrays(["cow"], [[[1.0, 0.0], [0.0, 1.0]]])
    >>> target = ImageSets.from_arrays(["Kuh", "Huhn"], [[[0.0, 3.0], [2.0, 0.0]], [[1.0, 0.0]]])
    >>> sinkhorn(cow, target).round(3).tolist()
    [[1.0, 0.5]]
    """
    return settle(source, target, epsilon=epsilon, iterations=iterations, device=device).scores


def settle(
    source: ImageSets, target: ImageSets, *, epsilon: float = 0.05, iterations: int = 2000, device: str = "cpu"
) -> Settled:
    """As ``sinkhorn``, with the largest marginal error of a plan (L1: the share of the weight that is not where it is
    due, in [0, 2]); at most 1e-6 where all have settled, 0 without any plan."""
    _check(source, target, epsilon, iterations, device)
    own, other = _Distinct.of(source), _Distinct.of(target)
    table = np.full((len(own.rows) + 1, len(other.rows) + 1), np.nan, np.float32)  # the last ones: no pictures
    error = 0.0
    solve = partial(_solve, domain_of(max(float(epsilon), SMALLEST), device), int(iterations))
    with side_by_side(device) as each:
        for shelf in own.shelves(source.dim):
            left = _Shelf(source, own, shelf, device)
            for other_shelf in other.shelves(target.dim):
                right = _Shelf(target, other, other_shelf, device)
                for solved in each(solve, _all_batches(left, right, BATCH[device])):
                    table[solved.place] = solved.scores
                    error = max(error, float(solved.errors.max()))
    return Settled(np.clip(table, -1, 1)[own.place[:, None], other.place[None, :]], error)


@dataclass(frozen=True)
class Plan:
    """The transport plan of two words, n and m pictures in the order of their sets, with the cosines that it weighs.

    Attributes:
        weights: float64 (n, m), how much of the one picture goes to the other; they sum to 1.
        cosines: float32 (n, m).
    """

    weights: NDArray[np.float64]
    cosines: NDArray[np.float32]


def plan_of(
    source: ImageSets, target: ImageSets, word: str, other: str, *, epsilon: float = 0.05, iterations: int = 2000
) -> Plan:
    """The plan behind the score that ``sinkhorn`` gives two words, on a processor: ``Σ_ij weights · cosines``.

    A picture that is listed twice has its weight in equal parts at both places.  Empty for a word without pictures.

    Raises:
        FeatureError, UnknownNameError: as ``sinkhorn``; a word that is not there.
    """
    _check(source, target, epsilon, iterations, "cpu")
    sides = [(source, source.rows(word)), (target, target.rows(other))]
    if not all(len(rows) for _, rows in sides):
        none = np.zeros((len(sides[0][1]), len(sides[1][1])))
        return Plan(none, none.astype(np.float32))
    distinct = [_Distinct.of(sets.select([name])) for sets, name in ((source, word), (target, other))]
    left, right = (_Shelf(sets, own, [[0]], "cpu").groups[0] for (sets, _), own in zip(sides, distinct, strict=True))
    domain = domain_of(max(float(epsilon), SMALLEST), "cpu")
    blocks = _blocks(left, right, domain)
    x, y, _ = _factors(left, right, domain, blocks, int(iterations))
    weights, cosines = [], []
    for block in blocks():
        part = domain.times(domain.times(block.kernel, x[:, block.span, None]), y[:, None, :])
        weights.append(domain.leave(part)[0].double().numpy())
        cosines.append(block.cosines[0].numpy())
    (rows, row_counts), (columns, column_counts) = (_listed(rows) for _, rows in sides)
    cells = np.ix_(rows, columns)
    found = np.concatenate(weights)[cells] / (row_counts[:, None] * column_counts[None, :])
    return Plan(found / found.sum(), np.concatenate(cosines)[cells])


def _listed(rows: Numbers) -> tuple[Numbers, Numbers]:
    """The place of every picture of a word among its distinct ones, and how often it is listed."""
    _, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    return place.reshape(-1), counts[place.reshape(-1)]


def _check(source: ImageSets, target: ImageSets, epsilon: float, iterations: int, device: str) -> None:
    if not 0 < epsilon < math.inf:
        raise FeatureError(f"epsilon is {epsilon}; expected a finite number above 0, such as 0.05")
    if iterations < 1 or iterations != int(iterations):
        raise FeatureError(f"iterations is {iterations}; expected a whole number, 1 or more")
    if source.dim and target.dim and source.dim != target.dim:
        raise FeatureError(
            f"the source features have {source.dim} dimensions and the target features {target.dim}; "
            "extract both languages with the same backbone"
        )
    if device != "cpu":
        import torch  # takes seconds to import

        choices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
        if device not in choices:
            raise unknown_name("device", device, choices, "" if len(choices) > 1 else "No CUDA device was found.")


@dataclass(frozen=True)
class _Distinct:
    """The distinct picture sets of a language; each is solved once, so that words which share one tie exactly.

    Attributes:
        rows: for each set its distinct pictures, ascending rows of the features.
        shares: for each set how often each picture is listed, in lowest terms; a, a, b, b is the same set as a, b.
        place: int64 (n_words,), the set of every word; -1 without pictures.
    """

    rows: list[Numbers]
    shares: list[Numbers]
    place: Numbers

    @classmethod
    def of(cls, sets: ImageSets) -> _Distinct:
        seen: dict[tuple[bytes, bytes], int] = {}
        rows: list[Numbers] = []
        shares: list[Numbers] = []
        place = np.full(len(sets), -1, np.int64)
        for word in np.flatnonzero(sets.sizes):
            own, counts = np.unique(sets.members[sets.offsets[word] : sets.offsets[word + 1]], return_counts=True)
            counts //= np.gcd.reduce(counts)
            place[word] = seen.setdefault((own.tobytes(), counts.tobytes()), len(seen))
            if len(seen) > len(rows):
                rows.append(own)
                shares.append(counts)
        return cls(rows, shares, place)

    def shelves(self, dim: int) -> Iterator[list[list[int]]]:
        """All sets by size: shelves that fit in memory, of groups of sets that are solved together."""
        limit = min(max(SHELF // max(dim, 1), 1), 2**15)
        shelf: list[list[int]] = []
        used = 0
        for number in sorted(range(len(self.rows)), key=lambda number: len(self.rows[number])):
            size = len(self.rows[number])
            if shelf and used + size > limit:
                yield shelf
                shelf, used = [], 0
            if not shelf or _rung(size) > _rung(len(self.rows[shelf[-1][0]])):
                shelf.append([])
            shelf[-1].append(number)
            used += size
        if shelf:
            yield shelf


def _rung(size: int) -> int:
    """The number of pictures to which a set is filled up; it depends on the set alone, so that sums do."""
    step = max((1 << (size.bit_length() - 1)) // SLACK, 1)
    return -(-size // step) * step


@dataclass(frozen=True)
class _Group:
    """Picture sets that are filled up to one size g.

    Attributes:
        sets: their numbers, (n,).
        pictures: float32 (n, g, dim), unit rows; a smaller set's last ones are any, of weight 0.
        weights: float64 (n, g), rows sum to 1.
    """

    sets: list[int]
    pictures: Tensor
    weights: Tensor

    def part(self, start: int, count: int) -> _Group:
        span = slice(start, start + count)
        return _Group(self.sets[span], self.pictures[span], self.weights[span])


class _Shelf:
    """Several groups with their features in memory."""

    def __init__(self, sets: ImageSets, distinct: _Distinct, shelf: list[list[int]], device: str) -> None:
        self.groups = [self._group(sets, distinct, numbers, device) for numbers in shelf]

    @staticmethod
    def _group(sets: ImageSets, distinct: _Distinct, numbers: list[int], device: str) -> _Group:
        import torch  # takes seconds to import

        size = _rung(len(distinct.rows[numbers[0]]))
        rows = np.zeros((len(numbers), size), np.int64)
        weights = np.zeros(rows.shape)
        for line, number in enumerate(numbers):
            own, shares = distinct.rows[number], distinct.shares[number]
            rows[line, : len(own)], rows[line, len(own) :] = own, own[0]
            weights[line, : len(own)] = shares / shares.sum()
        pictures = np.empty((rows.size, sets.dim), np.float32)
        for start in range(0, rows.size, 1024):  # unit_rows makes copies, of float64 features large ones
            span = slice(start, start + 1024)
            pictures[span] = unit_rows(sets.features[rows.reshape(-1)[span]])
        tensor = torch.from_numpy(pictures).to(device).reshape(*rows.shape, sets.dim)
        return _Group(numbers, tensor, torch.from_numpy(weights).to(device))


def _all_batches(left: _Shelf, right: _Shelf, limit: int) -> Iterator[tuple[_Group, _Group]]:
    for rows, columns in product(left.groups, right.groups):
        yield from _batches(rows, columns, limit)


def _batches(source: _Group, target: _Group, limit: int) -> Iterator[tuple[_Group, _Group]]:
    """Parts of two groups whose pairs have at most ``limit`` cosines, or single pairs that have more.

    About as many pictures on either side, which is the fastest shape of a matrix product.
    """
    g, h = source.weights.shape[1], target.weights.shape[1]
    pairs = max(limit // (g * h), 1)
    down = min(max(math.isqrt(pairs * h // g), 1), len(source.sets), pairs)
    across = min(pairs // down, len(target.sets))
    down = min(pairs // across, len(source.sets))
    for start in range(0, len(source.sets), down):
        for other in range(0, len(target.sets), across):
            yield source.part(start, down), target.part(other, across)


@dataclass(frozen=True)
class _Block:
    """Source pictures ``span`` of a batch: ``cosines`` and ``kernel`` (n, span, h), ``turned`` a copy (n, h, span)."""

    span: slice
    cosines: Tensor
    kernel: Tensor
    turned: Tensor


Blocks = Callable[[], Iterable[_Block]]


def _blocks(source: _Group, target: _Group, domain: Products) -> Blocks:
    """What walks over a batch's source pictures: one block that is kept, or, of a large pair, many that are not."""
    from cldi_core.scoring.best_match_rows import products  # imports torch, which takes seconds

    (n, g, dim), (m, h) = source.pictures.shape, target.pictures.shape[:2]
    columns = target.pictures.reshape(m * h, dim)

    def block(span: slice) -> _Block:
        rows = source.pictures[:, span]
        cosines = products(rows.reshape(-1, dim), columns)
        cosines = cosines.reshape(n, -1, m, h).transpose(1, 2).reshape(n * m, -1, h)
        kernel = domain.kernel(cosines)
        return _Block(span, cosines, kernel, kernel.mT.contiguous())

    step = max(PAIR // (domain.precision.itemsize * h), 1)
    if g <= step or n * m > 1:
        whole = [block(slice(0, g))]
        return lambda: whole
    return lambda: (block(slice(start, min(start + step, g))) for start in range(0, g, step))


@dataclass(frozen=True)
class _Solved:
    """What became of a batch: float64 (source sets, target sets), its scores and its plans' marginal errors."""

    place: tuple[NDArray[np.intp], ...]
    scores: NDArray[np.float64]
    errors: NDArray[np.float64]


def _solve(domain: Products, iterations: int, batch: tuple[_Group, _Group]) -> _Solved:
    source, target = batch
    blocks = _blocks(source, target, domain)
    x, y, errors = _factors(source, target, domain, blocks, iterations)
    found, mass = (x.new_zeros(len(x)).double() for _ in range(2))
    for block in blocks():
        plan = domain.times(domain.times(block.kernel, x[:, block.span, None]), y[:, None, :])
        plan = domain.leave(plan).double()
        mass += plan.sum((1, 2))
        found += plan.mul_(block.cosines).sum((1, 2))
    place = np.ix_(source.sets, target.sets)
    shape = len(source.sets), len(target.sets)
    return _Solved(place, *(one.cpu().double().numpy().reshape(shape) for one in (found / mass, errors)))


def _factors(
    source: _Group, target: _Group, domain: Products, blocks: Blocks, iterations: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The factors of a batch's plans, times the pictures' weights, and the plans' marginal errors.

    A plan is left as it is once it has settled, whatever the others of its batch still need: it depends on its two sets
    alone.

    Returns:
        (pairs, g) and (pairs, h), where a weight of 0 stays 0, and (pairs,), L1.  The columns of the plans have their
        due sums exactly, the rows to ``TOLERANCE`` or as near as the iterations got.
    """
    import torch  # takes seconds to import

    own = domain.enter(source.weights).repeat_interleave(len(target.sets), 0)
    other = domain.enter(target.weights).repeat(len(source.sets), 1)
    x, y, errors = own.clone(), other.clone(), own.new_zeros(len(own))
    found = torch.empty_like(x), torch.empty_like(y), torch.empty_like(errors)
    pairs = torch.arange(len(own), device=own.device)  # those that have not settled
    for iteration in range(1, iterations + 1):
        last = iteration == iterations
        look = last or (iteration > 1 and iteration % EVERY == 1)
        further = _further(iteration, iterations)
        errors = own.new_zeros(len(own))
        sums = domain.enter(other.new_zeros(other.shape))
        for block in blocks():
            due, part = own[:, block.span], x[:, block.span]
            reached = domain.times(part, domain.sums(block.turned, y))
            if look:  # at what the iteration before left to be desired
                errors += (domain.leave(reached) - domain.leave(due)).abs().sum(1)
            x[:, block.span] = domain.times(part, domain.power(domain.over(due, reached), further))
            sums = domain.plus(sums, domain.sums(block.kernel, x[:, block.span]))
        y = domain.times(y, domain.power(domain.over(other, domain.times(y, sums)), further))
        if look:
            settled = (errors < TOLERANCE) | last
            for whole, part in zip(found, (x, y, errors), strict=True):
                whole[pairs[settled]] = part[settled]
            if bool(settled.all()):
                break
            if bool(settled.any()):
                own, other, x, y, pairs = (part[~settled] for part in (own, other, x, y, pairs))
                kept = [replace(one, kernel=one.kernel[~settled], turned=one.turned[~settled]) for one in blocks()]
                blocks = partial(iter, kept)  # a large pair is alone, so there is nothing to keep of it
    return found


def _further(iteration: int, iterations: int) -> float:
    """How far an iteration goes, as a multiple of Sinkhorn's step (on logarithms).

    Longer steps settle in a fraction of the iterations (Thibault et al. 2021, "Overrelaxed Sinkhorn-Knopp algorithm for
    regularized optimal transport"): at best ``2 / (1 + √(1 - rate))``, which grows towards 2 the slower a plan settles.
    What has taken long is slow, so ``2 - PLAIN / iteration``.  Steps are Sinkhorn's own where errors are looked at and
    at the end, so that the columns have their due sums.
    """
    plain = iteration % EVERY < 2 or iteration >= iterations - 1
    return 1.0 if plain else max(1.0, 2 - PLAIN / iteration)
