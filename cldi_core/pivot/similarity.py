"""How alike two rows of the joint space are: cosine (symmetric), or order (asymmetric).

Order, of Vendrov et al. (2016), "Order-Embeddings of Images and Language": ``S(a, b) = -‖max(0, b - a)‖²``, the squared
amount by which ``b`` exceeds ``a``, squared and summed and not rooted.  It is 0 where every number of ``b`` is at most
that of ``a``, and it is not the same both ways.  Rows are of unit length and without negative numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

BLOCK = 1 << 17  # numbers of differences that are held at a time: half a megabyte, which stays in a core's cache
ON_GPU = 1 << 7  # so many times as many


def unit(rows: Tensor) -> Tensor:
    """Rows of length one; a row of zeros stays."""
    length: Tensor = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return rows / length.clamp_min(1e-12)


def positive_unit(rows: Tensor) -> Tensor:
    """Rows of length one without negative numbers: absolute values, as in the code published with the order paper."""
    return unit(rows).abs()


def cosine(left: Tensor, right: Tensor) -> Tensor:
    """``S`` for all pairs of unit rows: (n, dim), (m, dim) → (n, m)."""
    return left @ right.T


def order(left: Tensor, right: Tensor) -> Tensor:
    """``S(a, b)`` for all pairs of rows: (n, dim), (m, dim) → (n, m)."""
    found: Tensor = _Order.apply(left, right)  # type: ignore[no-untyped-call]
    return found


class _Order(torch.autograd.Function):
    """Differences are made a block at a time, and again for the gradient: all at once they are n × m × dim numbers."""

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        ctx.save_for_backward(left, right)
        found = left.new_empty(len(left), len(right))
        for rows in _blocks(left, right):
            found[rows] = -_excess(left[rows], right).square().sum(dim=2)
        return found

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor, Tensor]:
        left, right = ctx.saved_tensors
        (gradient,) = given
        of_left, of_right = torch.zeros_like(left), torch.zeros_like(right)
        for rows in _blocks(left, right):
            weighted = 2 * gradient[rows][:, :, None] * _excess(left[rows], right)
            of_left[rows] = weighted.sum(dim=1)
            of_right -= weighted.sum(dim=0)
        return of_left, of_right


def _blocks(left: Tensor, right: Tensor) -> list[slice]:
    block = BLOCK * (1 if right.device.type == "cpu" else ON_GPU)
    step = max(1, block // max(right.numel(), 1))
    return [slice(start, start + step) for start in range(0, len(left), step)]


def _excess(left: Tensor, right: Tensor) -> Tensor:
    return (right[None] - left[:, None]).clamp_min(0)


# name → what rows go through, and the similarity of such rows
SIMILARITIES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "cosine": (unit, cosine),
    "order": (positive_unit, order),
}
