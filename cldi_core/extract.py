"""Extraction: from picture shards to feature shards, resumable shard by shard."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core import features, store
from cldi_core.backbones import BACKBONES, Extractor
from cldi_core.dataset import Dataset
from cldi_core.errors import DatasetError, PictureError, unknown

BATCH = 4  # pictures at a time: small batches stay in the processor's cache, 4 × faster here than 32
Progress = Callable[[int, int], object]  # pictures done, pictures in all


@dataclass
class Extraction:
    """What an extraction did: counts of pictures, the failed ones with their reasons, and how long it took."""

    pictures: int = 0
    extracted: int = 0
    reused: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


def extract(
    dataset: Dataset, backbone: str, device: str = "cpu", *, force: bool = False, progress: Progress | None = None
) -> Extraction:
    """Extract the features of all pictures, shard by shard; finished shards of the same weights are kept.

    Args:
        dataset: features are written beside its pictures.
        backbone: a name in ``BACKBONES``.
        force: extract again what is there already.

    Raises:
        UnknownNameError: unknown backbone or device; DatasetError: there are no pictures, or a shard is broken.
        A picture that cannot be read stops nothing: it is listed in ``failed``.
    """
    if backbone not in BACKBONES:
        raise unknown("backbone", backbone, BACKBONES)
    started = time.monotonic()
    table = dataset.pictures.table
    if not len(table):
        raise DatasetError(
            f"the data set {dataset.name!r} has no pictures; "
            f"add some: python -m cldi_core import-folder DIR --dataset {dataset.name}"
        )
    extractor = Extractor(backbone, device)
    about = {**extractor.backbone.describe(), "device": device, "processor": platform.machine()}
    done = Extraction(pictures=len(table))
    folder = dataset.home / "features" / backbone
    with store.lock(folder):
        for shard in dict.fromkeys(table["shard"]):
            path = folder / f"{shard.removesuffix('.parquet')}.safetensors"
            ids = table.index[table["shard"] == shard].tolist()
            kept = _kept(path, about) if path.is_file() and not force else None
            before = done.reused + done.extracted + len(done.failed)
            if kept is not None and set(ids) <= kept.keys():
                lost = [row for key in ids if (row := kept[key]) is not None]
                done.reused += len(ids) - len(lost)
                done.failed += lost
            else:
                good, failed = _extract_shard(dataset, extractor, ids, _report(progress, before, len(table)))
                features.write_shard(path, *good, {**about, "failed": json.dumps(failed)})
                done.extracted += len(good[0])
                done.failed += failed
            if progress:
                progress(done.reused + done.extracted + len(done.failed), len(table))
    done.seconds = time.monotonic() - started
    return done


def _report(progress: Progress | None, before: int, total: int) -> Callable[[int], object]:
    return lambda finished: progress and progress(before + finished, total)


def _kept(path: Path, about: dict[str, str]) -> dict[str, dict[str, str] | None] | None:
    """The ids in a finished shard made with the same weights and preprocessing: id → why it failed, if it did."""
    try:
        ids, _, meta = features.read_shard(path)
        failed = json.loads(meta.get("failed") or "[]")
    except (DatasetError, ValueError):
        return None
    same = all(meta.get(name) == about[name] for name in ("weights", "preprocessing", "layer"))
    return {**dict.fromkeys(ids), **{row["id"]: row for row in failed}} if same else None


def _extract_shard(
    dataset: Dataset, extractor: Extractor, ids: Sequence[str], report: Callable[[int], object]
) -> tuple[tuple[list[str], NDArray[np.float32]], list[dict[str, str]]]:
    """The ids that worked with their features, float32 (n, dim); and the failed ones with file name and reason."""
    good: list[str] = []
    rows: list[NDArray[np.float32]] = [np.zeros((0, extractor.backbone.dim), np.float32)]
    failed: list[dict[str, str]] = []
    for keys in _batches(ids):
        files = dataset.pictures.read(keys)
        prepared = []
        for key in keys:
            try:
                prepared.append((key, extractor.prepare(files[key])))
            except PictureError as error:
                failed.append({"id": key, "file": dataset.pictures.path_of(key), "reason": str(error)})
        if prepared:
            rows.append(extractor.features([array for _, array in prepared]))
            good += [key for key, _ in prepared]
        report(len(good) + len(failed))
    return (good, np.concatenate(rows)), failed


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    iterator = iter(ids)
    while batch := list(islice(iterator, BATCH)):
        yield batch
