"""The pictures of a data set, in Parquet shards in the Hugging Face image layout.

Each shard ``images/part-<digest>.parquet`` holds whole encoded files with where they come from.  A picture's id is the
SHA-256 of its bytes (first 32 hex digits), so the same file is stored once however many words it belongs to.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cldi_core.data import storage
from cldi_core.errors import DatasetError, PictureError

if TYPE_CHECKING:
    import pandas as pd

SHARD = 1000
FOOTERS = 100  # of shards that were read last, some 100 kB each
ROW_GROUP = 16  # pictures: one is fetched by reading its row group
SPOOL = 32_000_000  # bytes of pictures that are held in memory on their way into a shard, and of a row group
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# Formats that people do have, and how their files are known.
REFUSED: dict[str, Callable[[bytes], bool]] = {
    "HEIC": lambda data: data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"),
    "AVIF": lambda data: data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"),
    "SVG": lambda data: data.lstrip()[:5].lower() in (b"<svg ", b"<?xml") and b"<svg" in data[:4096].lower(),
    "PDF": lambda data: data[:5] == b"%PDF-",
}
META = ("source_url", "page", "provider", "licence", "author", "time", "concept", "title")


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
    """Width and height, the right way up, of an encoded picture that can be decoded whole.

    Raises:
        PictureError: empty, not a picture, a format that is not accepted, too large, or truncated.
    """
    with _opened(data) as image:
        width, height = _upright(image).size
    return int(width), int(height)


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
    """As ``probe``, with what is missing of the picture."""
    return Examined(*probe(data))


def examine_all(files: Sequence[bytes]) -> Iterator[Examined | str]:
    """``examine`` for many files: of those that cannot be used, why."""
    for data in files:
        try:
            yield examine(data)
        except PictureError as error:
            yield str(error)


def decode(data: bytes, size: int | None = None, *, least: int | None = None) -> Any:
    """Decode to a PIL image in RGB: EXIF orientation applied, transparency on white, of an animation the first picture.

    Args:
        size: at most so many pixels a side.
        least: a JPEG is decoded at a half, quarter or eighth of its size where both sides keep so many pixels, which
            is two to four times as fast.

    Raises:
        PictureError: as ``probe``.
    """
    from PIL import Image

    with _opened(data) as image:
        if size or least:
            image.draft("RGB", (size or least, size or least))
        unsigned, upright = _is_unsigned(image), _upright(image)
        try:
            if upright.mode[0] in "IF":
                upright = _eight_bits(upright, unsigned=unsigned)
            if upright.mode != "RGB" or "transparency" in upright.info:
                upright = upright.convert("RGBA")
                background = Image.new("RGBA", upright.size, "white")
                background.alpha_composite(upright)
                upright = background.convert("RGB")
        except Exception as error:
            raise PictureError(f"broken picture: {error}") from error
    if size and max(upright.size) > size:
        upright.thumbnail((size, size))
    return upright


def _upright(image: Any) -> Any:
    """A picture decoded, and turned as its EXIF data say; what they say is passed over where they are broken."""
    from PIL import ImageOps

    try:
        image.load()
        with suppress(Exception), warnings.catch_warnings(action="ignore"):  # as many kinds as ways to break them
            return ImageOps.exif_transpose(image)
    except Exception as error:
        raise PictureError(f"broken picture: {error}") from error
    return image


def _eight_bits(image: Any, *, unsigned: bool) -> Any:
    """A grey picture of 16 or 32 bits, or of fractions, in 8; Pillow would make it all white or all black.

    As no file says what its white is, the values tell: up to 255 they are taken for 8 bits, up to 65535 for 16 bits,
    and in a picture of fractions up to 1 for shares of white; all else is stretched from the lowest to the highest.
    """
    import numpy as np
    from PIL import Image

    grey = np.asarray(image)
    if unsigned:
        grey = grey.view(np.uint32)  # Pillow has no mode of its own for these
    grey = grey.astype(np.float64)
    finite = grey[np.isfinite(grey)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    if low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if high <= 255 else 255 * 256.0
    grey = np.nan_to_num(grey, nan=low, posinf=high, neginf=low)
    scaled = (grey - low) * (255 / ((high - low) or 1))
    return Image.fromarray((np.rint if image.mode == "F" else np.floor)(scaled).clip(0, 255).astype(np.uint8))


def _is_unsigned(image: Any) -> bool:
    """Whether a picture has whole numbers of 32 bits without a sign: a TIFF without a tag that says otherwise."""
    from PIL.TiffImagePlugin import BITSPERSAMPLE, SAMPLEFORMAT

    if image.format != "TIFF" or image.mode != "I":
        return False
    signs, bits = image.tag_v2.get(SAMPLEFORMAT, (1,)), image.tag_v2.get(BITSPERSAMPLE, (1,))
    return bool(signs[0] == 1 and bits[0] == 32)


def _opened(data: bytes) -> Any:
    from PIL import Image

    if not data:
        raise PictureError("the file is empty")
    if refused := next((name for name, known in REFUSED.items() if known(data)), None):
        raise PictureError(f"{refused} is not supported; convert it to JPEG, PNG or WebP")
    try:
        with warnings.catch_warnings(action="ignore"):  # of its size, which is judged below, and of broken EXIF data
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError(f"it has more pixels than the {MAX_PIXELS:,} that are accepted") from error
    except Exception as error:
        raise PictureError(f"not a picture in one of the formats {', '.join(FORMATS)}") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(f"{width} × {height} pixels are more than the {MAX_PIXELS:,} that are accepted")
    return image


def thumbnail(data: bytes, size: int = 160) -> bytes:
    """A small WebP of a picture, for grids; pictures that are small WebP files already stay as they are.

    Not those that are turned or that move: what a page shows is what a network is fed.
    """
    plain = data[8:12] == b"WEBP" and b"EXIF" not in data and b"ANIM" not in data
    if plain and len(data) < 20_000 and max(probe(data)) <= size:
        return data
    buffer = io.BytesIO()
    decode(data, size).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def strip(files: Sequence[bytes], size: int = 64) -> bytes:
    """Thumbnails (WebP) side by side in one SVG.

    The files are embedded as they are: nothing is decoded, so a page can have dozens.
    """
    gap = 4
    width = max(len(files) * (size + gap) - gap, 1)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{size}" viewBox="0 0 {width} {size}">']
    for place, data in enumerate(files):
        left = place * (size + gap)
        parts.append(f'<image href="{data_url(data)}" x="{left}" width="{size}" height="{size}"/>')
    return "".join([*parts, "</svg>"]).encode()


def data_url(data: bytes, kind: str = "webp") -> str:
    """A WebP picture, or an SVG (``kind="svg+xml"``), as a data URL."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


class Pictures:
    """Reads the shards of one ``images/`` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def shards(self) -> list[Path]:
        """The shard files, by name."""
        return sorted(self.folder.glob("*.parquet"))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per picture, by id, without the bytes: width, height, provenance, and shard, group and row."""
        import pandas as pd

        frames = [_shard_table(path) for path in self.shards]
        if not frames:
            return pd.DataFrame(columns=["width", "height", *META, "shard", "group", "row"])
        table = pd.concat(frames, ignore_index=True).drop_duplicates("id")
        return table.set_index("id")

    @cached_property
    def concepts(self) -> dict[str, str]:
        """What each picture depicts: id → concept, ``""`` where unknown.  Many times as fast to ask as a column."""
        column = self.table["concept"].fillna("").astype(str)
        return dict(zip(column.index.tolist(), column.tolist(), strict=True))

    def read(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The files of some pictures: id → bytes; ids that are not there are left out, as are those without a file.

        A picture whose licence kept its file from an export has a row, and no bytes.
        """
        table = self.table
        wanted = table.loc[[key for key in dict.fromkeys(ids) if key in table.index]]
        found: dict[str, bytes] = {}
        places: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for key, shard, group, row in zip(wanted.index, wanted["shard"], wanted["group"], wanted["row"], strict=True):
            places.setdefault((shard, group), []).append((key, row))
        for (shard, group), rows in places.items():
            column = self._images(shard, group)
            found |= {key: data for key, row in rows if (data := column[row].as_py()["bytes"])}
        return found

    def _images(self, shard: str, group: int) -> Any:
        return read_group(self.folder / shard, group)

    def files(self) -> dict[str, str]:
        """File name, with its folders and without them → the id of the picture that came from it.

        A name without folders that several pictures have is left out.
        """
        whole: dict[str, str] = {}
        bare: dict[str, set[str]] = {}
        for path in self.shards:
            # A parquet file reads the part of a struct that is asked for; the bytes stay on disk.
            rows = _parquet(path).read(columns=["id", "image.path"])
            paths = rows.column("image").combine_chunks().field("path").to_pylist()
            for key, name in zip(rows.column("id").to_pylist(), paths, strict=True):
                if name:
                    whole.setdefault(name, key)
                    bare.setdefault(name.rpartition("/")[2], set()).add(key)
        return {name: next(iter(keys)) for name, keys in bare.items() if len(keys) == 1} | whole

    def ids_of(self, shard: Path) -> list[str]:
        """The ids in one of ``shards``, in their order."""
        return [str(key) for key in _shard_table(shard)["id"]]

    def path_of(self, key: str) -> str:
        """The name that the file of a picture had when it was imported."""
        shard, group, row = self.table.loc[[key], ["shard", "group", "row"]].to_numpy()[0]
        column = self._images(shard, group)
        return str(column[row].as_py()["path"])


def read_group(path: Path, group: int) -> Any:
    """The pictures of one row group of a shard, as an Arrow column of structs {bytes, path}."""
    try:
        return _parquet(path).read_row_group(group, columns=["image"]).column("image")
    except OSError as error:
        raise _broken(path, error) from error


def _parquet(path: Path) -> Any:
    """A shard, of which only the footer has been read, if that."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage.open_regular(path) as file:  # raises where reading would never end
            about = os.fstat(file.fileno())
        version = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
        return pq.ParquetFile(path, metadata=_footer(path.absolute(), version))
    except (OSError, pa.ArrowInvalid) as error:
        raise _broken(path, error) from error


@lru_cache(FOOTERS)
def _footer(path: Path, version: tuple[int, ...]) -> Any:
    """What was parsed of a shard's end, for as long as it is this version of that file."""
    import pyarrow.parquet as pq

    return pq.read_metadata(path)


def _broken(path: Path, error: Exception) -> DatasetError:
    reason = " ".join(str(error).split())
    return DatasetError(f"the picture shard {path.name!r} cannot be read ({reason}); import its pictures again")


def _shard_table(path: Path) -> pd.DataFrame:
    parquet = _parquet(path)
    present = [name for name in ("id", "width", "height", *META) if name in parquet.schema_arrow.names]
    if "id" not in present:
        raise DatasetError(f"the picture shard {path.name!r} has no column 'id'; import its pictures again")
    try:
        frame: pd.DataFrame = parquet.read(columns=present).to_pandas()
    except OSError as error:
        raise _broken(path, error) from error
    for name in META:
        if name not in frame:
            frame[name] = ""
    sizes = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
    frame["shard"] = path.name
    frame["group"] = [group for group, size in enumerate(sizes) for _ in range(size)]
    frame["row"] = [row for size in sizes for row in range(size)]
    return frame


class Shard:
    """Pictures on their way into one shard: their files are held on disk, without a name, where they are many bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: list[tuple[str, int, Picture]] = []  # id, bytes, and the picture without them
        # In the data set, since other places may be small or in memory; nothing is left of it, however this ends.
        self._files = tempfile.SpooledTemporaryFile(SPOOL, dir=str(folder.parent))  # noqa: SIM115

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def ids(self) -> list[str]:
        """Of the pictures, in the order in which they came."""
        return [key for key, _, _ in self._rows]

    def add(self, picture: Picture) -> None:
        """One more."""
        self._rows.append((picture.id, len(picture.data), replace(picture, data=b"")))
        self._files.write(picture.data)

    def write(self, without: Container[str] = ()) -> Path | None:
        """Store them, but for some; ``None`` if that leaves none.  One that is there already is left alone."""
        kept = [row for row in self._rows if row[0] not in without]
        if not kept:
            return None
        # Without titles that are not there: shards have the names that they had before there were any.
        about = [[getattr(each, name) for name in META if name != "title" or each.title] for _, _, each in kept]
        path = self.folder / f"part-{storage.digest([key for key, _, _ in kept], about)[:16]}.parquet"
        if not path.is_file():
            storage.write(path, partial(_write_groups, self._groups(without)))
        return path

    def _groups(self, without: Container[str]) -> Iterator[list[Picture]]:
        """The pictures with their bytes, a row group at a time: ``ROW_GROUP`` of them, or fewer that are large."""
        self._files.seek(0)
        group: list[Picture] = []
        for key, size, picture in self._rows:
            data = self._files.read(size)
            if key in without:
                continue
            group.append(replace(picture, data=data))
            if len(group) == ROW_GROUP or sum(len(each.data) for each in group) > SPOOL:
                yield group
                group = []
        if group:
            yield group

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


def _write_groups(groups: Iterable[list[Picture]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {name: pa.string() for name in META}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # what Hugging Face reads as an image
    schema = pa.schema({"id": pa.string(), "image": image, "width": pa.int64(), "height": pa.int64(), **texts})
    # Pictures are compressed already.
    compression = {name: "NONE" if name == "image" else "ZSTD" for name in schema.names}
    with pq.ParquetWriter(path, schema, compression=compression) as writer:
        for group in groups:
            files = [{"bytes": picture.data, "path": picture.path} for picture in group]
            columns = {name: [getattr(picture, name) for picture in group] for name in schema.names if name != "image"}
            columns["id"] = [picture.id for picture in group]
            writer.write_table(pa.table({**columns, "image": files}, schema=schema))
