"""What pictures look like, in 64 bits and sixteen colours: enough to know a picture again that was saved anew.

``fingerprints/<shard>.parquet`` beside the pictures has a row for each picture of that shard.  It is made by ``check``
and only read by pages.

The hash is dHash (N. Krawetz, "Kind of Like That", 2013): of 9 × 8 grey values in a row, is each one brighter than its
left neighbour?  Measured on 300 drawings of the demo that were saved anew in nine ways (JPEG of quality 95 to 30, WebP,
half and twice the size), 97 to 100 % lie within 4 bits of what they were (81 % at a quarter of the size), of pHash by
a cosine transform 85 to 98 %: drawings are symmetric, and the coefficients that vanish are noise.  But also 457 of the
11 million pairs of drawings by different artists do, most of them of different things.  So the colours must fit too:
at 4 × 4 places they differ by at most 4.5 of 255 on the mean after any of the nine, and 19 of the 457 pairs by less
than 6, all of them plain shapes of one kind.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import picture_formats, picture_shards, pictures, storage
from cldi_core.data.ids import PictureIds, as_strings, first_rows, raw
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import PictureError

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "fingerprints"
VERSION = 1  # of what is computed
BITS = 4  # of the hash that may differ
COLOURS = 6.0  # by which the colours may differ on the mean, of 255
NEIGHBOURS = 200  # of one picture, after which it is compared with few more: what has so many stands for nothing
FIELDS = 4  # places a side at which the colour is kept
COLUMNS = {"hash": "uint64", "colours": "str", "width": "int32", "height": "int32", "cut": "bool"}
UNKNOWN = (0, "00" * 3 * FIELDS**2, 0, 0, False)  # of a picture that cannot be decoded
TOGETHER = 8_000_000  # bytes of pictures that are decoded together; of each worker some such are on their way
_ROWS = 2048  # pictures that are compared with others at once
_DECODED = 64  # pixels a side that suffice; a JPEG is decoded no larger


@dataclass(frozen=True)
class Fingerprints:
    """What is known of the pictures of a data set that were looked at: 90 bytes each.

    Attributes:
        ids: which, sorted.
        hashes: uint64 (n,); colours: uint8 (n, 48), red, green and blue at 4 × 4 places.
        sizes: int32 (n, 2), width and height in pixels as people see it, 0 where it cannot be decoded.
        cut: bool (n,), whether the file lacks its last bytes.
        missing: how many pictures nobody has looked at.
    """

    ids: PictureIds
    hashes: NDArray[np.uint64]
    colours: NDArray[np.uint8]
    sizes: NDArray[np.int32]
    cut: NDArray[np.bool_]
    missing: int

    @classmethod
    def of(cls, frames: Iterable[pd.DataFrame | None], there: PictureIds) -> Fingerprints:
        """Of what is kept of shards, with the pictures' ``id``; of pictures that are there, each once."""
        kinds = [(16, np.uint8), (0, np.uint64), (3 * FIELDS**2, np.uint8), (2, np.int32), (0, np.bool_)]
        parts: list[list[NDArray[Any]]] = [[np.zeros((0, wide) if wide else 0, kind)] for wide, kind in kinds]
        for frame in frames:
            if frame is not None:
                colours = np.frombuffer(bytes.fromhex("".join(frame["colours"])), np.uint8).reshape(len(frame), -1)
                sizes, hashes, cut = (frame[name].to_numpy() for name in (["width", "height"], "hash", "cut"))
                for part, column in zip(parts, (raw(frame["id"].tolist()), hashes, colours, sizes, cut), strict=True):
                    part.append(column)
        rows, hashes, colours, sizes, cut = (np.concatenate(part) for part in parts)
        del parts
        order = np.argsort(as_strings(rows), kind="stable")
        order = order[first_rows(rows[order]) & there.has_rows(rows[order])]
        own = PictureIds(rows[order])
        return cls(own, hashes[order], colours[order], sizes[order], cut[order], len(there) - len(own))

    @cached_property
    def key(self) -> str:
        """Stands for the looks of all pictures."""
        return storage.digest(VERSION, *(part.tobytes() for part in (self.ids.rows, self.hashes, self.colours)))

    def alike(self) -> list[tuple[str, str]]:
        """The pairs of pictures that look the same and are not the same file: their ids, the smaller first.

        Their hashes differ by at most 4 of 64 bits, and their colours by less than 6 of 255 on the mean.  Pictures are
        sorted by their mean colour: only those can be alike whose means differ by less than 6 as well, so few pairs
        are looked at.  A picture that is like 200 others already is compared with few more.
        """
        usable = np.flatnonzero(self.sizes[:, 0] > 0)
        means = np.concatenate(
            [self.colours[usable[start : start + _ROWS]].mean(axis=1) for start in range(0, max(len(usable), 1), _ROWS)]
        )
        order = np.argsort(means, kind="stable")
        places, means = usable[order], means[order]
        near = _near(self.hashes[places], self.colours[places], means)
        pairs = ((self.ids[int(places[one])], self.ids[int(places[other])]) for one, other in near)
        return sorted((min(pair), max(pair)) for pair in pairs)


def _near(
    hashes: NDArray[np.uint64], colours: NDArray[np.uint8], means: NDArray[np.floating]
) -> Iterator[tuple[int, int]]:
    """The places of pictures that look the same, of pictures sorted by their mean colour; each pair once."""
    ends = np.searchsorted(means, means + COLOURS)
    named = np.zeros(len(hashes), np.int64)
    for start in range(0, len(hashes), _ROWS):
        stop = min(start + _ROWS, len(hashes))
        for first in range(start, int(ends[stop - 1]), _ROWS):  # a square of the table of all pairs at a time
            block = hashes[first : min(first + _ROWS, int(ends[stop - 1]))]
            near = np.bitwise_count(hashes[start:stop, None] ^ block) <= BITS
            near &= (named[start:stop] < NEIGHBOURS)[:, None]
            ones, others = np.nonzero(near)
            ones, others = ones + start, others + first
            later = others > ones
            ones, others = ones[later], others[later]
            for part in range(0, len(ones), _ROWS):
                one, other = ones[part : part + _ROWS], others[part : part + _ROWS]
                alike = np.abs(colours[one].astype(np.int16) - colours[other]).mean(axis=1) < COLOURS
                named += np.bincount(one[alike], minlength=len(named))
                yield from zip(one[alike].tolist(), other[alike].tolist(), strict=True)


def of_picture(data: bytes) -> tuple[int, str, int, int, bool]:
    """Hash, colours, width, height and whether its last bytes are lacking, of one picture file.

    Raises:
        PictureError: it cannot be decoded.
    """
    from PIL import Image

    image = pictures.decode(data, least=_DECODED)
    width, height = size(data)
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    brighter = np.packbits(grey[:, 1:] > grey[:, :-1])
    colours = np.asarray(image.resize((FIELDS, FIELDS), Image.Resampling.BOX))
    return int.from_bytes(brighter.tobytes()), colours.tobytes().hex(), width, height, lacks_end(data)


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture that can be decoded, turned as its EXIF data say, without decoding it."""
    from PIL import ExifTags

    with picture_formats.opened(data) as image:
        width, height = image.size
        turned = 0
        with suppress(Exception), warnings.catch_warnings(action="ignore"):  # as many kinds as ways to break EXIF data
            turned = image.getexif().get(ExifTags.Base.Orientation, 1)
    return (height, width) if turned in (5, 6, 7, 8) else (width, height)


def lacks_end(data: bytes) -> bool:
    """Whether a JPEG has no end: no ``FF D9`` behind the header of its first scan.

    Within a scan ``FF`` is followed by ``00`` or a restart, so the marker cannot stand there by chance; one before it
    is that of a small picture in the EXIF data.
    """
    if data[:2] != b"\xff\xd8":
        return False
    place = 2
    while data[place : place + 1] == b"\xff":
        while data[place + 1 : place + 2] == b"\xff":  # filling
            place += 1
        if data[place + 1 : place + 2] == b"\xda":
            return data.find(b"\xff\xd9", place) < 0
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return True


def of_pictures(files: Sequence[bytes]) -> Iterator[tuple[int, str, int, int, bool]]:
    """``of_picture`` for many files; one that cannot be decoded has width and height 0."""
    for data in files:
        try:
            yield of_picture(data)
        except PictureError:  # reported by those who need the picture
            yield UNKNOWN


def stored(shard: Path) -> pd.DataFrame | None:
    """The kept fingerprints of a picture shard; ``None`` where there are none that still stand."""
    return storage.frame_of(_place(shard), _key(shard))


def _place(shard: Path) -> Path:
    return shard.parent.parent / FOLDER / shard.name


def _key(shard: Path) -> str:
    """A shard is never changed: its name is the digest of what is in it; the size tells one that was."""
    return storage.digest(VERSION, shard.name, shard.stat().st_size)


def read(found: pictures.Pictures) -> Fingerprints:
    """What is kept; nothing is computed."""
    return Fingerprints.of(map(stored, found.shards), found.ids)


def make(
    found: pictures.Pictures, *, progress: Callable[[int, int], object] | None = None, workers: int | None = None
) -> Fingerprints:
    """The fingerprints of all pictures: those that are kept, and what is missing computed and kept.

    Where nothing can be written they are computed all the same.

    Args:
        progress: told how many pictures of those that nobody had looked at are done, and of how many.
        workers: processes that decode; without it as many as there are cores, with 0 this process.

    Raises:
        DatasetError: a shard cannot be read.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    spans = {shard: found.index.span(number) for number, shard in enumerate(found.index.shards)}
    missing = {shard for shard, span in spans.items() if span.stop > span.start and stored(shard) is None}
    total, done = sum(spans[shard].stop - spans[shard].start for shard in missing), 0
    with Workers(of_pictures, count) as pool:

        def frames() -> Iterator[pd.DataFrame | None]:
            nonlocal done
            for shard, span in spans.items():
                if shard not in missing:
                    yield stored(shard)
                    continue
                rows: list[tuple[int, str, int, int, bool]] = []
                for part in pool.map(_files(found, shard, span)):
                    rows += [UNKNOWN if isinstance(each, Ended) else each for each in part]
                    if progress:
                        progress(done + len(rows), total)
                done += len(rows)
                yield _keep(shard, found.ids[span], rows)

        return Fingerprints.of(frames(), found.ids)


def _files(found: pictures.Pictures, shard: Path, span: slice) -> Iterator[list[bytes]]:
    """The pictures of a shard, some at a time: not many more bytes than ``TOGETHER``."""
    places = found.index.places(np.arange(span.start, span.stop))
    for group in dict.fromkeys(places.group.tolist()):
        yield from _of_group(shard, group, places.row[places.group == group].tolist())
    picture_shards.forget()


def _of_group(shard: Path, group: int, rows: Sequence[int]) -> Iterator[list[bytes]]:
    """Those of a row group, which is let go of at their end: before the next one is read."""
    images = picture_shards.read_group(shard, group)
    files: list[bytes] = []
    size = 0
    for row in rows:
        files.append((images[row].as_py() or {}).get("bytes") or b"")
        size += len(files[-1])
        if size > TOGETHER:
            yield files
            files, size = [], 0
    if files:
        yield files


def _keep(shard: Path, ids: Sequence[str], rows: Sequence[tuple[int, str, int, int, bool]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=[*COLUMNS]).astype(COLUMNS)
    frame.insert(0, "id", ids)
    frame.attrs = {"key": _key(shard)}
    with suppress(OSError):  # it is somebody else's to write
        storage.write_frame(_place(shard), frame, compression="zstd")
    return frame
