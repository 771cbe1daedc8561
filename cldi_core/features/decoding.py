"""From encoded pictures to what a network is fed, in worker processes: decoded, resized, cropped; uint8.

A picture that takes its decoder down or holds it for ever, as a hostile file may, ends a worker process and nothing
else: it is listed as one that failed.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import picture_shards, pictures
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import PictureError
from cldi_core.features.backbones import Preprocessing

Place = tuple[Path, int, int]  # the shard of a picture, the row group in it, and the row in that


@dataclass(frozen=True)
class Batch:
    """Pictures of one shard that are decoded together.

    Attributes:
        shard: the file that holds them.
        places: the row group, the row in it and the id of each.
    """

    shard: Path
    places: tuple[tuple[int, int, str], ...]


class Batches(Sequence[Batch]):
    """The pictures of one shard in batches, each made when it is asked for: 35 million places are 7 GB.

    Args:
        found: the data set's pictures; number: of the shard; size: pictures of a batch.
    """

    def __init__(self, found: pictures.Pictures, number: int, size: int) -> None:
        self._found, self._shard, self._size = found, found.index.shards[number], size
        span = found.index.span(number)
        self._numbers = range(span.start, span.stop)

    def __len__(self) -> int:
        return math.ceil(len(self._numbers) / self._size)

    @overload
    def __getitem__(self, place: int) -> Batch: ...
    @overload
    def __getitem__(self, place: slice) -> list[Batch]: ...
    def __getitem__(self, place: int | slice) -> Batch | list[Batch]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        start = range(len(self))[place] * self._size
        numbers = self._numbers[start : start + self._size]
        places = self._found.index.places(np.array(numbers))
        keys = self._found.ids[numbers.start : numbers.stop]
        return Batch(self._shard, tuple(zip(places.group.tolist(), places.row.tolist(), keys, strict=True)))


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


@dataclass(frozen=True)
class Pixels:
    """What became of one picture.

    Attributes:
        file: its name when it was imported.
        rows: uint8 (size, size, 3); ``None`` where it could not be decoded.
        failed: why not.
    """

    file: str
    rows: NDArray[np.uint8] | None
    failed: str = ""


def decode_places(places: Sequence[Place], how: Preprocessing) -> Iterator[Pixels]:
    """Read and prepare pictures, one after the other; the row group of one is in memory, so best in their order."""
    for (shard, group), those in itertools.groupby(places, key=itemgetter(0, 1)):
        yield from _decode_group(shard, group, [row for _, _, row in those], how)
    picture_shards.forget()


def _decode_group(shard: Path, group: int, rows: Sequence[int], how: Preprocessing) -> Iterator[Pixels]:
    """Those of a row group, which is let go of at their end: before the next one is read."""
    column = picture_shards.read_group(shard, group)
    for row in rows:
        file = column[row].as_py()
        name = str(file["path"])
        try:
            yield Pixels(name, prepare(file["bytes"], how))
        except PictureError as error:
            yield Pixels(name, None, str(error))


def decode_batch(batch: Batch, how: Preprocessing) -> Decoded:
    """Read and prepare the pictures of a batch in this process."""
    return _decoded(batch, [*decode_places(_places(batch), how)], how)


def _places(batch: Batch) -> list[Place]:
    return [(batch.shard, group, row) for group, row, _ in batch.places]


def _decoded(batch: Batch, results: Sequence[Pixels | Ended], how: Preprocessing) -> Decoded:
    ids, files, pixels, failed = [], [], [], []
    for (_, _, key), result in zip(batch.places, results, strict=True):
        if isinstance(result, Ended):
            failed.append({"id": key, "file": key, "reason": f"decoding {result.reason}"})
        elif result.rows is None:
            failed.append({"id": key, "file": result.file, "reason": result.failed})
        else:
            ids.append(key)
            files.append(result.file)
            pixels.append(result.rows)
    stacked = np.stack(pixels) if pixels else np.zeros((0, how.size, how.size, 3), np.uint8)
    return Decoded(batch, tuple(ids), tuple(files), stacked, tuple(failed))


class Decoders:
    """Worker processes that decode, or with 0 of them this process; to be used in a ``with``."""

    def __init__(self, how: Preprocessing, workers: int) -> None:
        self.how = how
        self.workers: Workers[Place, Pixels] = Workers(partial(decode_places, how=how), workers)

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *error: object) -> None:
        self.workers.close()

    def map(self, batches: Iterable[Batch]) -> Iterator[Decoded]:
        """The batches decoded, in their order; a few are decoded ahead."""
        ahead: deque[Batch] = deque()

        def places() -> Iterator[list[Place]]:
            for batch in batches:
                ahead.append(batch)
                yield _places(batch)

        for results in self.workers.map(places()):
            yield _decoded(ahead.popleft(), results, self.how)
