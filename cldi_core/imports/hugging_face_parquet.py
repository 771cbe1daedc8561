"""Parquet files with pictures in them, read a few rows at a time; how large they are is asked of their ends first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cldi_core.data import parquet_pages, storage
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports.labelled import NO_LABEL, Labelled, word_column
from cldi_core.imports.paths import natural, shown
from cldi_core.imports.report import Report
from cldi_core.imports.trees import open_tree

MAX_ROWS = 10_000_000  # of one file
MAX_GROUP = 2_000_000_000  # bytes of the pictures of one row group, as they say of themselves
MAX_RATIO, MAX_LABEL = 200, 10_000  # bytes unpacked for each of the file, and of a label
MAX_CLASSES = 1_000_000
ROWS, BUFFER = 16, 1 << 20  # that are in memory at a time: rows, and bytes of each column
IMAGES = ("image", "img", "picture", "photo")
NO_PICTURE, NOT_READ = "row without a picture", "rest of a file that cannot be read"


def files_of(source: Path) -> list[Path]:
    """A Parquet file, or those of a folder, in the order of their names; none where it is something else."""
    if not source.is_dir():
        return [source] if source.suffix.lower() == ".parquet" else []
    entries = open_tree(source).entries(lambda place, reason: None)
    paths = [entry.path for entry in entries if entry.path[-1].lower().endswith(".parquet")]
    return [source.joinpath(*path) for path in sorted(paths, key=lambda path: natural("/".join(path)))]


class Opened:
    """One file whose end has been read.

    Attributes:
        rows: how many there are.
    """

    def __init__(self, path: Path, word: str = "", image: str = "") -> None:
        """Find the columns of pictures and words.

        Raises:
            DatasetError: it is no Parquet file, too large, or a column is not there or could be several.
        """
        self.path, self._place = path, shown(path.name)
        try:
            self._file = _open(path)
            schema = self._file.schema_arrow
        except Exception as error:  # pyarrow raises many kinds for a broken file
            raise DatasetError(f"{self._place!r} cannot be read ({in_one_line(error)})") from error
        self.rows = int(self._file.metadata.num_rows)
        self._image = _image_column(schema, image, self._place)
        words = [name for name in schema.names if name != self._image and _is_word(schema.field(name).type)]
        self._word = word_column(words, word, self._place)
        self._names = _class_names(schema, self._word)
        self._check_size()
        self._file = _open(path, self._word)

    def _check_size(self) -> None:
        about = self._file.metadata
        if self.rows > MAX_ROWS:
            raise DatasetError(f"{self._place!r} has {self.rows:,} rows; at most {MAX_ROWS:,} are accepted; split it")
        for group in range(about.num_row_groups):
            row_group = about.row_group(group)
            columns = [row_group.column(place) for place in range(row_group.num_columns)]
            size = sum(
                column.total_uncompressed_size
                for column in columns
                if column.path_in_schema.split(".")[0] in (self._image, self._word)
            )
            if size > MAX_GROUP:
                raise DatasetError(
                    f"{self._place!r} has {size:,} bytes in one row group; at most {MAX_GROUP:,} are accepted; "
                    "write it with smaller ones"
                )

    def pictures(self, report: Report) -> Iterator[Labelled]:
        """The pictures with their labels, row after row; the report hears of rows that have none."""
        number = 0
        try:
            for batch in self._batches():
                images, words = batch.column(self._image), batch.column(self._word)
                for row in range(len(batch)):
                    number += 1
                    place = f"{self._place}, row {number}"
                    content, label = _content(images[row].as_py()), self._label(_value(words, row))
                    if content is None:
                        report.missing.add(NO_PICTURE, place)
                    elif not label:
                        report.missing.add(NO_LABEL, place)
                    else:
                        yield Labelled(label, place, content)
        except (OSError, ValueError, MemoryError) as error:  # ArrowInvalid is a ValueError
            report.missing.add(NOT_READ, f"{self._place}, after row {number}", in_one_line(error))

    def _batches(self) -> Iterator[Any]:
        """Some rows at a time, of row groups that were looked at; ValueError: one of them takes too much memory."""
        columns = [self._image, self._word]
        most, total = max(MAX_GROUP, MAX_RATIO * self.path.stat().st_size), 0
        for group in range(self._file.metadata.num_row_groups):
            with self.path.open("rb") as file:
                found = parquet_pages.unpacked(file, self._file.metadata, [group], columns)
            if found.page > parquet_pages.MAX_PAGE:
                raise ValueError(
                    f"a part of a column unpacks to {found.page:,} bytes at once, more than the "
                    f"{parquet_pages.MAX_PAGE:,} accepted; write it with smaller row groups"
                )
            total += found.pages
            if total > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            rows = found.rows_at_once(ROWS)
            yield from self._file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)

    def _label(self, value: Any) -> str:
        if not self._names:
            return "" if value is None else str(value)
        known = isinstance(value, int) and 0 <= value < len(self._names)
        return self._names[value].replace("_", " ") if known else ""


def _open(path: Path, word: str = "") -> Any:
    """A file whose words, if they are texts, are each held once: one that is there a thousand times is read once."""
    import pyarrow.parquet as pq

    with storage.open_regular(path) as file:  # raises where reading would never end
        parquet_pages.check_end(file)
    return pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False, read_dictionary=[word] if word else None)


def _value(words: Any, row: int) -> Any:
    """What a row of the column of words holds; ``None`` where that is too long for any word."""
    import pyarrow as pa

    if not isinstance(words, pa.DictionaryArray):
        return words[row].as_py()
    number = words.indices[row].as_py()
    value = None if number is None else words.dictionary[number]
    is_long = isinstance(value, pa.StringScalar | pa.LargeStringScalar) and value.as_buffer().size > MAX_LABEL
    return None if value is None or is_long else value.as_py()


def _content(value: Any) -> bytes | None:
    """The bytes of a picture; ``None`` where there are none, such as where only a path is given."""
    found = value.get("bytes") if isinstance(value, dict) else value
    return found if isinstance(found, bytes) else None


def _is_word(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind))


def _is_image(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _is_image(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _image_column(schema: Any, given: str, place: str) -> str:
    found = [name for name in schema.names if _is_image(schema.field(name).type)]
    listed = ", ".join(repr(name[:40]) for name in found[:12]) or "none"
    if given and given not in found:
        raise DatasetError(f"{place} has no column {given[:60]!r} of pictures; those that hold files: {listed}")
    usual = [name for name in found if name.lower() in IMAGES]
    if not given and len(found) != 1 and len(usual) != 1:
        raise DatasetError(
            f"which column of {place} holds the pictures? Say it with --image; those that could: {listed}"
        )
    return str(given or (usual or found)[0])


def _class_names(schema: Any, column: str) -> list[str]:
    """The names of the classes whose numbers a column holds, as Hugging Face writes them into the schema."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        names = features[column]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    fits = isinstance(names, list) and len(names) <= MAX_CLASSES and all(isinstance(name, str) for name in names)
    return names if fits else []
