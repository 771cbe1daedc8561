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
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import remote, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import BYTES, PictureIds, Raw, as_strings, raw, texts
from cldi_core.data.members import Members
from cldi_core.data.remote_blocks import Opened
from cldi_core.data.tensor_files import place_of
from cldi_core.errors import DatasetError, FeatureError, unknown_name
from cldi_core.scoring.feature_rows import DIGEST_BYTES, FeatureRows, row_digests
from cldi_core.scoring.imagesets import ImageSets

NEEDED = ("ids", "digests")  # what is read of every file when features are opened
SIDE = 8  # files that are fetched at once


@dataclass(frozen=True)
class Features:
    """The features of one backbone.

    Attributes:
        ids: one id per row; ``ids.find`` gives the rows of many ids at once.
        matrix: float16 (n, dim), mapped: what is read of it is copied from the files.
        meta: what the files say of the backbone, weights and preprocessing.
        digest: changes with any feature.
    """

    ids: PictureIds
    matrix: FeatureRows
    meta: dict[str, str]
    digest: str
    shards: tuple[Shard, ...]

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
    """One file: its pictures' ids, uint8 (n, 16), float16 (n, dim), its metadata, and its rows' digests if it has any.

    ``elsewhere`` fetches rows of a file that is not whole here.
    """

    ids: Raw
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
    ids = PictureIds(np.concatenate([raw([]), *(shard.ids for shard in shards)]))
    digest = storage.digest(sorted(shard.meta.get("digest", "") for shard in shards))
    fetch = (lambda number, rows: shards[number].fetch(rows)) if any(shard.elsewhere for shard in shards) else None
    matrix = FeatureRows([shard.matrix for shard in shards], fetch)
    return Features(ids, matrix, shards[-1].meta if shards else {}, digest, tuple(shards))


def _check_alike(name: str, matrix: NDArray[np.floating], first: NDArray[np.floating], backbone: str) -> None:
    again = f"extract {backbone} again with --force"
    if matrix.shape[1] != first.shape[1]:
        raise FeatureError(f"{name!r} has {matrix.shape[1]} dimensions, the shards before it {first.shape[1]}; {again}")
    if matrix.dtype != first.dtype:
        raise FeatureError(f"{name!r} has features in {matrix.dtype}, the shards before it {first.dtype}; {again}")


def read_shard(path: Path) -> tuple[list[str], NDArray[np.floating], dict[str, str]]:
    """Ids, features (mapped, read-only) and metadata of one file."""
    shard = _map(path)
    return texts(shard.ids), shard.matrix, shard.meta


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
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or not _one_each(ids, matrix, BYTES):
        raise DatasetError(
            f"the features {path.name!r} have {ids.shape} ids for {matrix.shape} rows; extract them again"
        )
    if digests is not None and not _one_each(digests, matrix, DIGEST_BYTES):
        raise DatasetError(
            f"the features {path.name!r} have {digests.shape} digests for {matrix.shape} rows; extract them again"
        )
    start, _ = place_of(matrix)
    known = None if digests is None else np.asarray(digests)
    return Shard(np.asarray(ids), np.asarray(matrix), meta, known, elsewhere, start)


def _one_each(table: NDArray[Any], matrix: NDArray[Any], width: int) -> bool:
    return table.dtype == np.uint8 and table.shape == (len(matrix), width)


def write_shard(path: Path, ids: Sequence[str], matrix: NDArray[np.floating], meta: dict[str, str]) -> None:
    """Store the features of one shard as float16, with a digest of each row, atomically."""
    half = np.ascontiguousarray(matrix, np.float16)
    known = {**meta, "digest": storage.digest(list(ids), half.tobytes())}
    storage.save_tensors(path, {"ids": raw(ids), "features": half, "digests": row_digests(half)}, known)


def damage(path: Path) -> str:
    """What of a shard is not what was written, by the digests it holds; empty where nothing is.

    Raises:
        DatasetError: the file cannot be read.
    """
    shard = _map(path)
    if shard.digests is not None:
        wrong = np.flatnonzero((row_digests(shard.matrix) != shard.digests).any(axis=1))
        if len(wrong):
            (first,) = texts(shard.ids[wrong[:1]])
            return f"{len(wrong)} rows are not what was written, such as that of picture {first}"
    known = shard.meta.get("digest")
    fits = known is None or known == storage.digest(texts(shard.ids), np.ascontiguousarray(shard.matrix).tobytes())
    return "" if fits else "it is not what was written: its digest does not fit"


def rows_of(features: Features, members: Members, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the pictures of some words, word after word: int64 (n,), and how many each has: int64 (n_words,).

    Pictures without features are left out, as are words without pictures.
    """
    owned = [members.rows_of(word) if word in members else raw([]) for word in words]
    rows = features.ids.find_rows(np.concatenate([raw([]), *owned]))
    owner = np.repeat(np.arange(len(words)), [len(own) for own in owned])
    return rows[rows >= 0], np.bincount(owner[rows >= 0], minlength=len(words))


def seen(features: Features, members: Members, words: Sequence[str]) -> list[str]:
    """Those of some words of which any picture has features."""
    _, sizes = rows_of(features, members, words)
    return [word for word, size in zip(words, sizes.tolist(), strict=True) if size]


def image_sets(dataset: Dataset, features: Features, language: str, words: Sequence[str]) -> ImageSets:
    """The image sets of some words, over only the pictures they use; pictures without features are left out."""
    members, sizes = rows_of(features, dataset.members(language), words)
    used, place = np.unique(members, return_inverse=True)
    # In the order of their ids, so that nothing depends on how the pictures came to be spread over shards.
    order = np.argsort(as_strings(features.ids.rows[used]), kind="stable")
    position = np.empty(len(used), np.int64)
    position[order] = np.arange(len(used))
    rows = used[order]
    return ImageSets(
        words,
        features.matrix.take(rows),
        position[place],
        np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        PictureIds(features.ids.rows[rows]),
        digests=lambda: features.digests[rows],
        finite=None,
    )
