"""Frames that are kept for each ranker of a pair: ``<folder>/<backbone>/<pair>/<ranker>.parquet``.

Each has the key of everything it depends on, and a checksum; what does not fit them is as if it were not there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.errors import CldiError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker

if TYPE_CHECKING:
    import pandas as pd

AS_SMALL = {"compression": "zstd", "write_statistics": False}


def _as_it_is(pair: Pair, frame: pd.DataFrame) -> pd.DataFrame:
    return frame


@dataclass(frozen=True)
class Kind:
    """One kind of frame.

    Attributes:
        folder: where they are kept; what: they are called where one cannot be.
        key: of a pair and a ranker, a digest of everything that the frame depends on.  A ranker that cannot rank the
            pair says so with a ``CldiError``.
        packed: a frame without what the pair itself tells; unpacked: that frame again, of a pair that is the same.
    """

    folder: str
    what: str
    key: Callable[[Pair, Ranker], str]
    packed: Callable[[Pair, pd.DataFrame], pd.DataFrame] = _as_it_is
    unpacked: Callable[[Pair, pd.DataFrame], pd.DataFrame] = _as_it_is

    def path_of(self, pair: Pair, name: str) -> Path:
        """Where the frame of a ranker is kept."""
        return pair.dataset.path / self.folder / pair.backbone / pair.name / f"{name}.parquet"

    def stored(self, pair: Pair, rankers: Iterable[Ranker]) -> dict[str, pd.DataFrame]:
        """The frames of some rankers, by name: only those that are there and still stand; nothing is computed."""
        frames = {}
        for ranker in rankers:
            with contextlib.suppress(CldiError):  # it cannot rank this pair
                frame = storage.frame_of(self.path_of(pair, ranker.name), self.key(pair, ranker))
                if frame is not None:
                    frames[ranker.name] = self.unpacked(pair, frame)
        return frames

    def keep(self, pair: Pair, made: Iterable[tuple[Ranker, pd.DataFrame]], must_keep: bool) -> None:
        """Keep the frames of some rankers; ``must_keep`` as ``stored_scores.scored``."""
        keeping = {}
        for ranker, frame in made:
            packed = self.packed(pair, frame)
            packed.attrs = {**frame.attrs, "key": self.key(pair, ranker)}
            keeping[ranker.name] = partial(storage.write_frame, self.path_of(pair, ranker.name), packed, **AS_SMALL)
        stored_scores.keep_each(pair, self.what, keeping, must_keep)
