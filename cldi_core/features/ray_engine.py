"""Extraction on a Ray cluster: every actor extracts whole shards and writes them itself.

An actor loads the network once and keeps it, and its decoders.  Shards are independent of each other, so an actor that
dies costs the shard it was at, which another one is given; and a run that ends goes on from what is written.
Pictures of a data set that has an address are read from there by every machine, into a cache of its own; of others the
shards must be readable under the same path on every machine (a shared or mounted folder).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cldi_core.data import remote
from cldi_core.data.dataset import Dataset
from cldi_core.data.recording import Recorder
from cldi_core.features import background, extraction, shards
from cldi_core.features.backbones import find_backbone
from cldi_core.features.decoding import Batch, Decoders
from cldi_core.features.networks import Extractor, arithmetic_of, check_precision
from cldi_core.features.ray_cluster import Pool, check_ray, joined
from cldi_core.features.ray_output import Output


class ShardExtractor:
    """What an actor does: rows that name a shard and its batches in, rows with what became of it out."""

    def __init__(self, backbone: str, options: dict[str, Any], place: str, workers: int) -> None:
        self.backbone, self.options, self.place, self.workers = backbone, options, place, workers
        self.ready: tuple[Extractor, Output, Decoders] | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Extract and write one shard."""
        if self.ready is None:
            extractor = Extractor(self.backbone, **self.options)
            self.ready = extractor, Output(self.place), Decoders(extractor.preprocessing, self.workers)
        extractor, output, decoders = self.ready
        shard = remote.path_of(row["shard"])
        batches = [Batch(shard, tuple((group, at, key) for group, at, key in some)) for some in json.loads(row["todo"])]
        made = next(extraction.extracted_with(decoders, {shard: batches}, extractor, lambda done, failed: None))
        output.write(made, extractor)
        return {"shard": shard.name, "extracted": len(made.ids), "failed": json.dumps(made.failed)}


def extract(
    dataset: Dataset,
    backbone: str,
    device: str = "cpu",
    *,
    weights: Path | None = None,
    precision: str = "auto",
    address: str | None = None,
    output: str | None = None,
    actors: int | None = None,
    cpus: int = 1,
    force: bool = False,
    report: extraction.Report | None = None,
) -> extraction.Extraction:
    """Extract the features of all pictures on a Ray cluster.

    Args:
        backbone, device, weights, precision, force: as in ``extraction.extract``.
        address: of a running cluster; without it one is started on this machine, and ended.
        output: a folder or fsspec URL for the feature shards; beside the pictures without it.
        actors: how many at once; without it as many as the cluster has room for.
        cpus: processor cores of each actor, and its processes that decode.

    Raises:
        CldiError: Ray is missing or cannot be reached; otherwise as ``extraction.extract``.
    """
    started = time.monotonic()
    find_backbone(backbone)
    check_precision(precision)
    check_ray(device, address)
    file = weights.resolve() if weights else None
    batches = extraction.shards_of(dataset, device)
    folder = shards.folder_of(dataset, backbone)
    target = Output(output or remote.url_of(folder) or str(folder))
    done = extraction.Extraction(len(dataset.pictures.ids))
    with ExitStack() as stack:
        job = None
        if output is None:
            what = f"extract --backbone {backbone} --engine ray"
            job = stack.enter_context(background.recorded(dataset, backbone, device, what))
        # Decided here and for all: actors on different processors would decide differently.
        arithmetic = arithmetic_of(find_backbone(backbone), device, precision)
        extractor = Extractor(backbone, "cpu", weights=file, arithmetic=arithmetic)  # only to know what it would make
        todo = extraction.left_of(
            batches, lambda shard, some: None if force else target.finished(shard, some, extractor), done
        )
        if output is None:
            extraction.check_writable(folder, todo)
        _tell(done, job, report)
        if todo:
            options = {"device": device, "weights": file, "arithmetic": arithmetic}
            stack.enter_context(joined(address))
            made = _made(todo, ShardExtractor, (backbone, options, target.place, cpus), device, actors, cpus)
            _count(made, todo, done, lambda: _tell(done, job, report))
            extractor.device = device
            remote.synced(dataset.home)  # the actors' files are at the address
        done.seconds = time.monotonic() - started
        if job is not None:
            job.finish(made=extraction.what_was_made(extractor, done) or job.job.made)
    return done


def _count(
    made: Iterator[dict[str, Any]],
    todo: dict[Path, Sequence[Batch]],
    done: extraction.Extraction,
    tell: Callable[[], None],
) -> None:
    """Count what the actors answer; the failed ones in the order of the shards, whichever was done first."""
    before, failed = list(done.failed), {}
    for row in made:
        failed[row["shard"]] = json.loads(row["failed"])
        done.extracted += int(row["extracted"])
        done.failed += failed[row["shard"]]
        tell()
    done.failed = before + [lost for shard in todo for lost in failed[shard.name]]


def _tell(
    done: extraction.Extraction, job: Recorder[background.ExtractionJob] | None, report: extraction.Report | None
) -> None:
    if job is not None:
        job.tell(done.pictures, done.done, failed=len(done.failed))
    if report is not None:
        report(done.done, done.pictures, len(done.failed))


def rows_of(todo: dict[Path, Sequence[Batch]]) -> list[dict[str, Any]]:
    """What actors are given, one row for each shard: of a data set at an address no path of this machine."""
    return [
        {"shard": remote.place_of(shard), "todo": json.dumps([batch.places for batch in batches])}
        for shard, batches in todo.items()
    ]


def _made(
    todo: dict[Path, Sequence[Batch]], actor: type, given: tuple[Any, ...], device: str, actors: int | None, cpus: int
) -> Iterator[dict[str, Any]]:
    """What the actors answer, in the order in which they are done."""
    rows = rows_of(todo)
    most = min(actors or len(rows), len(rows))
    with Pool(actor, given, "the extraction", device=device, cpus=cpus, actors=most) as pool:
        for _, answer in pool.done(rows):
            yield answer
