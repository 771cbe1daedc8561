"""Parquet files of pictures, read and written: what a shard's footer says is judged before anything else is read."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from cldi_core.data import ids, parquet_pages, remote, storage
from cldi_core.data.remote_blocks import Opened
from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

FOOTERS = 32  # of shards that were read last, up to 1 MB each of 1000 pictures
JUDGED = 50_000  # versions of shards whose footers were found right: reading one again takes a quarter of the time
GROUPS = 1000  # row groups whose origins were asked for last, some 15 kB each
ROW_GROUP = 16  # pictures: one is fetched by reading its row group
MAX_ROWS = 100_000
MAX_PICTURE = 40_000_000  # bytes of a file: none that is larger is imported
# Bytes of the pictures in a row group, unpacked, of which reading takes up to six times as many; ``write`` is given a
# third of them at a time.
MAX_GROUP = 250_000_000
MAX_TEXTS = 500_000_000  # bytes of all else in a shard, unpacked
# How values may be written.  Others can make any number of long texts of a few bytes, and no footer says how long.
ENCODINGS = {"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"}
BYTES, NAME, PATH = "image.bytes", "image.path", "path"


def parquet(path: Path) -> Any:
    """A shard as a ``ParquetFile``, of which only the footer has been read, if that.

    Raises:
        DatasetError: it cannot be read, is no shard of pictures, or is larger than is accepted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Pictures as a dictionary: one that is there a thousand times, as no import stores it, takes its bytes once.
        footer = _footer(path.absolute(), _version(path))
        return pq.ParquetFile(path, metadata=footer, read_dictionary=[BYTES])
    except (OSError, pa.ArrowException) as error:
        raise broken(path, error) from error


def _version(path: Path) -> tuple[int, ...]:
    if elsewhere := remote.opened(path):
        with elsewhere:
            _fetch_footer(elsewhere)
            about = os.fstat(elsewhere.handle)
    else:
        with storage.open_regular(path) as file:  # raises where reading would never end
            parquet_pages.check_end(file)
            about = os.fstat(file.fileno())
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def _fetch_footer(file: Opened) -> None:
    """Of a shard elsewhere: its last 8 bytes are the footer's length and a mark."""
    size = int.from_bytes(file.read(file.size - 8, file.size)[:4], "little")
    file.fetch([(file.size - 8 - size, file.size)])


def _fetch(path: Path, footer: Any, groups: Iterable[int], columns: Sequence[str]) -> None:
    """Of a shard elsewhere: what some row groups have of some columns, or parts of them such as ``"image.path"``."""
    if not (elsewhere := remote.opened(path)):
        return
    places = []
    for group in map(footer.row_group, groups):
        for chunk in map(group.column, range(group.num_columns)):
            if any(f"{chunk.path_in_schema}.".startswith(f"{name}.") for name in columns):
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                places.append((start, start + chunk.total_compressed_size))
    with elsewhere:
        elsewhere.fetch(places)


def _check_pages(path: Path, footer: Any, groups: Iterable[int], columns: Sequence[str]) -> None:
    """DatasetError: what is to be read unpacks to more than is accepted, whatever the shard's end says."""
    held = [BYTES if name == "image" else name for name in columns]
    texts = [name for name in held if name != BYTES] + ([NAME] if BYTES in held else [])
    try:
        with path.open("rb") as file:
            pictures = parquet_pages.unpacked(file, footer, groups, [BYTES]).pages if BYTES in held else 0
            others = parquet_pages.unpacked(file, footer, groups, texts).values
    except ValueError as error:
        raise broken(path, error) from error
    if pictures > MAX_GROUP:
        raise _refused(path, f"has {pictures:,} bytes of pictures in a row group, more than {MAX_GROUP:,}")
    if others > MAX_TEXTS:
        raise _refused(path, f"can have {others:,} bytes beside its pictures, more than the {MAX_TEXTS:,} accepted")


def forget(most: int = 2) -> None:
    """Let go of what was parsed of footers, if it is of more shards: for those who read one shard after the other."""
    if _footer.cache_info().currsize > most:
        _footer.cache_clear()


_judged: set[tuple[Path, tuple[int, ...]]] = set()


@lru_cache(FOOTERS)
def _footer(path: Path, version: tuple[int, ...]) -> Any:
    """What was parsed of a shard's end, for as long as it is this version of that file."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    if (path, version) not in _judged:
        _judge(path, footer)
        if len(_judged) == JUDGED:
            _judged.clear()
        _judged.add((path, version))
    return footer


def _judge(path: Path, footer: Any) -> None:
    """DatasetError: it is no shard of pictures, or larger than is accepted."""
    import pyarrow.parquet as pq

    # Not by ``footer.schema``: the two hold each other, and stay in memory until the garbage collector comes by.
    with pq.ParquetFile(path, metadata=footer) as file:
        schema = file.schema_arrow
    for column, wanted in (("id", "string"), ("image", "struct<bytes: binary, path: string>")):
        found = str(schema.field(column).type) if column in schema.names else ""
        if found.replace("large_", "") != wanted:  # pandas and Hugging Face write texts with long offsets
            what = f"a column {column!r} of type {found[:60]}" if found else f"no column {column!r}"
            raise _refused(path, f"has {what}; expected {wanted}")
    if footer.num_rows > MAX_ROWS:
        raise _refused(path, f"has {footer.num_rows:,} rows, more than the {MAX_ROWS:,} that are accepted")
    texts = 0
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            size = column.total_uncompressed_size
            if not ENCODINGS.issuperset(column.encodings):
                raise _refused(path, f"has {', '.join(column.encodings)} for encodings of {column.path_in_schema!r}")
            if column.path_in_schema == BYTES and size > MAX_GROUP:
                raise _refused(path, f"has {size:,} bytes of pictures in a row group, more than {MAX_GROUP:,}")
            if column.path_in_schema != BYTES:  # every row could be the longest text of a dictionary
                texts += size * (group.num_rows if column.has_dictionary_page else 1)
    if texts > MAX_TEXTS:
        raise _refused(path, f"can have {texts:,} bytes beside its pictures, more than the {MAX_TEXTS:,} accepted")


def _refused(path: Path, what: str) -> DatasetError:
    return DatasetError(f"the picture shard {path.name!r} {what}; import its pictures again")


def broken(path: Path, error: Exception) -> DatasetError:
    """One line for a shard that cannot be read."""
    reason = " ".join(str(error).split())[:200]
    return DatasetError(f"the picture shard {path.name!r} cannot be read ({reason}); import its pictures again")


def read_group(path: Path, group: int) -> Any:
    """The pictures of one row group of a shard, as an Arrow column of structs {bytes, path}; the last ones are kept."""
    try:
        key = path.absolute(), _version(path), group
        found = _read_last.get(key)
        return _read_last.keep(key, _read_group(path, group)) if found is None else found
    except OSError as error:
        raise broken(path, error) from error


def _read_group(path: Path, group: int) -> Any:
    import pyarrow as pa

    try:
        shard = parquet(path)
        _fetch(path, shard.metadata, [group], ["image"])
        _check_pages(path, shard.metadata, [group], ["image"])
        column = shard.read_row_group(group, columns=["image"]).column("image")
    except (OSError, pa.ArrowException) as error:
        raise broken(path, error) from error
    if column.nbytes > MAX_PICTURE:
        _check_lengths(path, column)
    return column


def _check_lengths(path: Path, column: Any) -> None:
    """DatasetError: a picture is larger than any that is imported; whoever takes it out of its column copies it."""
    import pyarrow as pa

    for chunk in column.chunks:
        held = chunk.field("bytes")
        files = held.dictionary if pa.types.is_dictionary(held.type) else held
        if (size := parquet_pages.longest(files)) > MAX_PICTURE:
            raise _refused(path, f"has a picture of {size:,} bytes, more than the {MAX_PICTURE:,} accepted")


def tables(path: Path) -> Iterator[Any]:
    """All of a shard as it is stored, some rows at a time: Arrow tables of at most ``ROW_GROUP``.

    Raises:
        DatasetError: as ``parquet``, or a row group is larger than is accepted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = parquet(path).metadata
    try:
        with storage.open_regular(path) as file:
            shard = pq.ParquetFile(file, metadata=footer, pre_buffer=False)
            for group in range(footer.num_row_groups):
                _check_pages(path, footer, [group], shard.schema_arrow.names)
                most = parquet_pages.unpacked(file, footer, [group]).rows_at_once(ROW_GROUP)
                for batch in shard.iter_batches(most, row_groups=[group], use_threads=False):
                    yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        raise broken(path, error) from error


def schema(path: Path) -> Any:
    """The columns of a shard as they are stored, as an Arrow schema; DatasetError as ``parquet``."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, metadata=parquet(path).metadata) as file:
        return file.schema_arrow


class _Last:
    """The row groups that were read last, so many bytes of them: a page asks for pictures that are stored together one
    after the other.  Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size, self._held = size, 0
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any) -> Any:
        """What is kept under a key, or ``None``."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Any, column: Any) -> Any:
        """The column itself, kept unless it is large."""
        if column.nbytes <= self._size // 16:
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = column
                    self._held += column.nbytes
                while self._held > self._size:
                    self._held -= self._kept.popitem(last=False)[1].nbytes
        return column


_read_last = _Last(16 << 20)


def read_ids(path: Path) -> tuple[ids.Raw, list[int]]:
    """The ids of a shard, uint8 (n, 16), and how many pictures each of its row groups has.

    Raises:
        DatasetError: as ``parquet``, or an id is not what ids are.
    """
    shard = parquet(path)
    column = _read(path, shard, ["id"]).column("id")
    try:
        found = ids.raw_of_column(column)
    except ValueError as error:
        raise _refused(path, f"has {error}") from error
    footer = shard.metadata
    return found, [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]


def read_origins(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Some of the columns of a shard beside the pictures: a row each, in the order of ``read_ids``.

    ``width`` and ``height`` are numbers, all others texts, which are empty where the shard has no column of them;
    ``path`` is the name that the file of a picture had when it was imported.
    """
    frame: pd.DataFrame = _origins_of(path, names).to_pandas()
    for name in names:
        if name not in frame:
            frame[name] = ""
    return frame[list(names)]


def lacks(path: Path, name: str) -> bool:
    """Whether no picture of a shard has a text of this name, as far as the shard's end tells; nothing else is read."""
    footer = parquet(path).metadata
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        columns = (group.column(number) for number in range(group.num_columns))
        found = next((column for column in columns if column.path_in_schema == name), None)
        if found is None:
            continue
        told = found.statistics
        if told is None or not (told.max == "" if told.has_min_max else told.null_count == group.num_rows):
            return False
    return True


def origins(path: Path, group: int, names: Sequence[str]) -> Mapping[str, list[Any]]:
    """As ``read_origins`` of a row group, column → values, none missing; those asked for last are at hand."""
    try:
        return _origins(path.absolute(), _version(path), group, tuple(names))
    except OSError as error:
        raise broken(path, error) from error


@lru_cache(GROUPS)
def _origins(path: Path, _: tuple[int, ...], group: int, names: tuple[str, ...]) -> Mapping[str, list[Any]]:
    table = _origins_of(path, names, group)
    found = {name: ["" if value is None else value for value in table[name].to_pylist()] for name in table.column_names}
    return {name: found.get(name) or [""] * table.num_rows for name in names}


def _origins_of(path: Path, names: Sequence[str], group: int | None = None) -> Any:
    import pyarrow as pa

    shard = parquet(path)
    present = [name for name in names if name in shard.schema_arrow.names and name != PATH]
    table = _read(path, shard, [*(present or ["id"]), *([NAME] if PATH in names else [])], group)
    if PATH in names:  # the part of a struct that is asked for is read; the bytes stay on disk
        paths = pa.chunked_array([chunk.field(PATH) for chunk in table.column("image").chunks], pa.string())
        table = table.drop_columns(["image"]).append_column(PATH, paths)
    kinds = {name: pa.int64() if name in ("width", "height") else pa.string() for name in table.column_names}
    try:
        return table.cast(pa.schema(kinds))
    except pa.ArrowException as error:
        raise broken(path, error) from error


def _read(path: Path, shard: Any, columns: list[str], group: int | None = None) -> Any:
    import pyarrow as pa

    groups = range(shard.metadata.num_row_groups) if group is None else [group]
    _fetch(path, shard.metadata, groups, columns)
    try:
        _check_pages(path, shard.metadata, groups, columns)
        return shard.read(columns=columns) if group is None else shard.read_row_group(group, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise broken(path, error) from error


def write(path: Path, parts: Iterable[Mapping[str, Sequence[Any]]], texts: Sequence[str]) -> None:
    """Store pictures, some at a time: of each the id, bytes, path, width, height and these texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # what Hugging Face reads as an image
    kinds = {"id": pa.string(), "image": image, "width": pa.int64(), "height": pa.int64()}
    schema = pa.schema(kinds | dict.fromkeys(texts, pa.string()))
    # Pictures are compressed already.
    compression = {name: "NONE" if name == "image" else "ZSTD" for name in schema.names}
    with pq.ParquetWriter(path, schema, compression=compression) as writer:
        for part in parts:
            pairs = zip(part["bytes"], part["path"], strict=True)
            files = [{"bytes": data, "path": name} for data, name in pairs]
            columns = {name: files if name == "image" else part[name] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)
