"""The pictures of one language as rows for a matrix product: a few at a time, on a processor or a graphics card.

Features may be memory-mapped files larger than memory: nothing here holds more than the rows that are asked for, unless
all of them fit on the graphics card.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import Features, ImageSets, unit_rows

if TYPE_CHECKING:
    import torch

STREAM_BYTES = 2 << 20  # of the rows that are read together: they stay in the cache
RESIDENT_SHARE = 0.35  # of a graphics card's free memory that one language's features may take
SAFE = (1e-15, 1e15)  # lengths of rows whose products float32 can hold


class PictureRows:
    """Rows as they are stored, and what makes cosines of their products afterwards.

    A product of two halves is exact in float32 (11 + 11 significant bits of 24), so that nothing is lost before the
    sums, and halves are all that a graphics card needs.  Rows that float32 cannot multiply safely (float64 ones, or too
    long or too short ones) become unit rows first.

    Attributes:
        used: int64 (n_used,), the rows of ``sets.features`` that belong to a word, ascending.
        inverse: float32 (n_images,) on the device, one over each row's length; 1 for a zero row and for unit rows.
        width: bytes of a row on the device.
    """

    def __init__(self, sets: ImageSets, device: str = "cpu", share: float = 1.0) -> None:
        """Measure the rows; ``share``: of the usual memory that a graphics card can give."""
        import torch  # takes a second to import

        self.sets, self.device = sets, device
        self.used = np.unique(sets.members)
        self.plain = _as_tensor(sets.features)
        self.inverse = torch.ones(len(sets.features), device=device)
        self.stored = sets.features.dtype != np.float64 and self._measure()
        halves = device != "cpu" and self.stored and sets.features.dtype == np.float16
        self.kind = torch.float16 if halves else torch.float32
        self.width = self.kind.itemsize * sets.dim
        self.resident = self._resident(share)

    def _measure(self) -> bool:
        """Set ``inverse``; whether the rows may be multiplied as they are stored."""
        import torch

        lengths = torch.zeros(len(self.sets.features))
        for rows in self._pieces(self.used):
            raw = self._read(rows, stored=True).float()
            lengths[torch.from_numpy(rows)] = length = torch.linalg.vector_norm(raw, dim=1)
            unsafe = ~((length > SAFE[0]) & (length < SAFE[1]))
            if bool(raw[unsafe].any()):  # and not only zero rows
                return False
        self.inverse = torch.where(lengths > 0, 1 / lengths, 1.0).to(self.device)
        return True

    def _resident(self, share: float) -> torch.Tensor | None:
        """All rows on the graphics card, where they fit."""
        import torch

        count = len(self.sets.features)
        if self.device == "cpu" or count * self.width > share * RESIDENT_SHARE * torch.cuda.mem_get_info(self.device)[0]:
            return None
        placed = torch.empty(count, self.sets.dim, dtype=self.kind, device=self.device)
        for rows in self._pieces(self.used):
            placed[torch.from_numpy(rows).to(self.device)] = self._read(rows, self.stored).to(self.device, self.kind)
        return placed

    def take(self, pictures: NDArray[np.int64], into: torch.Tensor | None = None) -> torch.Tensor:
        """The rows of some pictures on the device: (n, dim), float16 on a graphics card if they are stored so.

        Args:
            into: (n or more, dim) to write them to: memory that is in use already is several times as fast to write to
                as memory that the system has to bring.
        """
        import torch

        if self.resident is not None:
            return self.resident.index_select(0, torch.from_numpy(pictures).to(self.device))
        if into is None:
            into = torch.empty(len(pictures), self.sets.dim, dtype=self.kind, device=self.device)
        done = 0
        for rows in self._pieces(pictures):
            into[done : done + len(rows)] = self._read(rows, self.stored)
            done += len(rows)
        return into[:done]

    def _pieces(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        most = max(1, STREAM_BYTES // (4 * max(self.sets.dim, 1)))
        return [rows[start : start + most] for start in range(0, len(rows), most)]

    def _read(self, rows: NDArray[np.int64], stored: bool) -> torch.Tensor:
        """Some rows in the processor's memory, as they are stored or as unit rows (float32); not to be changed."""
        import torch

        if not stored:
            return torch.from_numpy(unit_rows(self.sets.features[rows]))
        if self.plain is None:
            return torch.from_numpy(np.ascontiguousarray(self.sets.features[rows]))
        if bool((np.diff(rows) == 1).all()):
            return self.plain[int(rows[0]) : int(rows[-1]) + 1]
        return self.plain.index_select(0, torch.from_numpy(rows))


def products(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """All rows with all rows: float16 or float32 (n, dim), (m, dim) → float32 (n, m); ``out``: where, on a processor."""
    import torch

    if left.device.type == "cpu":
        # numpy's product: on an AMD processor 1.2 to 1.5 times as fast as torch's.
        found = np.matmul(left.float().numpy(), right.float().numpy().T, out=None if out is None else out.numpy())
        return torch.from_numpy(found)
    if left.dtype == right.dtype == torch.float16:
        return torch.mm(left, right.T, out_dtype=torch.float32)
    return torch.mm(left.float(), right.float().T)


def _as_tensor(features: Features | FeatureRows) -> torch.Tensor | None:
    """An array in memory as a tensor over the same memory, which torch reads several times as fast as numpy."""
    import torch

    if type(features) is not np.ndarray or any(stride < 0 for stride in features.strides):
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(features)
