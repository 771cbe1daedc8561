"""Rows of features on their way into the shards of a backbone."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage, word_table
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import PictureIds
from cldi_core.errors import FeatureError
from cldi_core.features import shards
from cldi_core.features.backbones import BACKBONES
from cldi_core.imports.feature_targets import Target

SHARD_BYTES = 32_000_000  # of features in one file
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")


def check_name(backbone: str) -> None:
    """Refuse a name that features from elsewhere cannot have.

    Raises:
        FeatureError: it is no name of a folder, or that of a backbone which ``extract`` computes.
    """
    if not _NAME.fullmatch(backbone):
        raise FeatureError(
            f"{backbone[:60]!r} is no name for features; accepted: up to 60 letters, digits and any of . _ + -, "
            "such as 'alexnet-mmid'"
        )
    if backbone in BACKBONES:
        raise FeatureError(
            f"{backbone!r} is a backbone that extract computes; give features from elsewhere a name of their own, such "
            f"as '{backbone}-mmid'"
        )


class Store:
    """Takes rows, and stores them a shard at a time; ``finish`` says which words they belong to.

    Attributes:
        dim: of all rows, 0 before the first; counts: of rows by what became of them.
    """

    def __init__(self, dataset: Dataset, backbone: str, about: str, files: Sequence[str]) -> None:
        self._dataset, self._folder = dataset, shards.folder_of(dataset, backbone)
        self._meta = {
            "backbone": backbone, "layer": about, "weights": "", "preprocessing": "", "failed": json.dumps([]),
            "source": f"imported: {', '.join(files)}"[:1000],
        }  # fmt: skip
        self._before = sorted(self._folder.glob("*.safetensors"))
        self.dim = shards.read_shard(self._before[0])[1].shape[1] if self._before else 0
        self.counts: dict[str, int] = {"rows": 0, "pictures": 0, "words only": 0, "stored": 0}
        self._met: dict[bytes, bytes] = {}  # id → digest of its row
        self._pictures: set[bytes] = set()
        self._words: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._ids: list[str] = []
        self._rows: list[NDArray[np.float16]] = []
        self._written: list[Path] = []

    def check_dim(self, name: str, dim: int) -> None:
        """Raise FeatureError if rows of so many numbers cannot stand beside those that are there."""
        if self.dim and dim != self.dim:
            raise FeatureError(
                f"{name!r} has {dim} dimensions, and the features of {self._meta['backbone']} {self.dim}; give them "
                "another --backbone name"
            )
        self.dim = dim

    def add(self, target: Target, digest: bytes, row: NDArray[np.float16]) -> bool:
        """Take one row, float16 (dim,); False if another row has been taken for the same picture."""
        key = target.id or digest.hex()
        self.counts["rows"] += 1
        if target.id:
            self._pictures.add(bytes.fromhex(key))
        else:
            self.counts["words only"] += 1
            self._words.setdefault((target.language, target.word), []).append((target.position, key))
        known = self._met.setdefault(bytes.fromhex(key), digest)
        if known is digest:
            self._ids.append(key)
            self._rows.append(row.copy())  # a block of rows would stay as long as one of them
            if len(self._ids) * row.nbytes >= SHARD_BYTES:
                self._write()
        return known == digest

    def _write(self) -> None:
        if not self._ids:
            return
        matrix = np.stack(self._rows)
        path = self._folder / f"part-{storage.digest(self._ids, matrix.tobytes())[:16]}.safetensors"
        shards.write_shard(path, self._ids, matrix, self._meta)
        self._written.append(path)
        self.counts["stored"] += len(self._ids)
        self._ids, self._rows = [], []

    def finish(self) -> dict[str, int]:
        """Store the rest and which rows belong to which word: words of each language that have rows of their own.

        Rows of an earlier import make room for those of this one, and for words that have others now.
        """
        self._write()
        self.counts["pictures"] = len(self._pictures)
        owned: PictureIds | None = None
        if self._words:
            with storage.lock(self._dataset.path, "import-features"):
                before = Dataset(self._dataset.path).word_table
                mine = word_table.WordTable.of(
                    (language, word, position, key)
                    for (language, word), members in self._words.items()
                    for position, key in sorted(members)
                )
                after = before.without(self._words).joined(mine)
                word_table.write(self._dataset.path / "words.parquet", after)
                owned = PictureIds(after.rows)
        for path in self._before:
            if path not in self._written:
                self._make_room(path, owned)
        return dict(sorted(Counter(language for language, _ in self._words).items()))

    def _make_room(self, path: Path, owned: PictureIds | None) -> None:
        """Write an earlier shard without the rows that are stored anew or belong to nothing any more.

        Args:
            owned: the ids that belong to words; ``None`` where that has not changed.
        """
        ids, matrix, meta = shards.read_shard(path)
        pictures = self._dataset.pictures.ids
        stay = [
            row for row, key in enumerate(ids)
            if bytes.fromhex(key) not in self._met and (owned is None or key in owned or key in pictures)
        ]  # fmt: skip
        if not stay:
            storage.remove(path)
        elif len(stay) < len(ids):
            shards.write_shard(path, [ids[row] for row in stay], np.asarray(matrix[stay]), meta)
