"""Optimal transport between two picture sets: every picture has a counterpart, and all of them count.

Where AVGMAX lets many pictures choose the same best match, a transport plan has to spend all pictures of both sets.
The entropic plan is found by Sinkhorn's iterations (Cuturi 2013, "Sinkhorn distances: lightspeed computation of optimal
transport", algorithm 1), many pairs of words at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown_name
from cldi_core.scoring.imagesets import ImageSets, Numbers
from cldi_core.scoring.methods import Settled
from cldi_core.scoring.parallel import side_by_side
from cldi_core.scoring.transport_factors import Products, domain_of
from cldi_core.scoring.transport_plans import blocks_of, factors_of, solve, weights_of
from cldi_core.scoring.transport_sets import Distinct, Shelf, all_batches

BATCH = {"cpu": 2**16, "cuda": 2**23}  # cosines of the pairs solved at a time; few enough for the processor's cache
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
    check(source, target, epsilon, iterations, device)
    own, other = Distinct.of(source), Distinct.of(target)
    table = np.full((len(own.rows) + 1, len(other.rows) + 1), np.nan, np.float32)  # the last ones: no pictures
    error = 0.0
    solve_batch = partial(solve, domain_for(epsilon, device), int(iterations))
    with side_by_side(device) as each:
        for shelf in own.shelves(source.dim):
            left = Shelf(source, own, shelf, device)
            for other_shelf in other.shelves(target.dim):
                right = Shelf(target, other, other_shelf, device)
                for solved in each(solve_batch, all_batches(left, right, BATCH[device])):
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
    check(source, target, epsilon, iterations, "cpu")
    sides = [(source, source.rows(word)), (target, target.rows(other))]
    if not all(len(rows) for _, rows in sides):
        none = np.zeros((len(sides[0][1]), len(sides[1][1])))
        return Plan(none, none.astype(np.float32))
    distinct = [Distinct.of(sets.select([name])) for sets, name in ((source, word), (target, other))]
    left, right = (Shelf(sets, own, [[0]], "cpu").groups[0] for (sets, _), own in zip(sides, distinct, strict=True))
    domain = domain_for(epsilon, "cpu")
    blocks = blocks_of(left, right, domain)
    x, y, _ = factors_of(*weights_of(left, right, domain), domain, blocks, int(iterations))
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


def domain_for(epsilon: float, device: str) -> Products:
    """What holds the factors of the plans; an epsilon below 1e-9 is as one of 1e-9."""
    return domain_of(max(float(epsilon), SMALLEST), device)


def check(source: ImageSets, target: ImageSets, epsilon: float, iterations: int, device: str) -> None:
    """Refuse what no plan can be made with, as ``sinkhorn`` says."""
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
