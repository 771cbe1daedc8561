"""What a Parquet file unpacks to, told by the headers of its pages: what its end says of that may be a lie.

A page is a header and its bytes, packed.  Whoever reads it takes as much memory as the header says, up to 2 GB,
whatever the file's end says; and texts that are written by what they share with the one before need no bytes to be
long.  So the headers of what is to be read are looked at before: Thrift's compact protocol, and in it what
parquet.thrift (apache/parquet-format) says.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PIECE, LONGEST = 512, 1 << 20  # bytes that are read of a header at first, and at most
MAX_END = 50_000_000  # bytes of a file's end, of which pyarrow makes six times as many
MAX_TABLE, MAX_CHUNKS = 600_000_000, 10_000  # bytes of a table that is read whole, and pieces of its columns
MAX_PAGE = 200_000_000  # bytes of a page, unpacked: to read it and a value that fills it takes eight times as many
MAX_TEXT = 10_000_000  # bytes of one text in such a table: what is made of it takes twelve times as many
SHARED = 7  # the encoding DELTA_BYTE_ARRAY
NUMBERED = (2, 8)  # those that give the number of a value in a dictionary
DATA, DICTIONARY, DATA_2 = 0, 2, 3  # kinds of pages
_INSIDE = {DATA: (5, 2), DICTIONARY: (7, 2), DATA_2: (8, 4)}  # kind → its own part of the header, the encoding in that
_TRUE, _FALSE, _BYTE, _DOUBLE, _TEXT, _STRUCT = 1, 2, 3, 7, 8, 12
_DEPTH = 4  # structures within structures
WIDTH = 8  # bytes of a number, or of where a text ends


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What the pages of some columns of some row groups come to, in bytes.

    Attributes:
        pages: all of them, unpacked; page: the largest of them; dictionary: the largest that is a dictionary.
        values: at most, of all values, where each could be the longest one of a dictionary.
        numbers: of that what is no text, and where texts end.
    """

    pages: int = 0
    page: int = 0
    dictionary: int = 0
    values: int = 0
    numbers: int = 0

    def rows_at_once(self, most: int) -> int:
        """How many rows may be read together, at most so many: each of them could be as large as the largest page."""
        return max(1, min(most, MAX_PAGE // max(self.page, 1)))


def check_end(file: IO[bytes]) -> None:
    """OSError: the end of an open file, which is read whole, is larger than is accepted."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - 8))
    size = int.from_bytes(file.read(4), "little")
    if size > MAX_END:
        raise OSError(f"its end has {size:,} bytes, more than the {MAX_END:,} that are accepted")


def read_table(path: Path, file: IO[bytes]) -> Any:
    """A whole table of numbers and texts, as an Arrow table.

    Args:
        file: the same, open.

    Raises:
        OSError: it holds something else, or more than ``MAX_TABLE`` bytes; pyarrow.ArrowInvalid: it is broken.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_end(file)
    parquet = pq.ParquetFile(path)
    footer, schema = parquet.metadata, parquet.schema_arrow
    if footer.num_row_groups * footer.num_columns > MAX_CHUNKS:
        raise OSError(f"it is in more than the {MAX_CHUNKS:,} parts that are accepted")
    if any(pa.types.is_nested(field.type) for field in schema):
        raise OSError("it has a column of lists or structures")
    try:
        found = unpacked(file, footer, range(footer.num_row_groups))
    except ValueError as error:
        raise OSError(f"it has {error}") from error
    if found.page > MAX_PAGE:
        raise OSError(f"a page of it unpacks to {found.page:,} bytes, more than the {MAX_PAGE:,} that are accepted")
    if found.values <= MAX_TABLE:
        return _check_texts(parquet.read(use_threads=False))
    if found.pages + found.numbers > MAX_TABLE:
        raise _too_large(found.pages + found.numbers)
    # Each of its texts could be the longest one: how long they are together is known when each is held once.
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    table = pq.ParquetFile(path, read_dictionary=texts).read(use_threads=False)
    if (size := found.numbers + sum(_length(table.column(name)) for name in texts)) > MAX_TABLE:
        raise _too_large(size)
    return _check_texts(table.cast(schema.with_metadata(table.schema.metadata)))


def _check_texts(table: Any) -> Any:
    """The table; OSError: one of its texts is longer than is accepted."""
    import pyarrow as pa

    for column in table.columns:
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if is_text and (size := longest(column)) > MAX_TEXT:
            raise OSError(f"it has a text of {size:,} bytes, more than the {MAX_TEXT:,} that are accepted")
    return table


def longest(column: Any) -> int:
    """Bytes of the longest text or bytes in an Arrow column; 0 of none."""
    import pyarrow.compute as pc

    return pc.max(pc.binary_length(column)).as_py() or 0


def _length(column: Any) -> int:
    """The bytes of all texts of a column of dictionaries."""
    import pyarrow.compute as pc

    each = (pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() for chunk in column.chunks)
    return sum(size or 0 for size in each)


def _too_large(size: int) -> OSError:
    return OSError(f"it unpacks to {size:,} bytes, more than the {MAX_TABLE:,} that are accepted")


def unpacked(file: IO[bytes], footer: Any, groups: Iterable[int], columns: Sequence[str] | None = None) -> Unpacked:
    """What reading some columns of some row groups would take.

    Args:
        file: open; footer: pyarrow's metadata of it.
        columns: as in a schema, or parts of them such as ``"image.path"``; without it all.

    Raises:
        ValueError: there are no pages where they should be, or texts that are written by what they share.
    """
    pages = page = dictionary = values = numbers = 0
    places: list[int] | None = None  # the same in each row group
    for group in map(footer.row_group, groups):
        if not group.num_rows:  # no page of it is read
            continue
        if places is None:
            paths = [f"{group.column(place).path_in_schema}." for place in range(group.num_columns)]
            wanted = ("",) if columns is None else tuple(f"{name}." for name in columns)
            places = [place for place, name in enumerate(paths) if name.startswith(wanted)]
        for chunk in map(group.column, places):
            long = chunk.physical_type.endswith("BYTE_ARRAY")
            own = 0
            for one in _pages(file, chunk):
                pages, page = pages + one.size, max(page, one.size)
                if one.kind == DICTIONARY:
                    own = one.size
                    dictionary = max(dictionary, own)
                else:
                    numbers += one.count * WIDTH
                    texts = one.count * own if one.encoding in NUMBERED else one.size
                    values += one.count * WIDTH + texts * long
    return Unpacked(pages, page, dictionary, values, numbers)


@dataclass(frozen=True, slots=True)
class _Page:
    kind: int
    size: int
    count: int
    encoding: int


def _pages(file: IO[bytes], chunk: Any) -> Iterator[_Page]:
    """The pages of a column in a row group: what their headers say."""
    first, start = chunk.dictionary_page_offset, chunk.data_page_offset
    place = first if first and 0 < first < start else start
    end = place + chunk.total_compressed_size
    while place < end:
        header, length = _header(file, place, end)
        kind, size, packed = header.get(1), header.get(2), header.get(3)
        if not (isinstance(kind, int) and isinstance(size, int) and isinstance(packed, int) and min(size, packed) >= 0):
            raise ValueError("a page of no size")
        if kind in _INSIDE:
            part, field = _INSIDE[kind]
            inside = header.get(part)
            count, encoding = (inside.get(1), inside.get(field)) if isinstance(inside, dict) else (None, None)
            if not isinstance(count, int) or not isinstance(encoding, int) or count < 0:
                raise ValueError("a page of no values")
            if encoding == SHARED:
                raise ValueError("texts that are written by what they share with others")
            yield _Page(kind, size, count, encoding)
        place += length + packed


def _header(file: IO[bytes], place: int, end: int) -> tuple[dict[int, Any], int]:
    """The fields of a page's header, and how long it is."""
    for most in (PIECE, LONGEST):
        file.seek(place)
        data = file.read(min(most, end - place))
        with contextlib.suppress(IndexError):
            return _struct(data, 0, 0)
    raise ValueError("a page without a header")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _struct(data: bytes, place: int, depth: int) -> tuple[dict[int, Any], int]:
    """The fields of a structure that are numbers or structures, by their numbers, and where it ends.

    Raises:
        IndexError: it goes on behind these bytes; ValueError: it is none.
    """
    if depth > _DEPTH:
        raise ValueError("structures that are too deep")
    fields: dict[int, Any] = {}
    number = 0
    while True:
        byte = data[place]
        place += 1
        if not byte:
            return fields, place
        if step := byte >> 4:
            number += step
        else:
            number, place = _varint(data, place)
            number >>= 1
        fields[number], place = _value(data, place, byte & 15, depth)


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return None, place
    if kind == _BYTE:
        return None, place + 1
    if kind < _DOUBLE:
        value, place = _varint(data, place)
        return value >> 1 ^ -(value & 1), place
    if kind == _DOUBLE:
        return None, place + 8
    if kind == _TEXT:
        size, place = _varint(data, place)
        if size > LONGEST:
            raise ValueError("a header of endless texts")
        return None, place + size
    if kind == _STRUCT:
        return _struct(data, place, depth + 1)
    raise ValueError("no header of a page")  # none has lists or maps
