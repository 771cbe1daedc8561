"""What Parquet files unpack to, told by their pages: bombs are refused before they are read, and all else is read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.soak import hostile_parquet as hostile
from cldi_core.data import parquet_pages, picture_shards, storage, word_table
from cldi_core.data.pictures import Pictures
from cldi_core.errors import DatasetError

LONG = "x" * 100_000


def pages(data: bytes, columns: list[str] | None = None) -> parquet_pages.Unpacked:
    footer = pq.read_metadata(io.BytesIO(data))
    return parquet_pages.unpacked(io.BytesIO(data), footer, range(footer.num_row_groups), columns)


def refused(path: Path, data: bytes, match: str) -> None:
    path.write_bytes(data)
    with pytest.raises(OSError, match=match):
        storage.read_frame(path)
    assert storage.whole_frame(path) is None


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["NONE", "snappy", "zstd", "gzip"])
def test_pages_are_counted_whatever_writes_them(version: str, compression: str) -> None:
    table = pa.table({"a": ["x" * 10] * 7, "b": [{"c": b"y" * 1000, "d": "z"}] * 7, "e": np.arange(7.0)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=compression, use_dictionary=False, row_group_size=3,
                   data_page_version=version)  # fmt: skip
    texts, files, numbers = (pages(sink.getvalue(), [name]) for name in ("a", "b.c", "e"))
    assert texts.pages >= 7 * 14 and texts.values >= 7 * (10 + parquet_pages.WIDTH)
    assert 7000 < files.pages < 7500 and files.page < 3500 and files.dictionary == 0
    assert numbers.values == numbers.numbers == 7 * parquet_pages.WIDTH
    assert pages(sink.getvalue()).pages > texts.pages + files.pages + numbers.pages


def test_a_text_of_a_dictionary_counts_for_each_row() -> None:
    found = pages(hostile.written({"word": hostile.repeated(1000, LONG)}))
    assert found.pages < 2 * len(LONG) and found.dictionary >= len(LONG) and found.values > 1000 * len(LONG)


def test_an_end_that_lies_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hostile.written({"word": [LONG] * 8}, 1, use_dictionary=False)
    lie = made
    for size in hostile._sizes(made, "word"):
        lie = hostile.lying(lie, size, 100)
    assert hostile._sizes(lie, "word") == [100] and pages(lie) == pages(made)
    monkeypatch.setattr(parquet_pages, "MAX_TABLE", 5 * len(LONG))
    refused(tmp_path / "a", lie, r"unpacks to 800,\d+ bytes")


def test_tables_that_are_no_tables_of_numbers_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delta = {"column_encoding": {"word": "DELTA_BYTE_ARRAY"}, "use_dictionary": False}
    refused(tmp_path / "a", hostile.written({"word": [LONG] * 3}, **delta), "written by what they share")
    refused(tmp_path / "a", hostile.deep(3), "lists or structures")
    refused(tmp_path / "a", hostile.written({"word": [[1]]}), "lists or structures")
    monkeypatch.setattr(parquet_pages, "MAX_CHUNKS", 3)
    refused(tmp_path / "a", hostile.written({"a": [1, 2, 3, 4]}, 1), "in more than the 3 parts")
    monkeypatch.setattr(parquet_pages, "MAX_END", 100)
    refused(tmp_path / "a", hostile.written({"a": [1]}), "its end has")


def test_what_could_be_large_is_read_if_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"word": [f"{number}" * 40 for number in range(50)] * 20, "x": np.arange(1000.0)})
    frame.loc[3, "word"] = None
    frame.attrs = {"key": "k"}
    storage.write_frame(tmp_path / "a", frame)
    at_once = storage.read_frame(tmp_path / "a")
    found = pages((tmp_path / "a").read_bytes())
    monkeypatch.setattr(parquet_pages, "MAX_TABLE", 150_000)
    assert found.pages + found.numbers < 150_000 < found.values
    pd.testing.assert_frame_equal(storage.read_frame(tmp_path / "a"), at_once)
    assert storage.is_whole(storage.read_frame(tmp_path / "a"))
    monkeypatch.setattr(parquet_pages, "MAX_TABLE", 50_000)
    refused(tmp_path / "a", (tmp_path / "a").read_bytes(), "unpacks to")


def test_a_table_of_nothing_is_read(tmp_path: Path) -> None:
    storage.write_frame(tmp_path / "a", pd.DataFrame({"word": pd.Series([], dtype="str")}))
    assert storage.read_frame(tmp_path / "a").empty


@pytest.mark.parametrize("place", range(4, 40, 3))
def test_broken_headers_of_pages_are_told(tmp_path: Path, place: int) -> None:
    made = hostile.written({"word": ["a", "b"]}, use_dictionary=False)
    for byte in (0, 0xFF, 0x15, 0x1C):
        (tmp_path / "a").write_bytes(made[:place] + bytes([byte]) * 6 + made[place + 6 :])
        try:
            storage.read_frame(tmp_path / "a")
        except (OSError, pa.ArrowException) as error:
            assert str(error)


@pytest.mark.parametrize("column", ["title", "image.bytes"])
def test_shards_whose_ends_lie_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    monkeypatch.setattr(hostile, "HUGE", 1_000_000)
    monkeypatch.setattr(picture_shards, "MAX_TEXTS", 5_000_000)
    monkeypatch.setattr(picture_shards, "MAX_GROUP", 500_000)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.parquet").write_bytes(hostile.lying_shard(column))
    found = Pictures(tmp_path / "images")
    assert len(found.ids) == 8, "its ids are no bomb"
    read = (lambda: found.about(["title"])) if column == "title" else (lambda: found.read(found.ids))
    with pytest.raises(DatasetError, match=r"bytes beside its pictures|bytes of pictures in a row group"):
        read()


def test_words_that_unpack_to_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "words.parquet"
    path.write_bytes(hostile.repeated_parts(hostile._words("sun", 10_000), 1))
    assert len(word_table.read(path).rows) == 10_000
    monkeypatch.setattr(word_table, "MANY", 1000)
    with pytest.raises(ValueError, match="10,000 rows in"):
        word_table.read(path)
    monkeypatch.setattr(word_table, "MANY", 10_000)
    monkeypatch.setattr(word_table, "MAX_UNPACKED", 1000)
    path.write_bytes(hostile.repeated_parts(hostile._words(LONG, 10), 1))
    with pytest.raises(ValueError, match="it unpacks to"):
        word_table.read(path)
    monkeypatch.undo()
    path.write_bytes(hostile.written({**hostile._words("sun", 9), "id": hostile.repeated(9, LONG)}))
    with pytest.raises(ValueError, match="ids that are not 32 hex digits"):
        word_table.read(path)
