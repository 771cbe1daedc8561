"""What training makes small: pairs that belong together should be more alike than others of the batch, by a margin.

With ``S`` a similarity, ``i`` a picture, ``c_k`` a description in language ``k`` and ``α`` the margin (Gella et al.
2017, section 3),

    PIVOT    = Σ_k Σ_(c_k, i) [ Σ_c' max(0, α - S(c_k, i) + S(c', i)) + Σ_i' max(0, α - S(c_k, i) + S(c_k, i')) ]
    PARALLEL = PIVOT + the same two sums for pairs (c_1, c_2) of descriptions of one picture.

With one language PIVOT is VSE (cosine) or OE (order).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Similarity = Callable[[Tensor, Tensor], Tensor]


def ranking(scores: Tensor, margin: float, *, hardest: bool = False) -> Tensor:
    """The two sums for the pairs on the diagonal of ``scores`` (n, n), where row ``c``, column ``i`` is ``S(c, i)``.

    Args:
        hardest: of each sum only the largest term (VSE++, Faghri et al. 2018).
    """
    right = scores.diagonal()
    others = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    rows = (margin - right[:, None] + scores).clamp_min(0) * others  # another column beside the same row
    columns = (margin - right[None, :] + scores).clamp_min(0) * others  # another row above the same column
    if hardest and len(scores):
        return rows.amax(dim=1).sum() + columns.amax(dim=0).sum()
    return rows.sum() + columns.sum()


def pivot(
    pictures: Mapping[str, Tensor],
    descriptions: Mapping[str, Tensor],
    similarity: Similarity,
    margin: float,
    *,
    pairs: tuple[Tensor, Tensor] | None = None,
    swapped: bool = False,
    hardest: bool = False,
) -> Tensor:
    """PIVOT, or with ``pairs`` PARALLEL.

    Args:
        pictures, descriptions: language → (n, dim); row ``j`` of the one belongs to row ``j`` of the other.
        pairs: descriptions of the same pictures in two languages, (n, dim) each.
        swapped: ``S(i, c)`` instead of ``S(c, i)``, for a similarity that is not the same both ways.
        hardest: as in ``ranking``.
    """
    total = torch.zeros(())
    for language, own in descriptions.items():
        seen = pictures[language]
        scores = similarity(seen, own) if swapped else similarity(own, seen)
        total = total + ranking(scores, margin, hardest=hardest)
    if pairs is not None:
        total = total + ranking(similarity(*pairs), margin, hardest=hardest)
    return total
