"""Unit rows of pictures, ready for a matrix product: a few at a time, on a processor or a graphics card.

Features may be memory-mapped files larger than memory: nothing here holds more than the rows that are asked for, unless
they fit on the graphics card.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.feature_rows import Rows
from cldi_core.scoring.imagesets import Features, ImageSets

if TYPE_CHECKING:
    import torch

STREAM_BYTES = 2 << 20  # of the rows that are looked at together when all are read once: they stay in the cache
RESIDENT_SHARE = 0.35  # of a graphics card's free memory that one language's features may take
SAFE = (1e-15, 1e15)  # lengths whose square and inverse float32 can hold


class RowSource:
    """The pictures of one language as unit rows.

    Attributes:
        used: int64 (n_used,), the rows of ``sets.features`` that belong to a word, ascending.
        inverse: float32 (n_images,), one over each used row's length, 0 for a zero row.
    """

    def __init__(self, sets: ImageSets, device: str = "cpu", share: float = 1.0) -> None:
        import torch  # takes a second to import

        self.sets, self.device = sets, device
        self.used = np.unique(sets.members)
        self.wide = sets.features.dtype == np.float64
        self.plain = _as_tensor(sets.features)
        self.resident = self._resident(share)
        self.inverse = torch.zeros(len(sets.features), device=device)
        lengths = self._lengths()
        if not self.wide and bool(((lengths > 0) & ~((lengths > SAFE[0]) & (lengths < SAFE[1]))).any()):
            self.wide, self.resident = True, None
            lengths = self._lengths()
        self.inverse[torch.from_numpy(self.used).to(device)] = torch.where(lengths > 0, 1 / lengths, 0.0)

    def _resident(self, share: float) -> torch.Tensor | None:
        """All features on the graphics card, where they fit; float64 ones are scaled on the processor."""
        import torch

        if self.device == "cpu" or self.wide:
            return None
        needed = len(self.sets.features) * self.sets.dim * self.sets.features.dtype.itemsize
        if needed > share * RESIDENT_SHARE * torch.cuda.mem_get_info(self.device)[0]:
            return None
        kind = torch.float16 if self.sets.features.dtype == np.float16 else torch.float32
        placed = torch.empty(len(self.sets.features), self.sets.dim, dtype=kind, device=self.device)
        for rows in self.stream():
            part = torch.from_numpy(np.array(self.sets.features[rows]))
            placed[torch.from_numpy(rows).to(self.device)] = part.to(self.device)
        return placed

    def _lengths(self) -> torch.Tensor:
        import torch

        # One array for all: small ones kept between large passing ones would leave memory in pieces.
        lengths = torch.zeros(len(self.used), device=self.device)
        done = 0
        for rows in self.stream():
            lengths[done : done + len(rows)] = torch.linalg.vector_norm(self._raw(rows)[0], dim=1)
            done += len(rows)
        return lengths

    def stream(self) -> list[NDArray[np.int64]]:
        """The used rows in pieces that are small enough to be looked at."""
        return [self.used[piece] for piece in self.pieces(len(self.used))]

    def _raw(self, rows: NDArray[np.int64]) -> tuple[torch.Tensor, bool]:
        """Features (n, dim), float32, or float64 scaled by each row's largest entry where float32 is too narrow.

        And whether they are a copy: if not, they are the caller's own and not to be changed.
        """
        import torch

        if self.resident is not None:
            return self.resident[torch.from_numpy(rows).to(self.device)].float(), True
        copied = True
        if self.plain is None:
            found = torch.from_numpy(np.ascontiguousarray(self.sets.features[rows]))
        elif len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
            found, copied = self.plain[int(rows[0]) : int(rows[-1]) + 1], False
        else:
            found = self.plain.index_select(0, torch.from_numpy(rows))
        if not self.wide:
            return found.to(self.device).float(), copied or found.dtype != torch.float32 or self.device != "cpu"
        found = found.double()
        peak = found.abs().amax(dim=1, keepdim=True)
        return (found / torch.where(peak == 0, 1.0, peak)).to(self.device), True

    def unit(self, rows: NDArray[np.int64], *, double: bool = False, into: torch.Tensor | None = None) -> torch.Tensor:
        """Rows of length one (or zero): float32 (n, dim), or float64 if ``double``.

        Args:
            into: float32 (n or more, dim) to write float32 rows to, a few at a time: memory that is in use already is
                several times as fast to write to as memory that the system has to bring.
        """
        import torch

        rows = np.asarray(rows, np.int64)
        if double:
            raw = self._raw(rows)[0].double()
            length = torch.linalg.vector_norm(raw, dim=1, keepdim=True)
            return raw / torch.where(length == 0, 1.0, length)
        if into is None:
            return self._scaled(rows)
        for some in self.pieces(len(rows)):
            into[some] = self._scaled(rows[some])
        return into[: len(rows)]

    def pieces(self, count: int) -> list[slice]:
        """``count`` rows in slices that are small enough for the cache."""
        most = max(1, STREAM_BYTES // (4 * max(self.sets.dim, 1)))
        return [slice(start, min(start + most, count)) for start in range(0, count, most)]

    def _scaled(self, rows: NDArray[np.int64]) -> torch.Tensor:
        import torch

        raw, copied = self._raw(rows)
        scale = self.inverse[torch.from_numpy(rows).to(self.device)][:, None]
        return (raw.mul_(scale) if copied else raw * scale).float()


def cosines(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """The products of unit rows of one dtype: (n_left, n_right)."""
    import torch

    if left.device.type != "cpu" or left.dtype == torch.bfloat16:
        return torch.mm(left, right.T, out=out)
    # numpy's product: on an AMD processor 1.2 to 1.5 times as fast as torch's.
    found = np.matmul(left.numpy(), right.numpy().T, out=None if out is None else out.numpy())
    return torch.from_numpy(found)


def _as_tensor(features: Features | Rows) -> torch.Tensor | None:
    """An array in memory as a tensor over the same memory, which torch gathers from with all threads."""
    import torch

    if type(features) is not np.ndarray or any(stride < 0 for stride in features.strides):
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(features)
