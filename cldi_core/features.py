"""Features on disk, and image sets made of them.

``features/<backbone>/<shard>.safetensors`` holds one row per picture of the picture shard of the same name: ``ids``,
uint8 (n, 16), the pictures' ids; ``features``, float16 (n, dim).  The metadata names the backbone, its layer, the hash
of its weights and the preprocessing.  Features are kept by shard, not by language, because one picture may belong to
words of many languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core import store
from cldi_core.dataset import Dataset
from cldi_core.errors import DatasetError, FeatureError, unknown
from cldi_core.imagesets import ImageSets

ID_BYTES = 16


@dataclass(frozen=True)
class Features:
    """The features of one backbone.

    Attributes:
        ids: one id per row.
        matrix: float16 (n, dim).
        meta: what the files say of the backbone, weights and preprocessing.
        digest: changes with any feature.
    """

    ids: tuple[str, ...]
    matrix: NDArray[np.floating]
    meta: dict[str, str]
    digest: str
    row: dict[str, int] = field(repr=False)


def folder(dataset: Dataset, backbone: str) -> Path:
    """Where a backbone's features are kept; the backbone must be one that is there."""
    if backbone not in dataset.backbones:
        hint = f"Extract them: python -m cldi_core extract --dataset {dataset.name} --backbone {backbone}"
        raise unknown("backbone (no features of it)", backbone, dataset.backbones, hint)
    return dataset.home / "features" / backbone


def load(dataset: Dataset, backbone: str) -> Features:
    """Read all features of a backbone.

    Raises:
        UnknownNameError: there are none; DatasetError: a file is broken; FeatureError: files of different dimensions.
    """
    ids: list[str] = []
    digests: list[str] = []
    parts: list[NDArray[np.floating]] = []
    meta: dict[str, str] = {}
    for path in sorted(folder(dataset, backbone).glob("*.safetensors")):
        keys, matrix, meta = read_shard(path)
        if parts and matrix.shape[1] != parts[0].shape[1]:
            raise FeatureError(
                f"{path.name!r} has {matrix.shape[1]} dimensions, the shards before it {parts[0].shape[1]}; "
                f"extract {backbone} again with --force"
            )
        ids += keys
        parts.append(matrix)
        digests.append(meta.get("digest", ""))
    matrix = parts[0] if len(parts) == 1 else np.concatenate(parts)
    matrix.setflags(write=False)
    return Features(tuple(ids), matrix, meta, store.digest(sorted(digests)), {key: row for row, key in enumerate(ids)})


def read_shard(path: Path) -> tuple[list[str], NDArray[np.floating], dict[str, str]]:
    """Ids, features and metadata of one file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            meta = dict(file.metadata() or {})
            ids, matrix = file.get_tensor("ids"), file.get_tensor("features")
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"the features {path.name!r} cannot be read ({error}); extract them again") from error
    if ids.ndim != 2 or matrix.ndim != 2 or len(ids) != len(matrix):
        raise DatasetError(
            f"the features {path.name!r} have {ids.shape} ids for {matrix.shape} rows; extract them again"
        )
    return [row.tobytes().hex() for row in ids], matrix, meta


def write_shard(path: Path, ids: Sequence[str], matrix: NDArray[np.floating], meta: dict[str, str]) -> None:
    """Store the features of one shard as float16, atomically."""
    from safetensors.numpy import save_file

    rows = np.frombuffer(b"".join(bytes.fromhex(key) for key in ids), np.uint8).reshape(len(ids), ID_BYTES)
    half = np.ascontiguousarray(matrix, np.float16)
    known = {**meta, "digest": store.digest(list(ids), half.tobytes())}
    store.write(path, lambda file: save_file({"ids": rows.copy(), "features": half}, file, metadata=known))


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
    return ImageSets(words, features.matrix[used[order]], position[place], offsets, [ids[row] for row in order])
