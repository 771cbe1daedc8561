"""The pictures of a data set, in Parquet shards in the Hugging Face image layout.

Each shard ``images/part-<digest>.parquet`` holds whole encoded files with where they come from.  A picture's id is the
SHA-256 of its bytes (first 32 hex digits), so the same file is stored once however many words it belongs to.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import picture_formats as formats
from cldi_core.data import picture_shards, storage
from cldi_core.data.file_names import FileNames
from cldi_core.data.ids import PictureIds
from cldi_core.data.ids import texts as id_texts
from cldi_core.data.picture_index import PictureIndex
from cldi_core.errors import PictureError

if TYPE_CHECKING:
    import pandas as pd

Made = TypeVar("Made")
SHARD = 1000
SPOOL = 32_000_000  # bytes of pictures that are held in memory on their way into a shard, and of a row group
SMALL = 20_000  # bytes up to which a WebP file is shown as it is
FAST = 2  # WebP at half the time of what is usual, for 3 % more bytes (photographs of 160 pixels)
META = ("source_url", "page", "provider", "licence", "author", "time", "concept", "title")
ABOUT = ("path", "width", "height", *META)


@dataclass(frozen=True)
class Picture:
    """One encoded picture with its provenance.

    ``concept`` names what it depicts where that is known (demo only), ``title`` what its page says of it.
    """

    data: bytes
    path: str
    width: int
    height: int
    source_url: str = ""
    page: str = ""
    provider: str = ""
    licence: str = ""
    author: str = ""
    time: str = ""
    concept: str = ""
    title: str = ""

    @property
    def id(self) -> str:
        """The content hash, 32 hex digits."""
        return picture_id(self.data)


def picture_id(data: bytes) -> str:
    """The id of a picture file: the first 32 hex digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def probe(data: bytes) -> tuple[int, int]:
    """Width and height, the right way up, of an encoded picture that can be decoded; PictureError as ``examine``."""
    examined = examine(data)
    return examined.width, examined.height


@dataclass(frozen=True, slots=True)
class Examined:
    """What decoding a picture whole told.

    Attributes:
        width, height: pixels, the right way up.
        lacks: how much of it is missing at its end, in a few words; empty where it is whole.
    """

    width: int
    height: int
    lacks: str = ""


def examine(data: bytes) -> Examined:
    """What is known of a picture when it has been decoded whole.

    Raises:
        PictureError: empty, not a picture, a format that is not accepted, too large, broken, or it lacks more than its
            last bytes.
    """
    image, lacks = formats.loaded(data)
    width, height = formats.upright(image).size
    return Examined(int(width), int(height), lacks)


def examine_all(files: Sequence[bytes]) -> Iterator[Examined | str]:
    """``examine`` for many files: of those that cannot be used, why."""
    return _each(examine, files)


def _each(make: Callable[[bytes], Made], files: Sequence[bytes]) -> Iterator[Made | str]:
    """What is made of each file; of those that cannot be used, why."""
    for data in files:
        try:
            yield make(data)
        except PictureError as error:
            yield str(error)


def decode(data: bytes, size: int | None = None, *, least: int | None = None) -> Any:
    """Decode to a PIL image in RGB: EXIF orientation applied, transparency on white, of an animation the first picture.

    Args:
        size: at most so many pixels a side.
        least: a JPEG is decoded at a half, quarter or eighth of its size where both sides keep so many pixels, which
            is two to four times as fast.

    Raises:
        PictureError: as ``examine``.
    """
    from PIL import Image

    image, _ = formats.loaded(data, size or least)
    unsigned, upright = formats.is_unsigned(image), formats.upright(image)
    try:
        if upright.mode[0] in "IF":
            upright = formats.eight_bits(upright, unsigned=unsigned)
        if upright.mode != "RGB" or "transparency" in upright.info:
            del image  # of the largest ones three at once are half a gigabyte
            upright = upright if upright.mode == "RGBA" else upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    except Exception as error:
        raise PictureError(f"broken picture: {error}") from error
    if size and max(upright.size) > size:
        upright.thumbnail((size, size))
    return upright


def thumbnail(data: bytes, size: int = 160) -> bytes:
    """A small WebP of a picture, for grids; pictures that are small WebP files already stay as they are.

    Raises:
        PictureError: as ``examine``; not of a file that stays as it is.
    """
    if is_thumbnail(data, size):
        return data
    buffer = io.BytesIO()
    decode(data, size).save(buffer, "WEBP", quality=80, method=FAST)
    return buffer.getvalue()


def is_thumbnail(data: bytes, size: int = 160) -> bool:
    """Whether a file is shown as it is; that is told by its headers, and nothing is decoded.

    Not one that is turned or that moves: what a page shows is what a network is fed.
    """
    found = formats.still_webp(data) if len(data) < SMALL else None
    return found is not None and 0 < min(found) <= max(found) <= size


def thumbnail_all(files: Sequence[bytes]) -> Iterator[bytes | str]:
    """``thumbnail`` for many files: of those that cannot be used, why."""
    return _each(thumbnail, files)


class Pictures:
    """Reads the shards of one ``images/`` folder.

    Of every picture 21 bytes are held in memory: its id, and where it is.  What else there is to know of it is read
    where it is asked for: of some pictures their row groups, of all of them a shard at a time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def shards(self) -> list[Path]:
        """The shard files, by name."""
        return sorted(self.folder.glob("*.parquet"))

    @cached_property
    def index(self) -> PictureIndex:
        """Where each picture is."""
        return PictureIndex(self.shards)

    @property
    def ids(self) -> PictureIds:
        """The pictures, each once, in the order of the shards."""
        return self.index.ids

    @property
    def table(self) -> pd.DataFrame:
        """One row per picture, by id, without the bytes: width, height, provenance, and shard, group and row.

        It is made anew each time, and takes half a kilobyte a picture: for a look at data sets that are small.
        """
        frame = self.about(("width", "height", *META))
        places = self.index.places(np.arange(len(frame)))
        names = np.array([path.name for path in self.index.shards], object)
        return frame.assign(shard=names[places.shard], group=places.group, row=places.row)

    def about(self, columns: Sequence[str], ids: Iterable[str] | None = None) -> pd.DataFrame:
        """What is known of many pictures, or of all: a row each, by id; ids that are not there are left out.

        Args:
            columns: of ``ABOUT``.
        """
        import pandas as pd

        numbers = None if ids is None else self.ids.find([*dict.fromkeys(ids)])
        frames = [*self.each(columns, None if numbers is None else np.sort(numbers[numbers >= 0]))]
        frame = pd.concat(frames or [pd.DataFrame(columns=[*columns], index=pd.Index([], name="id", dtype="str"))])
        if numbers is None or not len(frame):
            return frame
        return frame.iloc[np.argsort(np.argsort(numbers[numbers >= 0]))]

    def each(
        self, columns: Sequence[str], numbers: NDArray[np.integer] | None = None, *, lacking: bool = True
    ) -> Iterator[pd.DataFrame]:
        """``about`` all pictures, or those of some numbers in ``ids``, which ascend: a shard at a time.

        Args:
            lacking: also the shards of which no picture has any of these texts.
        """
        import pandas as pd

        for number, path in enumerate(self.index.shards):
            if not lacking and all(picture_shards.lacks(path, name) for name in columns):
                continue
            span = self.index.span(number)
            own = np.arange(span.start, span.stop)
            if numbers is not None:
                own = numbers[slice(*np.searchsorted(numbers, [span.start, span.stop]))]
            if len(own):
                places, starts = self.index.places(own), self.index.starts(number)
                frame = picture_shards.read_origins(path, columns).iloc[starts[places.group] + places.row]
                yield frame.set_axis(pd.Index(id_texts(self.ids.rows[own]), name="id", dtype="str"))

    def known(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What is known of a few pictures: id → all columns of ``about``; ids that are not there are left out.

        A text that nobody gave is empty.
        """
        found: dict[str, Mapping[str, Any]] = {}
        wanted = [*ids]
        for (path, group), rows in self._by_group(wanted):
            columns = picture_shards.origins(path, group, ABOUT)
            found |= {key: {name: values[row] for name, values in columns.items()} for key, row in rows}
        return {key: found[key] for key in dict.fromkeys(wanted) if key in found}

    def _by_group(self, ids: Iterable[str]) -> Iterator[tuple[tuple[Path, int], list[tuple[str, int]]]]:
        """Those of some pictures that are there, by shard and row group: id and row in that, each once."""
        places: dict[tuple[Path, int], list[tuple[str, int]]] = {}
        for key, path, group, row in self._places(ids):
            places.setdefault((path, group), []).append((key, row))
        return iter(places.items())

    def _places(self, ids: Iterable[str]) -> Iterator[tuple[str, Path, int, int]]:
        """Those of some pictures that are there: id, shard, row group and row in that; each once."""
        wanted = list(dict.fromkeys(ids))
        numbers = self.ids.find(wanted)
        places = self.index.places(numbers[numbers >= 0])
        keys = [key for key, number in zip(wanted, numbers.tolist(), strict=True) if number >= 0]
        shards = [self.index.shards[shard] for shard in places.shard.tolist()]
        return zip(keys, shards, places.group.tolist(), places.row.tolist(), strict=True)

    @cached_property
    def concepts(self) -> dict[str, str]:
        """What pictures depict: id → concept, of those of which that is known."""
        return {
            str(key): concept
            for frame in self.each(["concept"], lacking=False)
            for key, concept in frame["concept"][frame["concept"].fillna("") != ""].items()
        }

    def read(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The files of some pictures: id → bytes; ids that are not there are left out, as are those without a file.

        A picture whose licence kept its file from an export has a row, and no bytes.
        """
        return dict(self.files(ids))

    def files(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """As ``read``, one after the other in the order of the shards; one row group of them is in memory."""
        for (path, group), rows in self._by_group(ids):
            yield from _files_of(path, group, rows)

    def names(self) -> FileNames:
        """What finds pictures by the names of their files."""
        return FileNames(self)

    def path_of(self, key: str) -> str:
        """The name that the file of a picture had when it was imported; KeyError: there is no such picture."""
        return str(self.known([key])[key][picture_shards.PATH])


def _files_of(path: Path, group: int, rows: Sequence[tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    """The files of a row group, which is let go of at their end: before the next one is read."""
    column = picture_shards.read_group(path, group)
    for key, row in rows:
        if data := column[row].as_py()["bytes"]:
            yield key, data


class Shard:
    """Pictures on their way into one shard: their files are held on disk, without a name, where they are many bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids: list[str] = []
        self._sizes: list[int] = []
        self._about: list[list[Any]] = []  # the columns of ABOUT
        # In the data set, since other places may be small or in memory; nothing is left of it, however this ends.
        self._files = tempfile.SpooledTemporaryFile(SPOOL, dir=str(folder.parent))  # noqa: SIM115

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, picture: Picture) -> None:
        """One more."""
        self.ids.append(picture.id)
        self._sizes.append(len(picture.data))
        self._about.append([getattr(picture, name) for name in ABOUT])
        self._files.write(picture.data)

    def write(self, without: Container[str] = ()) -> Path | None:
        """Store them, but for some; ``None`` if that leaves none.  One that is there already is left alone."""
        kept = [row for row, key in enumerate(self.ids) if key not in without]
        if not kept:
            return None
        # Without titles that are not there: shards have the names that they had before there were any.
        about = [self._about[row][-len(META) : None if self._about[row][-1] else -1] for row in kept]
        path = self.folder / f"part-{storage.digest([self.ids[row] for row in kept], about)[:16]}.parquet"
        if not path.is_file():
            storage.write(path, lambda file: picture_shards.write(file, self._parts(set(kept)), META))
        return path

    def _parts(self, kept: Container[int]) -> Iterator[dict[str, list[Any]]]:
        """What ``picture_shards.write`` takes: so many pictures that they are not too many bytes."""
        self._files.seek(0)
        rows: list[int] = []
        files: list[bytes] = []
        size = 0
        for row, length in enumerate(self._sizes):
            data = self._files.read(length)
            if row in kept:
                rows.append(row)
                files.append(data)
                size += length
            if rows and (size > SPOOL or row == len(self._sizes) - 1):
                columns = zip(*(self._about[row] for row in rows), strict=True)
                yield {
                    "id": [self.ids[row] for row in rows],
                    "bytes": files,
                    **dict(zip(ABOUT, map(list, columns), strict=True)),
                }
                rows, files, size = [], [], 0

    def close(self) -> None:
        """Let go of the files."""
        self._files.close()


def write_shards(folder: Path, pictures: Iterable[Picture]) -> list[Path]:
    """Store pictures in shards of ``SHARD``, in the order given; a shard that is there already is left alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    paths: list[Path | None] = []
    pictures = iter(pictures)
    while part := list(islice(pictures, SHARD)):
        with closing(Shard(folder)) as shard:
            for picture in part:
                shard.add(picture)
            paths.append(shard.write())
    return [path for path in paths if path]
