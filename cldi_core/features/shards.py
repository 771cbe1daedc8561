"""Feature shards: the features of all pictures on disk, and image sets made of them.

``features/<backbone>/<shard>.safetensors`` holds one row per picture of the picture shard of the same name: ``ids``,
uint8 (n, 16), the pictures' ids; ``features``, float16 (n, dim); ``digests``, uint8 (n, 16), one of each row (older
files have none).  The metadata names the backbone, its layer, the hash of its weights and the preprocessing.  Features
are kept by shard, not by language, because one picture may belong to words of many languages.

They are mapped, not read, so they may be larger than memory.  A file that is replaced stays as it was for those who
have it open; one that is cut short in place, which nothing here does, takes its readers down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import remote, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.remote_blocks import Opened
from cldi_core.data.tensor_files import place_of
from cldi_core.errors import DatasetError, FeatureError, unknown_name
from cldi_core.scoring.feature_rows import DIGEST_BYTES, FeatureRows, row_digests
from cldi_core.scoring.imagesets import ImageSets

ID_BYTES = 16
NEEDED = ("ids", "digests")  # what is read of every file when features are opened
SIDE = 8  # files that are fetched at once


@dataclass(frozen=True)
class Features:
    """The features of one backbone.

    Attributes:
        ids: one id per row.
        matrix: float16 (n, dim), mapped: what is read of it is copied from the files.
        meta: what the files say of the backbone, weights and preprocessing.
        digest: changes with any feature.
        row: id → its row.
    """

    ids: tuple[str, ...]
    matrix: FeatureRows
    meta: dict[str, str]
    digest: str
    row: dict[str, int] = field(repr=False)
    shards: tuple[Shard, ...] = field(repr=False)

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """uint8 (n, 16), one digest per row.  Made when first asked for: files without them take 5 ms per 1000 rows."""
        parts = [row_digests(shard.whole()) if shard.digests is None else shard.digests for shard in self.shards]
        return np.concatenate(parts) if parts else np.zeros((0, DIGEST_BYTES), np.uint8)

    def fetch_all(self) -> Features:
        """The same, with all of it here, of a data set elsewhere too: before a pass over all pictures.

        Raises:
            DatasetError: that cannot be done.
        """
        with ThreadPoolExecutor(SIDE) as threads:
            for _ in threads.map(Shard.fetch, self.shards):
                pass
        return self


@dataclass(frozen=True)
class Shard:
    """One file: its pictures' ids, float16 (n, dim), its metadata, and uint8 (n, 16) or ``None`` where it has none.

    ``elsewhere`` fetches rows of a file that is not whole here.
    """

    ids: list[str]
    matrix: NDArray[np.floating]
    meta: dict[str, str]
    digests: NDArray[np.uint8] | None
    elsewhere: Opened | None = None
    start: int = 0  # of the matrix in its file, in bytes

    def whole(self) -> NDArray[np.floating]:
        """The features with all of their rows here; errors as ``fetch``."""
        self.fetch()
        return self.matrix

    def fetch(self, rows: NDArray[np.integer] | None = None) -> None:
        """Fetch what is missing of some rows, or of all; DatasetError where that cannot be done."""
        if self.elsewhere is None or self.elsewhere.is_whole:
            return
        if rows is None:
            self.elsewhere.fetch_all()
            return
        width = self.matrix.shape[1] * self.matrix.itemsize
        places = (self.start + np.unique(rows) * width).tolist()
        self.elsewhere.fetch([(place, place + width) for place in places])


def folder_of(dataset: Dataset, backbone: str) -> Path:
    """Where a backbone's features are kept, whether there are any or not."""
    return dataset.home / "features" / backbone


def open_features(dataset: Dataset, backbone: str) -> Features:
    """Open all features of a backbone; they are mapped, and only their ids are read.

    Of a data set elsewhere rows are fetched when they are asked for.

    Raises:
        UnknownNameError: there are none; DatasetError: a file is broken; FeatureError: files of different dimensions.
    """
    if backbone not in dataset.backbones:
        hint = f"Extract them: {dataset.command('extract', '--backbone', backbone)}"
        raise unknown_name("backbone (no features of it)", backbone, dataset.backbones, hint)
    shards: list[Shard] = []
    paths = sorted(folder_of(dataset, backbone).glob("*.safetensors"))
    for path, shard in zip(paths, _mapped(paths), strict=True):
        _check_alike(path.name, shard.matrix, shards[0].matrix if shards else shard.matrix, backbone)
        shards.append(shard)
    ids = tuple(key for shard in shards for key in shard.ids)
    digest = storage.digest(sorted(shard.meta.get("digest", "") for shard in shards))
    fetch = (lambda number, rows: shards[number].fetch(rows)) if any(shard.elsewhere for shard in shards) else None
    matrix = FeatureRows([shard.matrix for shard in shards], fetch)
    row = {key: row for row, key in enumerate(ids)}
    return Features(ids, matrix, shards[-1].meta if shards else {}, digest, row, tuple(shards))


def _check_alike(name: str, matrix: NDArray[np.floating], first: NDArray[np.floating], backbone: str) -> None:
    again = f"extract {backbone} again with --force"
    if matrix.shape[1] != first.shape[1]:
        raise FeatureError(f"{name!r} has {matrix.shape[1]} dimensions, the shards before it {first.shape[1]}; {again}")
    if matrix.dtype != first.dtype:
        raise FeatureError(f"{name!r} has features in {matrix.dtype}, the shards before it {first.dtype}; {again}")


def read_shard(path: Path) -> tuple[list[str], NDArray[np.floating], dict[str, str]]:
    """Ids, features (mapped, read-only) and metadata of one file."""
    shard = _map(path)
    return shard.ids, shard.matrix, shard.meta


def _mapped(paths: Sequence[Path]) -> Iterable[Shard]:
    """The files, which may lack rows; of a data set elsewhere many at once."""
    if not any(map(remote.url_of, paths[:1])):
        return map(_map, paths)
    with ThreadPoolExecutor(SIDE) as threads:
        return [*threads.map(partial(_map, partly=True), paths)]


def _map(path: Path, partly: bool = False) -> Shard:
    """One file; if ``partly``, and of a data set elsewhere, its rows are not fetched."""
    try:
        tensors, meta, elsewhere = storage.map_tensors_elsewhere(path, NEEDED if partly else ())
        if elsewhere and not partly:
            elsewhere.fetch_all()
    except DatasetError as error:
        raise DatasetError(f"the features {error}; extract them again") from error
    missing = [name for name in ("ids", "features") if name not in tensors]
    if missing:
        raise DatasetError(f"the features {path.name!r} cannot be read (no tensor {missing[0]!r}); extract them again")
    ids, matrix, digests = tensors["ids"], tensors["features"], tensors.get("digests")
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or not _one_each(ids, matrix, ID_BYTES):
        raise DatasetError(
            f"the features {path.name!r} have {ids.shape} ids for {matrix.shape} rows; extract them again"
        )
    if digests is not None and not _one_each(digests, matrix, DIGEST_BYTES):
        raise DatasetError(
            f"the features {path.name!r} have {digests.shape} digests for {matrix.shape} rows; extract them again"
        )
    text, width = ids.tobytes().hex(), 2 * ID_BYTES
    keys = [text[start : start + width] for start in range(0, len(text), width)]
    start, _ = place_of(matrix)
    return Shard(keys, np.asarray(matrix), meta, None if digests is None else np.asarray(digests), elsewhere, start)


def _one_each(table: NDArray[Any], matrix: NDArray[Any], width: int) -> bool:
    return table.dtype == np.uint8 and table.shape == (len(matrix), width)


def write_shard(path: Path, ids: Sequence[str], matrix: NDArray[np.floating], meta: dict[str, str]) -> None:
    """Store the features of one shard as float16, with a digest of each row, atomically."""
    rows = np.frombuffer(b"".join(bytes.fromhex(key) for key in ids), np.uint8).reshape(len(ids), ID_BYTES)
    half = np.ascontiguousarray(matrix, np.float16)
    known = {**meta, "digest": storage.digest(list(ids), half.tobytes())}
    storage.save_tensors(path, {"ids": rows, "features": half, "digests": row_digests(half)}, known)


def damage(path: Path) -> str:
    """What of a shard is not what was written, by the digests it holds; empty where nothing is.

    Raises:
        DatasetError: the file cannot be read.
    """
    shard = _map(path)
    if shard.digests is not None:
        wrong = np.flatnonzero((row_digests(shard.matrix) != shard.digests).any(axis=1))
        if len(wrong):
            return f"{len(wrong)} rows are not what was written, such as that of picture {shard.ids[wrong[0]]}"
    known = shard.meta.get("digest")
    fits = known is None or known == storage.digest(shard.ids, np.ascontiguousarray(shard.matrix).tobytes())
    return "" if fits else "it is not what was written: its digest does not fit"


def image_sets(dataset: Dataset, features: Features, language: str, words: Sequence[str]) -> ImageSets:
    """The image sets of some words, over only the pictures they use; pictures without features are left out."""
    owned = dataset.members(language)
    members = [[features.row[key] for key in owned.get(word, ()) if key in features.row] for word in words]
    sizes = [len(rows) for rows in members]
    used, place = np.unique(np.fromiter((row for rows in members for row in rows), np.int64), return_inverse=True)
    # In the order of their ids, so that nothing depends on how the pictures came to be spread over shards.
    ids = [features.ids[row] for row in used]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    position = np.empty(len(ids), np.int64)
    position[order] = np.arange(len(ids))
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    rows = used[order]
    return ImageSets(
        words,
        features.matrix.take(rows),
        position[place],
        offsets,
        [ids[row] for row in order],
        digests=lambda: features.digests[rows],
        finite=None,
    )
