"""Extraction on a Ray cluster, with Ray Data: every actor extracts whole shards and writes them itself.

An actor loads the network once and keeps it, and its decoders.  Shards are independent of each other, so an actor that
dies costs the shard it was at, which Ray gives to another one; and a run that ends goes on from what is written.  The
picture shards must be readable under the same path on every machine (a shared or mounted folder).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cldi_core.data.dataset import Dataset
from cldi_core.data.recording import Recorder
from cldi_core.errors import CldiError, in_one_line, unknown_name
from cldi_core.features import background, extraction, shards
from cldi_core.features.backbones import find_backbone
from cldi_core.features.decoding import Batch, Decoders
from cldi_core.features.networks import Extractor, arithmetic_of, check_precision
from cldi_core.features.ray_output import Output
from cldi_core.scoring.hardware import DEVICES, check_device, processors

PACKAGE = Path(__file__).resolve().parents[1]
TRIES = 4  # times that a shard may take its actor down before it is given up
WAIT = 10.0  # seconds until a cluster that does not answer is taken for none
# Nothing on the terminal that is not the user's, and nothing told to Ray's makers.
QUIET = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class ShardExtractor:
    """What an actor does: rows that name a shard and its batches in, rows with what became of it out."""

    def __init__(self, backbone: str, options: dict[str, Any], place: str, workers: int) -> None:
        self.backbone, self.options, self.place, self.workers = backbone, options, place, workers
        self.ready: tuple[Extractor, Output, Decoders] | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Extract and write one shard."""
        if self.ready is None:  # not in __init__: of an error there Ray only tells the text
            extractor = Extractor(self.backbone, **self.options)
            self.ready = extractor, Output(self.place), Decoders(extractor.preprocessing, self.workers)
        extractor, output, decoders = self.ready
        shard = Path(row["shard"])
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
    _check_ray(device, address)
    file = weights.resolve() if weights else None
    batches = extraction.shards_of(dataset, device)
    target = Output(output or str(shards.folder_of(dataset, backbone)))
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
            extraction.prepare_folder(shards.folder_of(dataset, backbone), todo)
        _tell(done, job, report)
        if todo:
            options = {"device": device, "weights": file, "arithmetic": arithmetic}
            stack.enter_context(_cluster(address))
            made = _made(todo, ShardExtractor, (backbone, options, target.place, cpus), device, actors, cpus)
            _count(made, todo, done, lambda: _tell(done, job, report))
            extractor.device = device
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


def _check_ray(device: str, address: str | None) -> None:
    """Refuse to run without Ray, and on a device that is unknown, or not there as far as this process can tell."""
    if not importlib.util.find_spec("ray"):
        raise CldiError("the engine 'ray' needs Ray; run: pip install 'ray[data]'")
    if address is None:
        check_device(device)
    elif device not in DEVICES:
        raise unknown_name("device", device, DEVICES)


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Join a cluster, or start one on this machine and end it."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = importlib.import_module("ray")
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if address is not None:
            _check_address(address)
            # On other machines the explorer need not be installed: its code travels with the job.
            common |= {"address": address, "runtime_env": {"py_modules": [str(PACKAGE)]}}
        else:
            common |= {"address": "local", "num_cpus": processors(), "include_dashboard": False}
        with _silent():
            ray.init(**common)
    except Exception as error:  # nobody there, not let in, no room, a Ray of another version: many kinds
        reason = in_one_line(error.__cause__ or error)
        where = "could not be started" if address is None else f"at {address!r} cannot be used"
        start = "" if address is None else "; start one: ray start --head"
        if "authentication" in reason.lower():
            start = "; if it wants a token that this machine has: export RAY_AUTH_MODE=token"
        raise CldiError(f"the Ray cluster {where} ({reason}){start}") from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what is written to standard error, also by libraries in C++: Ray's says that it was told to be quiet."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _check_address(address: str) -> None:
    """Raise OSError where nobody answers; Ray itself tries for minutes, and then ends the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), WAIT).close()


def _made(
    todo: dict[Path, Sequence[Batch]], actor: type, given: tuple[Any, ...], device: str, actors: int | None, cpus: int
) -> Iterator[dict[str, Any]]:
    """What the actors answer, in the order in which they are done."""
    ray, data = importlib.import_module("ray"), importlib.import_module("ray.data")
    context = data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.raise_original_map_exception = True
    kind, share = ("CPU", cpus) if device == "cpu" else ("GPU", 1)
    room = sum(int(node["Resources"].get(kind, 0) // share) for node in ray.nodes() if node["Alive"])
    if not room:
        raise CldiError(f"no machine of the Ray cluster has room for an actor; it needs {share} {kind}")
    rows = [
        {"shard": str(shard.resolve()), "todo": json.dumps([batch.places for batch in batches])}
        for shard, batches in todo.items()
    ]
    # One shard at a time for each actor: none waits behind another while an actor has nothing to do.
    pool = data.ActorPoolStrategy(size=min(actors or room, len(rows)), max_tasks_in_flight_per_actor=1)
    needs = {"num_cpus": cpus} if kind == "CPU" else {"num_gpus": 1}
    lasting = {"max_restarts": -1, "max_task_retries": TRIES - 1}
    given_out = data.from_items(rows, override_num_blocks=len(rows))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer ones want some of these elsewhere, where older ones have no place
            answers = given_out.map(actor, fn_constructor_args=given, compute=pool, **needs, **lasting)
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # set anew when it is imported
        yield from answers.iter_rows()
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, CldiError):
            raise type(cause)(str(cause).partition("\n")[0]) from error  # Ray adds lines of its own
        raise CldiError(
            f"the extraction on the Ray cluster failed ({in_one_line(cause or error)}); what was finished is kept: "
            "run this again"
        ) from error
