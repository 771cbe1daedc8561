"""Extraction: from picture shards to feature shards, resumable shard by shard.

Worker processes decode, the network runs on all cores (or the graphics card) meanwhile, and every finished shard is
written at once, so an extraction that ends in whatever way loses the shards under way and nothing else.  The same
pictures go through the network in the same batches whether it was interrupted or not.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import disk, remote, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.recording import now_iso
from cldi_core.errors import DatasetError, FeatureError
from cldi_core.features import background, provenance, shards
from cldi_core.features.backbones import find_backbone
from cldi_core.features.decoding import Batch, Batches, Decoded, Decoders
from cldi_core.features.networks import Extractor, check_precision
from cldi_core.scoring.hardware import check_device, processors
from cldi_core.scoring.parallel import Each, side_by_side

BATCH = {"cpu": 16, "cuda": 256}  # pictures that are decoded together, and handed to the network
STREAMS = 2  # batches at once on a graphics card: one is copied while the other is computed
Report = Callable[[int, int, int], object]  # pictures done (kept ones too), pictures in all, failed ones


@dataclass
class Extraction:
    """What an extraction did: counts of pictures, the failed ones with their reasons, and how long it took."""

    pictures: int = 0
    extracted: int = 0
    reused: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Pictures that nothing is left to do with."""
        return self.extracted + self.reused + len(self.failed)


@dataclass(frozen=True)
class ExtractedShard:
    """The features of one picture shard: ids, float32 (n, dim), and of the failed ones id, file name and reason."""

    path: Path
    ids: list[str]
    matrix: NDArray[np.float32]
    failed: list[dict[str, str]]


def extract(
    dataset: Dataset,
    backbone: str,
    device: str = "cpu",
    *,
    weights: Path | None = None,
    precision: str = "auto",
    workers: int | None = None,
    force: bool = False,
    report: Report | None = None,
) -> Extraction:
    """Extract the features of all pictures; finished shards of the same weights and arithmetic are kept.

    Args:
        dataset: features are written beside its pictures.
        backbone: a name in ``BACKBONES``, or ``timm:NAME``.
        weights, precision: as in ``Extractor``.
        workers: processes that decode; without it as many as there are cores.  With 0, this process decodes.
        force: extract again what is there already.

    Raises:
        UnknownNameError: unknown backbone, device or precision; DatasetError: there are no pictures, a shard is
        broken, the disk is full or read-only (where something is left to do), or another process extracts the same.
        A picture that cannot be read stops nothing: it is listed in ``failed``.
    """
    find_backbone(backbone)
    check_device(device)
    check_precision(precision)
    started = time.monotonic()
    batches = shards_of(dataset, device)
    folder = shards.folder_of(dataset, backbone)
    done = Extraction(len(dataset.pictures.ids))
    with background.recorded(dataset, backbone, device, f"extract --backbone {backbone}") as job:

        def told(under_way: int, failed: int) -> None:
            numbers = done.done + under_way, len(done.failed) + failed
            job.tell(done.pictures, numbers[0], failed=numbers[1])
            if report is not None:
                report(numbers[0], done.pictures, numbers[1])

        extractor = Extractor(backbone, device, weights=weights, precision=precision)
        left = left_of(
            batches,
            lambda shard, some: None if force else finished(feature_file(folder, shard), some, extractor),
            done,
        )
        check_writable(folder, left)
        told(0, 0)
        for made in extracted(left, extractor, processors() if workers is None else workers, told):
            write(folder, made, extractor)
            done.extracted += len(made.ids)
            done.failed += made.failed
            told(0, 0)
        done.seconds = time.monotonic() - started
        job.finish(made=what_was_made(extractor, done) or job.job.made)
    return done


def shards_of(dataset: Dataset, device: str) -> dict[Path, Sequence[Batch]]:
    """The picture shards and the batches of each; a picture that stands in several shards is in the first only."""
    size = BATCH["cpu" if device == "cpu" else "cuda"]
    found = dataset.pictures
    if not found.ids:
        raise DatasetError(
            f"the data set {dataset.name!r} has no pictures; add some: {dataset.command('import-folder DIR')}"
        )
    batches = {path: Batches(found, number, size) for number, path in enumerate(found.index.shards)}
    return {path: some for path, some in batches.items() if some}


def feature_file(folder: Path, shard: Path) -> Path:
    """Where the features of a picture shard are kept."""
    return folder / f"{shard.stem}.safetensors"


def left_of(
    batches: dict[Path, Sequence[Batch]],
    kept: Callable[[Path, Sequence[Batch]], list[dict[str, str]] | None],
    done: Extraction,
) -> dict[Path, Sequence[Batch]]:
    """The shards that are to be made; the others are counted as done, ``kept`` with their failed pictures."""
    left = {}
    for shard, some in batches.items():
        failed = kept(shard, some)
        if failed is None:
            left[shard] = some
        else:
            done.reused += sum(len(batch.places) for batch in some) - len(failed)
            done.failed += failed
    return left


def check_writable(folder: Path, left: dict[Path, Sequence[Batch]]) -> None:
    """Raise a DatasetError where something is left to do, and nothing can be written."""
    if left and not storage.is_writable(folder):
        raise storage.cannot_write(folder, OSError(errno.EACCES, os.strerror(errno.EACCES)))


def finished(path: Path, batches: Sequence[Batch], extractor: Extractor) -> list[dict[str, str]] | None:
    """The failed pictures of a shard that is done, with the same weights and preprocessing; ``None`` if it is not."""
    if not path.is_file():
        return None
    try:
        ids, _, meta = shards.read_shard(path)
        failed = failures_kept(meta, extractor)
    except (DatasetError, ValueError):
        return None
    if failed is None:
        return None
    wanted = {key for batch in batches for _, _, key in batch.places}
    lost = {row["id"]: row for row in failed}
    return [lost[key] for key in sorted(wanted & lost.keys())] if wanted <= {*ids, *lost} else None


def failures_kept(meta: dict[str, str], extractor: Extractor) -> list[dict[str, str]] | None:
    """The failed pictures that a feature file names; ``None`` if it was made otherwise than this extractor would."""
    if provenance.identity(meta) != provenance.identity(extractor.describe()):
        return None
    found: list[dict[str, str]] = json.loads(meta.get("failed") or "[]")
    return found


def extracted(
    shards: dict[Path, Sequence[Batch]], extractor: Extractor, workers: int, told: Callable[[int, int], object]
) -> Iterator[ExtractedShard]:
    """The features of some shards, one shard after the other; ``told`` hears of a shard's pictures that are done."""
    with Decoders(extractor.preprocessing, workers) as decoders:
        yield from extracted_with(decoders, shards, extractor, told)


def extracted_with(
    decoders: Decoders, shards: dict[Path, Sequence[Batch]], extractor: Extractor, told: Callable[[int, int], object]
) -> Iterator[ExtractedShard]:
    """As ``extracted``, with decoders that are there already, and stay."""
    batches = (batch for shard, some in shards.items() for batch in _fetched(shard, some))
    with side_by_side(extractor.device, STREAMS) as each:
        computed = _computed(batches, extractor, decoders, each)
        for shard, some in shards.items():
            ids: list[str] = []
            rows = [np.zeros((0, extractor.dim), np.float32)]
            failed: list[dict[str, str]] = []
            for decoded, found in islice(computed, len(some)):
                usable = _is_finite(found)
                ids += [key for key, use in zip(decoded.ids, usable, strict=True) if use]
                rows.append(found[usable])
                failed += decoded.failed
                failed += [
                    {"id": key, "file": file, "reason": "its features are not finite"}
                    for key, file, use in zip(decoded.ids, decoded.files, usable, strict=True)
                    if not use
                ]
                told(len(ids) + len(failed), len(failed))
            yield ExtractedShard(shard, ids, np.concatenate(rows), failed)


def _fetched(shard: Path, batches: Sequence[Batch]) -> Sequence[Batch]:
    """The batches of a shard when all of it is here, in few large requests: each decoder would make small ones."""
    if elsewhere := remote.opened(shard):
        with elsewhere:
            elsewhere.fetch_all()
    return batches


def _computed(
    batches: Iterable[Batch], extractor: Extractor, decoders: Decoders, each: Each
) -> Iterator[tuple[Decoded, NDArray[np.float32]]]:
    import torch  # takes a second

    def compute(decoded: Decoded) -> tuple[Decoded, NDArray[np.float32]]:
        step, pixels = extractor.step, decoded.pixels
        while step:
            with suppress(torch.OutOfMemoryError):
                parts = [extractor.features(pixels[start : start + step]) for start in range(0, len(pixels), step)]
                return decoded, np.concatenate(parts) if parts else np.zeros((0, extractor.dim), np.float32)
            torch.cuda.empty_cache()  # out here, where the error holds nothing any more
            step //= 4
        raise FeatureError(
            f"the memory of {extractor.device!r} is too small for {extractor.backbone.name}, even for one picture at a "
            "time; use --device cpu"
        )

    yield from each(compute, decoders.map(batches))


def _is_finite(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows are finite in half precision, as they are stored: float32 (n, dim) → bool (n,)."""
    with np.errstate(over="ignore"):
        half = rows.astype(np.float16)
    return np.array(np.isfinite(half).all(axis=1), np.bool_)


def metadata(made: ExtractedShard, extractor: Extractor) -> dict[str, str]:
    """What is stored beside the features of a shard: what made them, what failed, and which pictures it is about."""
    ids = sorted([*made.ids, *(row["id"] for row in made.failed)])
    return {**extractor.describe(), "failed": json.dumps(made.failed), "pictures": storage.digest(ids)}


def write(folder: Path, made: ExtractedShard, extractor: Extractor) -> None:
    """Store the features of a shard, with what failed."""
    path = feature_file(folder, made.path)
    try:
        shards.write_shard(path, made.ids, made.matrix, metadata(made, extractor))
    except OSError as error:
        raise DatasetError(
            f"the features could not be written to {str(path)!r} ({disk.reason(error, folder)}); what was finished is "
            f"kept: {disk.step(error, folder)}"
        ) from error


def what_was_made(extractor: Extractor, done: Extraction) -> background.Made | None:
    """What the status file keeps of an extraction; ``None`` where nothing was left to do."""
    if not done.extracted:
        return None
    seconds = round(done.seconds, 1)
    return background.Made(
        now_iso(), seconds, done.extracted, extractor.device, extractor.arithmetic, extractor.weights
    )
