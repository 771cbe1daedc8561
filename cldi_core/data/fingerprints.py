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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import pictures, storage
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import PictureError

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "fingerprints"
VERSION = 1  # of what is computed
BITS = 4  # of the hash that may differ
COLOURS = 6.0  # by which the colours may differ on the mean, of 255
NEIGHBOURS = 200  # of one picture that are named: what has more stands for nothing
FIELDS = 4  # places a side at which the colour is kept
COLUMNS = {"hash": "uint64", "colours": "str", "width": "int32", "height": "int32", "cut": "bool"}
UNKNOWN = (0, "00" * 3 * FIELDS**2, 0, 0, False)  # of a picture that cannot be decoded
_ROWS = 2048  # pictures that are compared with others at once
_DECODED = 64  # pixels a side that suffice; a JPEG is decoded no larger


@dataclass(frozen=True)
class Fingerprints:
    """What is known of the pictures of a data set that were looked at.

    Attributes:
        frame: by id: ``hash`` (uint64), ``colours`` (96 hex digits: red, green and blue at 4 × 4 places), ``width`` and
            ``height`` in pixels as people see it, 0 where it cannot be decoded, ``cut`` (whether the file lacks its
            last bytes).
        missing: how many pictures nobody has looked at.
    """

    frame: pd.DataFrame
    missing: int

    @cached_property
    def key(self) -> str:
        """Stands for the looks of all pictures."""
        frame = self.frame
        return storage.digest(VERSION, frame.index.tolist(), *(frame[name].tolist() for name in ("hash", "colours")))

    def alike(self) -> list[tuple[str, str]]:
        """The pairs of pictures that look the same and are not the same file: their ids, the smaller first.

        Their hashes differ by at most 4 of 64 bits, and their colours by less than 6 of 255 on the mean.  Pictures are
        sorted by their mean colour: only those can be alike whose means differ by less than 6 as well, so few pairs
        are looked at.  Of one picture at most 200 others are named.
        """
        usable = self.frame[self.frame["width"] > 0]
        if usable.empty:
            return []
        colours = np.frombuffer(bytes.fromhex("".join(usable["colours"])), np.uint8).reshape(len(usable), -1)
        means = colours.mean(axis=1)
        order = np.argsort(means, kind="stable")
        hashes, colours, means = usable["hash"].to_numpy(np.uint64)[order], colours[order], means[order]
        ids = usable.index.to_numpy()[order]
        pairs = ((ids[one], ids[other]) for one, other in _near(hashes, colours, means))
        return sorted((min(pair), max(pair)) for pair in pairs)


def _near(
    hashes: NDArray[np.uint64], colours: NDArray[np.uint8], means: NDArray[np.floating]
) -> Iterator[tuple[int, int]]:
    """The places of pictures that look the same, of pictures sorted by their mean colour; each pair once."""
    ends = np.searchsorted(means, means + COLOURS)
    for start in range(0, len(hashes), _ROWS):
        stop = min(start + _ROWS, len(hashes))
        for first in range(start, int(ends[stop - 1]), _ROWS):  # a square of the table of all pairs at a time
            block = slice(first, min(first + _ROWS, int(ends[stop - 1])))
            ones, others = np.nonzero(np.bitwise_count(hashes[start:stop, None] ^ hashes[None, block]) <= BITS)
            ones, others = ones + start, others + first
            later = others > ones
            ones, others = ones[later], others[later]
            for part in range(0, len(ones), _ROWS * 32):
                one, other = ones[part : part + _ROWS * 32], others[part : part + _ROWS * 32]
                apart = np.abs(colours[one].astype(np.int16) - colours[other]).mean(axis=1)
                yield from _few(one[apart < COLOURS], other[apart < COLOURS])


def _few(ones: NDArray[np.intp], others: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Pairs sorted by their first, of which each first keeps at most 200."""
    starts = np.searchsorted(ones, ones)
    kept = np.arange(len(ones)) - starts < NEIGHBOURS
    yield from zip(ones[kept].tolist(), others[kept].tolist(), strict=True)


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
    import io

    from PIL import ExifTags, Image

    with Image.open(io.BytesIO(data), formats=pictures.FORMATS) as image:
        width, height = image.size
        turned = 0
        with suppress(Exception):  # as many kinds as ways to break EXIF data
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


def stored(shards: Sequence[Path]) -> dict[Path, pd.DataFrame]:
    """The kept fingerprints of some picture shards; only those that are there and still stand."""
    found = {shard: storage.frame_of(_place(shard), _key(shard)) for shard in shards}
    return {shard: frame for shard, frame in found.items() if frame is not None}


def _place(shard: Path) -> Path:
    return shard.parent.parent / FOLDER / shard.name


def _key(shard: Path) -> str:
    """A shard is never changed: its name is the digest of what is in it; the size tells one that was."""
    return storage.digest(VERSION, shard.name, shard.stat().st_size)


def read(found: pictures.Pictures) -> Fingerprints:
    """What is kept; nothing is computed."""
    return _together(found, stored(found.shards))


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
    kept = stored(found.shards)
    table = found.table[["shard", "group", "row"]]
    missing = {shard: table[table["shard"] == shard.name] for shard in found.shards if shard not in kept}
    total, done = sum(map(len, missing.values())), 0
    with Workers(of_pictures, (os.cpu_count() or 1) if workers is None else workers) as pool:
        for shard, places in missing.items():
            rows: list[tuple[int, str, int, int, bool]] = []
            for part in pool.map(_files(shard, places)):
                rows += [UNKNOWN if isinstance(each, Ended) else each for each in part]
                if progress:
                    progress(done + len(rows), total)
            done += len(rows)
            kept[shard] = _keep(shard, places.index.tolist(), rows)
    return _together(found, kept)


def _files(shard: Path, places: pd.DataFrame) -> Iterator[list[bytes]]:
    """The pictures of a shard, a row group at a time."""
    for group in places["group"].unique().tolist():
        images = pictures.read_group(shard, group)
        rows = places.loc[places["group"] == group, "row"].tolist()
        yield [(images[row].as_py() or {}).get("bytes") or b"" for row in rows]


def _keep(shard: Path, ids: Sequence[str], rows: Sequence[tuple[int, str, int, int, bool]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=[*COLUMNS]).astype(COLUMNS)
    frame.insert(0, "id", ids)
    frame.attrs = {"key": _key(shard)}
    with suppress(OSError):  # it is somebody else's to write
        storage.write_frame(_place(shard), frame, compression="zstd")
    return frame


def _together(found: pictures.Pictures, frames: Mapping[Path, pd.DataFrame]) -> Fingerprints:
    import pandas as pd

    empty = pd.DataFrame(columns=["id", *COLUMNS]).astype(COLUMNS)
    frame = pd.concat([empty, *frames.values()], ignore_index=True)
    frame = frame.drop_duplicates("id").set_index("id").sort_index()
    frame = frame[frame.index.isin(found.table.index)]
    return Fingerprints(frame, len(found.table) - len(frame))
