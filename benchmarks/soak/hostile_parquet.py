"""Parquet files that were made to do harm: little that unpacks to much, and ends that say less than what is there."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

LONG, HUGE = 1_000_000, 300_000_000  # bytes of one text


def written(columns: dict[str, Any], rows: int | None = None, **how: Any) -> bytes:
    """A Parquet file of some columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd", row_group_size=rows, **how)
    return sink.getvalue()


def varint(value: int, length: int = 0) -> bytes:
    """A whole number as Thrift's compact protocol has it, in at least so many bytes."""
    left, made = value << 1, bytearray()  # none is negative
    while left > 0x7F or len(made) + 1 < length:
        made.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*made, left])


def lying(data: bytes, truth: int, lie: int) -> bytes:
    """The file with an end that says ``lie`` in place of ``truth``, wherever it does."""
    size = int.from_bytes(data[-8:-4], "little")
    body, end = data[: -8 - size], data[-8 - size :]
    told = varint(truth)
    if told not in end:
        raise ValueError(f"the end does not say {truth}")
    return body + end.replace(told, varint(lie, len(told)))


def _sizes(data: bytes, column: str) -> list[int]:
    import pyarrow.parquet as pq

    about = pq.read_metadata(io.BytesIO(data))
    groups = map(about.row_group, range(about.num_row_groups))
    chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
    return sorted({chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema == column})


def _shard(count: int, title: Any, size: int = 10) -> dict[str, Any]:
    import pyarrow as pa

    keys = [f"{number:032x}" for number in range(count)]
    image = pa.array([{"bytes": bytes(size), "path": "x.png"}] * count)
    return {"id": keys, "image": image, "title": title}


def repeated(count: int, text: str) -> Any:
    """A text so many times, as a dictionary."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))


def lying_shard(column: str) -> bytes:
    """A shard of which one column unpacks to 2.4 GB, of which its end says nothing."""
    title = "x" * (HUGE if column == "title" else 1)
    made = written(
        _shard(8, [title] * 8, 10 if column == "title" else HUGE), 1, use_dictionary=False, data_page_size=1 << 30
    )
    for size in _sizes(made, column):
        made = lying(made, size, 100)
    return made


def lying_frame() -> bytes:
    """A table of 2.4 GB of texts, of which its end says nothing."""
    made = written({"word": ["x" * HUGE] * 8}, 1, use_dictionary=False, data_page_size=1 << 30)
    for size in _sizes(made, "word"):
        made = lying(made, size, 100)
    return made


def deep(depth: int) -> bytes:
    """A column of structures in structures."""
    import pyarrow as pa

    column: Any = pa.array([1])
    for _ in range(depth):
        column = pa.StructArray.from_arrays([column], ["a"])
    return written({"a": column})


def repeated_parts(columns: dict[str, Any], count: int, **how: Any) -> bytes:
    """A table that is there so many times, each time in a row group of its own."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, table = io.BytesIO(), pa.table(columns)
    with pq.ParquetWriter(sink, table.schema, compression="zstd", store_schema=False, **how) as writer:
        for _ in range(count):
            writer.write_table(table, row_group_size=len(table))
    return sink.getvalue()


def many_rows(count: int) -> bytes:
    """So many rows that are all the same, as words have them."""
    import pyarrow as pa

    step = 10_000_000
    texts = {"language": "en", "word": "sun", "id": "0" * 32}
    columns = {name: repeated(step, text) for name, text in texts.items()}
    columns["position"] = pa.array(np.zeros(step, np.int64))
    return repeated_parts({name: columns[name] for name in ("language", "word", "position", "id")}, count // step)


def long_lists() -> bytes:
    """Five rows of lists of 400 million zeros each."""
    import pyarrow as pa

    row = pa.ListArray.from_arrays(pa.array([0, 400_000_000], pa.int32()), pa.array(np.zeros(400_000_000, np.int8)))
    return repeated_parts({"word": row}, 5)


def _words(word: str, count: int) -> dict[str, Any]:
    texts = {"language": repeated(count, "en"), "word": repeated(count, word)}
    return {**texts, "position": np.zeros(count, np.int64), "id": repeated(count, "0" * 32)}


_DELTA = {"column_encoding": {"word": "DELTA_BYTE_ARRAY"}, "use_dictionary": False}
LABEL = {"column_encoding": {"label": "DELTA_BYTE_ARRAY"}, "use_dictionary": False}


def _labelled(text: str, count: int) -> dict[str, Any]:
    import pyarrow as pa

    return {"image": pa.array([{"bytes": b"x", "path": "x"}] * count), "label": repeated(count, text)}


WHOLE = {"data_page_size": 1 << 30, "dictionary_pagesize_limit": 1 << 30}  # all values in one page


def _bytes(size: int, rows: int) -> Any:
    """A column of pictures, so many bytes together."""
    import pyarrow as pa

    return pa.array([{"bytes": bytes([number]) * (size // rows - 16), "path": "x"} for number in range(rows)])


def largest_shard(size: int, rows: int, **how: Any) -> bytes:
    """A shard of two row groups of so many bytes of pictures."""
    return repeated_parts({**_shard(rows, ["x"] * rows), "image": _bytes(size, rows)}, 2, **how)


def largest_labelled(size: int, rows: int, **how: Any) -> bytes:
    """Labelled pictures in two pages of so many bytes."""
    return repeated_parts({"image": _bytes(size, rows), "label": ["x"] * rows}, 2, **how)


def largest_table(size: int, text: str) -> bytes:
    """A table of one text again and again, of so many bytes as its pages say."""
    each = len(text.encode()) + 12
    return written({"word": [text] * (size // each)}, max(1, 50_000_000 // each), use_dictionary=False)


# What it is → the kind of file, and what makes it.
CRAFTED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a shard whose titles unpack to 2.4 GB, unsaid": ("shard.parquet", lambda: lying_shard("title")),
    "a shard whose pictures unpack to 2.4 GB, unsaid": ("shard.parquet", lambda: lying_shard("image.bytes")),
    "a shard of 50,000 titles of 1 MB each": (
        "shard.parquet", lambda: written(_shard(50_000, repeated(50_000, "x" * LONG)), 50_000)),
    "a table that unpacks to 2.4 GB, unsaid": ("frame.parquet", lying_frame),
    "a table of 100,000 texts of 1 MB, which is there once": (
        "frame.parquet", lambda: repeated_parts({"word": repeated(100_000, "x" * LONG)}, 1)),
    "a table of 4,000 texts of 1 MB, each as the one before": (
        "frame.parquet", lambda: repeated_parts({"word": ["x" * LONG] * 100}, 40, **_DELTA)),
    "a table of 500 million numbers": (
        "frame.parquet", lambda: repeated_parts({"rank": np.zeros(10_000_000, np.int64)}, 50)),
    "a table of lists of 400 million zeros": ("frame.parquet", long_lists),
    "a table of 100,000 parts": ("frame.parquet", lambda: repeated_parts({"rank": np.zeros(1, np.int64)}, 100_000)),
    "a table of 20,000 columns": (
        "frame.parquet", lambda: written({f"c{number}": np.zeros(1) for number in range(20_000)})),
    "a table of a structure 500 deep": ("frame.parquet", lambda: deep(500)),
    "words of 200 million rows": ("words.parquet", lambda: many_rows(200_000_000)),
    "words of a text of 1 MB 1,000,000 times": (
        "words.parquet", lambda: repeated_parts(_words("x" * LONG, 1_000_000), 1)),
    "a shard of row groups as large as are accepted": (
        "shard.parquet", lambda: largest_shard(245_000_000, 16, use_dictionary=False, **WHOLE)),
    "a shard of dictionaries as large as are accepted": (
        "shard.parquet", lambda: largest_shard(245_000_000, 16, **WHOLE)),
    "a shard of one picture that fills a row group": (
        "shard.parquet", lambda: largest_shard(245_000_000, 1, **WHOLE)),
    "a shard of as many bytes of titles as are accepted": (
        "shard.parquet", lambda: written(_shard(8, ["x" * 61_000_000] * 8), use_dictionary=False, **WHOLE)),
    "a table of as many bytes of short texts as are accepted": (
        "frame.parquet", lambda: largest_table(590_000_000, "ü" * 20)),
    "a table of as many bytes of long texts as are accepted": (
        "frame.parquet", lambda: largest_table(590_000_000, "ü" * 4_900_000)),
    "a table of as many numbers as are accepted": (
        "frame.parquet", lambda: repeated_parts({"rank": np.zeros(1_000_000)}, 74)),
    "labelled pictures in pages as large as are accepted": (
        "labelled.parquet", lambda: largest_labelled(195_000_000, 1, use_dictionary=False, **WHOLE)),
    "labelled pictures in dictionaries as large as are accepted": (
        "labelled.parquet", lambda: largest_labelled(195_000_000, 1, **WHOLE)),
    "labels of 1 MB, which is there once": (
        "labelled.parquet", lambda: repeated_parts(_labelled("x" * LONG, 100_000), 1)),
    "labels of 1 MB, each as the one before": (
        "labelled.parquet", lambda: repeated_parts(_labelled("x" * LONG, 100), 40, **LABEL)),
    "labelled pictures in 20,000 parts": (
        "labelled.parquet", lambda: repeated_parts(_labelled("x", 1), 20_000)),
}  # fmt: skip
