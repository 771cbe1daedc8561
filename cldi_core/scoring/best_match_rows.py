"""The pictures of one language as rows for a matrix product: a few at a time, on a processor or a graphics card.

Features may be memory-mapped files larger than memory: nothing here holds more than the rows that are asked for, unless
all of them fit on the graphics card.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch

from cldi_core.scoring.imagesets import ImageSets, Numbers, unit_rows
from cldi_core.scoring.products import SAFE
from cldi_core.scoring.products import products as numpy_products

STREAM_BYTES = 2 << 20  # of the rows that are read together: they stay in the cache
RESIDENT_SHARE = 0.35  # of a graphics card's free memory that one language's features may take
HALVES = ("cuda",)  # devices that multiply them with float32 sums


class PictureRows:
    """Rows as they are stored, and what makes cosines of their products afterwards.

    A product of two halves is exact in float32 (11 + 11 significant bits of 24): nothing is lost before the sums, and
    halves are all that a graphics card needs.  Rows that float32 cannot multiply safely (float64 ones, or some too long
    or too short) become float32 unit rows first.

    Attributes:
        inverse: float32 (n_images,) on the device, one over each row's length; 1 for a zero row and for unit rows.
        width: bytes of a row on the device.
    """

    def __init__(self, sets: ImageSets, device: str = "cpu", share: float = 1.0) -> None:
        """Measure the rows; ``share``: of the usual memory that a graphics card can give."""
        self.sets, self.device, self.plain = sets, device, _in_memory(sets)
        self.used = np.unique(sets.members)
        self.inverse = torch.ones(len(sets.features), device=device)
        self.stored = True
        self.stored = sets.features.dtype != np.float64 and self._measure()
        halves = device in HALVES and self.stored and sets.features.dtype == np.float16
        self.kind = torch.float16 if halves else torch.float32
        self.width = self.kind.itemsize * sets.dim
        self.resident: torch.Tensor | None = None
        if device != "cpu" and len(self.used) * self.width <= share * RESIDENT_SHARE * torch.cuda.mem_get_info()[0]:
            self.resident = self.take(self.used)

    def _measure(self) -> bool:
        """Set ``inverse``; whether the rows may be multiplied as they are stored.

        What was measured of all rows is kept: with one word against many, that took most of the time.
        """
        kept = self.sets.measured.get("inverse")
        if kept is not None:
            self.inverse = kept.to(self.device)
            return True
        lengths = torch.ones(len(self.sets.features))
        for piece in self._pieces(len(self.used)):
            rows = self.used[piece]
            raw = self._read(rows).float()
            length = torch.linalg.vector_norm(raw, dim=1)  # as ``best_match_few.lengths``
            odd = ~((length > SAFE[0]) & (length < SAFE[1]))
            if bool(raw[odd].any()):
                return False
            lengths[torch.from_numpy(rows)] = torch.where(odd, 1.0, length)  # the odd ones are zero rows
        inverse = 1 / lengths
        if len(self.used) == len(lengths):
            self.sets.measured["inverse"] = inverse
        self.inverse = inverse.to(self.device)
        return True

    def take(self, pictures: Numbers, into: torch.Tensor | None = None) -> torch.Tensor:
        """The rows of some pictures on the device: (n, dim), float32, or float16 on a graphics card if stored so.

        ``into``: (n, dim) to write them to.  Memory that is in use already is several times as fast to write to as
        memory that the system has to bring.
        """
        if self.resident is not None:
            return self.resident[torch.from_numpy(np.searchsorted(self.used, pictures)).to(self.device)]
        if into is None:
            into = torch.empty(len(pictures), self.sets.dim, dtype=self.kind, device=self.device)
        for piece in self._pieces(len(pictures)):
            into[piece] = self._read(pictures[piece])
        return into

    def _pieces(self, count: int) -> list[slice]:
        most = max(1, STREAM_BYTES // (4 * max(self.sets.dim, 1)))
        return [slice(start, start + most) for start in range(0, count, most)]

    def _read(self, rows: Numbers) -> torch.Tensor:
        """Some rows in the processor's memory, as they are stored or as unit rows; not to be changed."""
        if not self.stored:
            return torch.from_numpy(unit_rows(self.sets.features[rows]))
        if self.plain is None:
            return torch.from_numpy(self.sets.features[rows])
        if bool((np.diff(rows) == 1).all()):
            return self.plain[int(rows[0]) : int(rows[-1]) + 1]
        return self.plain.index_select(0, torch.from_numpy(rows))


def products(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """All rows with all rows: float16 or float32 (n, dim), (m, dim) → float32 (n, m), into ``out`` on a processor."""
    if left.device.type == "cpu":
        # numpy's product: on an AMD processor 1.2 to 1.5 times as fast as torch's.
        into = None if out is None else out.numpy()
        return torch.from_numpy(numpy_products(left.float().numpy(), right.float().numpy(), into))
    if left.dtype == right.dtype == torch.float16:
        return torch.mm(left, right.T, out_dtype=torch.float32)
    return torch.mm(left.float(), right.float().T)


def _in_memory(sets: ImageSets) -> torch.Tensor | None:
    """Features in memory as a tensor over the same memory, which torch reads several times as fast as numpy."""
    if type(sets.features) is not np.ndarray or any(stride < 0 for stride in sets.features.strides):
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(sets.features)
