"""Where each picture of some shards is: 21 bytes each, however long its texts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import ids, picture_shards


@dataclass(frozen=True)
class Places:
    """Where some pictures are: int64 (n,) each.

    Attributes:
        shard: the number of the shard; group: of the row group in it; row: in that.
    """

    shard: NDArray[np.int64]
    group: NDArray[np.int64]
    row: NDArray[np.int64]


class PictureIndex:
    """The pictures of shards in their order, each once: one that stands in several shards is in the first only.

    Attributes:
        shards: the files; ids: of the pictures.
    """

    def __init__(self, shards: Sequence[Path]) -> None:
        self.shards = tuple(shards)
        parts, sizes, groups = [np.zeros((0, ids.BYTES), np.uint8)], [], [0]
        for path in self.shards:
            found, own = picture_shards.read_ids(path)
            parts.append(found)
            sizes += own
            groups.append(groups[-1] + len(own))
        rows = np.concatenate(parts)
        del parts
        self._groups = np.array(groups)  # the first row group of each shard, of all
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])  # the first row of each row group
        is_first = ids.first_rows(rows)
        self._rows = None if is_first.all() else np.flatnonzero(is_first)  # of each picture, where some stand twice
        self.ids = ids.PictureIds(rows if self._rows is None else rows[self._rows])

    def __len__(self) -> int:
        return len(self.ids)

    def places(self, numbers: NDArray[np.integer]) -> Places:
        """Where the pictures of these numbers are."""
        rows = np.asarray(numbers, np.int64) if self._rows is None else self._rows[numbers]
        group = np.searchsorted(self._starts, rows, side="right") - 1
        shard = np.searchsorted(self._groups, group, side="right") - 1
        return Places(shard, group - self._groups[shard], rows - self._starts[group])

    def span(self, shard: int) -> slice:
        """The numbers of the pictures of a shard."""
        ends = self._starts[self._groups[shard : shard + 2]]
        if self._rows is not None:
            ends = np.searchsorted(self._rows, ends)
        return slice(int(ends[0]), int(ends[1]))

    def starts(self, shard: int) -> NDArray[np.int64]:
        """The rows of a shard at which its row groups begin."""
        starts = self._starts[slice(*self._groups[shard : shard + 2])]
        shifted: NDArray[np.int64] = starts - starts[:1]
        return shifted
