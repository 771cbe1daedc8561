"""The same extraction on a cluster, with Ray Data: every actor extracts whole shards and writes them itself.

An actor loads the network once and keeps it.  Shards are independent of each other, so an actor that dies costs the
shard it was at, which Ray gives to another one; and a run that ends goes on from what is written.  The picture shards
must be readable under the same path on every machine (a shared or mounted folder).
"""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from cldi_core import extract as local
from cldi_core import features, progress, store
from cldi_core.dataset import Dataset
from cldi_core.decoding import Batch
from cldi_core.errors import CldiError
from cldi_core.networks import Extractor

PACKAGE = Path(__file__).resolve().parent


class Output:
    """A folder of feature shards: a local one, or a URL that fsspec knows (``s3://…``, ``gs://…``, ``file://…``)."""

    def __init__(self, place: str) -> None:
        import fsspec

        try:
            self.files, self.root = fsspec.core.url_to_fs(place.rstrip("/"))
        except (ImportError, ValueError) as error:
            raise CldiError(f"cannot write to {place!r} ({error}); give a folder, or a URL fsspec knows") from error

    def meta(self, name: str) -> dict[str, str] | None:
        """What the file of a shard says of itself, from its header alone; ``None``: there is none, or it is broken."""
        try:
            with self.files.open(f"{self.root}/{name}", "rb") as file:
                size = int.from_bytes(file.read(8), "little")
                found = json.loads(file.read(min(size, store.MAX_HEADER))).get("__metadata__")
        except (OSError, ValueError, AttributeError):
            return None
        return found if isinstance(found, dict) else None

    def finished(self, shard: Path, batches: list[Batch], extractor: Extractor) -> list[dict[str, str]] | None:
        """As ``extract.finished``, from the file's header alone."""
        meta = self.meta(f"{shard.stem}.safetensors")
        ids = sorted(key for batch in batches for _, _, key in batch.places)
        with suppress(ValueError):
            return local.failures(meta, extractor) if meta and meta.get("pictures") == store.digest(ids) else None
        return None

    def write(self, made: local.Shard, meta: dict[str, str]) -> None:
        """Store a shard whole or not at all."""
        name = f"{made.path.stem}.safetensors"
        self.files.makedirs(self.root, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            features.write_shard(path, made.ids, made.matrix, meta)
            # A hidden name first: on a file system a file can be seen before it is whole.
            hidden = f"{self.root}/.{name}.{os.getpid()}.{time.monotonic_ns()}.tmp"
            self.files.put_file(str(path), hidden)
            self.files.mv(hidden, f"{self.root}/{name}")


class ShardExtractor:
    """What an actor does: rows that name a shard and its batches in, rows with what became of it out."""

    def __init__(self, options: dict[str, Any], output: str, workers: int) -> None:
        self.extractor, self.output, self.workers = Extractor(**options), Output(output), workers

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Extract and write one shard."""
        shard = Path(row["shard"])
        batches = [
            Batch(shard, tuple((int(group), int(place), str(key)) for group, place, key in some))
            for some in json.loads(row["batches"])
        ]
        made = next(local.extracted({shard: batches}, self.extractor, self.workers, lambda done, failed: None))
        self.output.write(made, local.about(made, self.extractor))
        return {"shard": row["shard"], "extracted": len(made.ids), "failed": json.dumps(made.failed)}


def extract(
    dataset: Dataset,
    options: dict[str, Any],
    *,
    address: str | None = None,
    output: str | None = None,
    actors: int | None = None,
    cpus: int = 1,
    force: bool = False,
    report: local.Report | None = None,
) -> local.Extraction:
    """Extract the features of all pictures on a Ray cluster.

    Args:
        options: the arguments of ``Extractor``.
        address: of a running cluster; without it one is started on this machine, and ended.
        output: a folder or fsspec URL for the feature shards; beside the pictures without it.
        actors: how many at once; without it as many as the cluster has room for.
        cpus: processor cores of each actor.
        force: extract again what is there already.

    Raises:
        CldiError: Ray is missing or cannot be reached; otherwise as ``extract.extract``.
    """
    if not importlib.util.find_spec("ray"):
        raise CldiError("--engine ray needs Ray; run: pip install 'ray[data]'")
    started = time.monotonic()
    device = str(options.get("device", "cpu"))
    shards = local.shards_of(dataset, device)
    extractor = Extractor(**options)
    folder = dataset.home / "features" / extractor.backbone.name
    place = output or str(folder.resolve())
    target = Output(place)
    done = local.Extraction(sum(len(batch.places) for batches in shards.values() for batch in batches))
    with ExitStack() as stack:
        keep = None
        if output is None:
            stack.enter_context(store.lock(folder, f"extract --backbone {extractor.backbone.name} --engine ray"))
            keep = stack.enter_context(progress.kept(folder, done.pictures))
        left = {}
        for shard, batches in shards.items():
            kept = None if force else target.finished(shard, batches, extractor)
            if kept is None:
                left[shard] = batches
            else:
                done.reused += sum(len(batch.places) for batch in batches) - len(kept)
                done.failed += kept
        rows = [
            {"shard": str(shard.resolve()), "batches": json.dumps([batch.places for batch in batches])}
            for shard, batches in left.items()
        ]
        for row in _on_cluster(rows, options, place, address, actors, cpus) if rows else ():
            done.extracted += int(row["extracted"])
            done.failed += json.loads(row["failed"])
            for tell in filter(None, (keep and (lambda d, n, f: keep(d, f)), report)):
                tell(done.done, done.pictures, len(done.failed))
        done.seconds = time.monotonic() - started
        if output is None:
            local.record(folder, extractor, done)
    return done


def _on_cluster(
    rows: list[dict[str, Any]], options: dict[str, Any], place: str, address: str | None, actors: int | None, cpus: int
) -> Any:
    import ray
    import ray.data

    # On other machines the explorer need not be installed: its code travels with the job.
    environment = {"py_modules": [str(PACKAGE)]} if address else None
    try:
        ray.init(address=address or "local", runtime_env=environment, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CldiError(
            f"the Ray cluster at {address!r} cannot be used ({reason}); start one: ray start --head"
        ) from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        gpu = str(options.get("device", "cpu")).startswith("cuda")
        room = int(ray.cluster_resources().get("GPU" if gpu else "CPU", 1) // (1 if gpu else cpus))
        count = max(1, min(actors or room, len(rows)))
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=count, max_tasks_in_flight_per_actor=2)
        resources = {"num_gpus": 1} if gpu else {"num_cpus": cpus}
        data = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            ShardExtractor, fn_constructor_args=(options, place, cpus), compute=pool, **resources
        )
        yield from data.iter_rows()
    finally:
        ray.shutdown()
