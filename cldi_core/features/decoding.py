"""From encoded pictures to what a network is fed, in worker processes: decoded, resized, cropped; uint8.

A picture that takes its decoder down, as a hostile file may, ends a worker process and nothing else: it is listed as
one that failed.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import pictures
from cldi_core.errors import PictureError
from cldi_core.features.backbones import Preprocessing

AHEAD = 3  # batches for each worker that are decoded before they are asked for


@dataclass(frozen=True)
class Batch:
    """Pictures of one shard that are decoded together.

    Attributes:
        shard: the file that holds them.
        places: the row group, the row in it and the id of each.
    """

    shard: Path
    places: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Decoded:
    """A batch when it is decoded.

    Attributes:
        batch: which.
        ids, files: of the pictures that could be decoded; their names when they were imported.
        pixels: uint8 (len(ids), size, size, 3).
        failed: of the others ``id``, ``file`` (its name when it was imported) and ``reason``.
    """

    batch: Batch
    ids: tuple[str, ...]
    files: tuple[str, ...]
    pixels: NDArray[np.uint8]
    failed: tuple[dict[str, str], ...]


def prepare(data: bytes, how: Preprocessing) -> NDArray[np.uint8]:
    """Decode, resize and crop one picture: uint8 (size, size, 3).  Raises PictureError."""
    from PIL import Image

    image = pictures.decode(data, least=how.resized)
    width, height = image.size
    scale = how.resized / min(width, height)
    # A very long picture is cropped before it is enlarged: only its middle can be seen by the network.
    reach = math.ceil(how.size / scale) + 4
    left, top = max((width - reach) // 2, 0), max((height - reach) // 2, 0)
    image = image.crop((left, top, min(left + reach, width), min(top + reach, height)))
    width, height = image.size
    shape = max(round(width * scale), how.size), max(round(height * scale), how.size)
    image = image.resize(shape, Image.Resampling[how.filter.upper()])
    left, top = (image.size[0] - how.size) // 2, (image.size[1] - how.size) // 2
    return np.asarray(image.crop((left, top, left + how.size, top + how.size)), np.uint8)


def decode_batch(batch: Batch, how: Preprocessing) -> Decoded:
    """Read and prepare the pictures of a batch."""
    columns: dict[int, Any] = {}
    ids, files, pixels, failed = [], [], [], []
    for group, row, key in batch.places:
        if group not in columns:
            columns[group] = pictures.read_group(batch.shard, group)
        file = columns[group][row].as_py()
        try:
            pixels.append(prepare(file["bytes"], how))
            ids.append(key)
            files.append(str(file["path"]))
        except PictureError as error:
            failed.append({"id": key, "file": str(file["path"]), "reason": str(error)})
    stacked = np.stack(pixels) if pixels else np.zeros((0, how.size, how.size, 3), np.uint8)
    return Decoded(batch, tuple(ids), tuple(files), stacked, tuple(failed))


def _start() -> None:
    """Let a worker end with its parent, also where that was killed: nobody else would end it."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Decoders:
    """Worker processes that decode, or with 0 of them this process; to be used in a ``with``."""

    def __init__(self, how: Preprocessing, workers: int) -> None:
        self.how, self.workers = how, workers
        self._pool = self._new(max(1, workers))  # no process is started before there is work for it

    @staticmethod
    def _new(workers: int) -> ProcessPoolExecutor:
        # Not forked: the parent has threads of torch, whose locks a fork would copy as they are.
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start)

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, batches: Iterable[Batch]) -> Iterator[Decoded]:
        """The batches decoded, in their order; a few are decoded ahead."""
        if not self.workers:
            yield from (decode_batch(batch, self.how) for batch in batches)
            return
        waiting: deque[tuple[Batch, Future[Decoded]]] = deque()
        for batch in batches:
            waiting.append((batch, self._submit(batch)))
            if len(waiting) > AHEAD * self.workers:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _submit(self, batch: Batch) -> Future[Decoded]:
        try:
            return self._pool.submit(decode_batch, batch, self.how)
        except BrokenProcessPool as error:
            failed: Future[Decoded] = Future()
            failed.set_exception(error)
            return failed

    def _next(self, waiting: deque[tuple[Batch, Future[Decoded]]]) -> Decoded:
        batch, future = waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            # One of the batches under way took a worker down, and with it all that was under way.
            self._pool.shutdown(cancel_futures=True)
            self._pool = self._new(self.workers)
            again = [(other, self._submit(other)) for other, _ in waiting]
            waiting.clear()
            waiting.extend(again)
            return self._one_by_one(batch)

    def _one_by_one(self, batch: Batch) -> Decoded:
        """Each picture in a process that may end."""
        found, failed = [], []
        pool = self._new(1)
        for place in batch.places:
            single = Batch(batch.shard, (place,))
            try:
                found.append(pool.submit(decode_batch, single, self.how).result())
            except BrokenProcessPool:
                failed.append({"id": place[2], "file": place[2], "reason": "decoding it ended the process"})
                pool.shutdown()
                pool = self._new(1)
        pool.shutdown()
        ids, files = (tuple(text for one in found for text in getattr(one, name)) for name in ("ids", "files"))
        pixels = [np.zeros((0, self.how.size, self.how.size, 3), np.uint8), *(one.pixels for one in found)]
        failed += [row for one in found for row in one.failed]
        return Decoded(batch, ids, files, np.concatenate(pixels), tuple(failed))
