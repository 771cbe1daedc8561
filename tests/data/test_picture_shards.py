"""Shards that somebody else wrote: what is no shard of pictures, or too large to read, is told in one line."""

from __future__ import annotations

import gc
import resource
import weakref
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cldi_core.data import fingerprints, parquet_pages, picture_shards
from cldi_core.data.pictures import META, Picture, Pictures, picture_id, write_shards
from cldi_core.errors import DatasetError
from cldi_core.features import decoding
from cldi_core.features.backbones import Preprocessing
from tests.conftest import draw, picture

KEY = picture_id(draw("sun"))
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def shard(folder: Path, count: int = 1, options: dict[str, object] | None = None, **columns: object) -> Path:
    table = {"id": [KEY] * count, "image": pa.array([{"bytes": draw("sun"), "path": "sun.png"}] * count, IMAGE)}
    named = {name: column for name, column in (table | columns).items() if column is not None}
    pq.write_table(pa.table(named), folder / "a.parquet", **(options or {}))
    return folder / "a.parquet"


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "no pictures": ({"image": None}, "has no column 'image'"),
    "no ids": ({"id": None}, "has no column 'id'"),
    "pictures of another type": ({"image": ["x"]}, "has a column 'image' of type string"),
    "other parts of pictures": ({"image": [{"data": b"x"}]}, "has a column 'image' of type struct<data"),
    "ids that are numbers": ({"id": [7]}, "has a column 'id' of type int64"),
    "ids of another kind": ({"id": ["../../etc"]}, "has ids that are not 32 hex digits"),
    "ids that are too long": ({"id": [KEY + "0"]}, "has ids that are not 32 hex digits"),
    "no id": ({"id": pa.array([None], pa.string())}, "has ids that are not 32 hex digits"),
    "widths that are words": ({"width": ["wide"]}, "cannot be read"),
    "licences that are lists": ({"licence": [["a", "b"]]}, "cannot be read"),
    "another encoding": ({"options": {"use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}}},
                         "for encodings of 'id'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_shard_of_pictures_says_so(tmp_path: Path, name: str) -> None:
    shard(tmp_path, **WRONG[name][0])  # type: ignore[arg-type]
    for read in (lambda: Pictures(tmp_path).table, lambda: Pictures(tmp_path).known([KEY])):
        with pytest.raises(DatasetError) as caught:
            read()
        assert WRONG[name][1] in str(caught.value)
        assert "\n" not in str(caught.value) and str(caught.value).endswith("; import its pictures again")


def test_texts_may_be_missing_empty_or_of_other_types(tmp_path: Path) -> None:
    shard(tmp_path, title=pa.array([None], pa.null()), licence=[7], author=pa.array(["me"]).dictionary_encode())
    (row,) = Pictures(tmp_path).table.itertuples()
    assert (row.licence, row.author, row.provider) == ("7", "me", "")
    assert Pictures(tmp_path).read([KEY]) == {KEY: draw("sun")}


def test_shards_of_before_there_were_titles_have_none(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, [picture("sun")])
    table = pq.read_table(path)
    assert "title" in table.column_names and "title" in META
    pq.write_table(table.drop_columns(["title"]), path)
    assert Pictures(tmp_path).table["title"].tolist() == [""]


BOMBS: dict[str, tuple[dict[str, object], str]] = {
    "many rows": ({"count": 1, "rows": 30_000_000}, "has 30,000,000 rows, more than the 100,000 that are accepted"),
    "one long text for all": ({"count": 90_000, "licence": "x" * 100_000}, "bytes beside its pictures, more than"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_of_endless_content_is_refused_by_its_footer(tmp_path: Path, name: str) -> None:
    about, why = BOMBS[name]
    if rows := about.get("rows"):
        schema = pa.schema({"id": pa.string(), "image": IMAGE})
        part = pa.table({"id": pa.nulls(1_000_000, pa.string()), "image": pa.nulls(1_000_000, IMAGE)}, schema=schema)
        with pq.ParquetWriter(tmp_path / "a.parquet", schema) as writer:
            for _ in range(int(str(rows)) // 1_000_000):
                writer.write_table(part)
    else:
        count = int(str(about["count"]))
        text = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([about["licence"]]))
        nothing = pa.nulls(count, IMAGE)
        pq.write_table(pa.table({"id": [KEY] * count, "image": nothing, "licence": text}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 2_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DatasetError, match=why):
        _ = Pictures(tmp_path).table
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "kB"


def test_one_picture_that_is_there_a_thousand_times_takes_its_bytes_once(tmp_path: Path) -> None:
    large = draw("sun") + bytes(1_000_000)
    path = shard(tmp_path, 300, image=pa.array([{"bytes": large, "path": "x"}] * 300, IMAGE))
    assert path.stat().st_size < 2_100_000
    column = picture_shards.read_group(path, 0)
    assert len(column) == 300 and column.nbytes < 2_100_000 and column[299].as_py()["bytes"] == large


def test_pictures_larger_than_any_that_is_imported_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [{"bytes": bytes(size), "path": "x"} for size in (10, 5000, 20)]
    for dictionary in (True, False):
        path = shard(tmp_path, 3, {"use_dictionary": dictionary}, image=pa.array(images, IMAGE))
        with monkeypatch.context() as patched:
            patched.setattr(picture_shards, "MAX_PICTURE", 4999)
            picture_shards._read_last._kept.clear()
            with pytest.raises(DatasetError, match="has a picture of 5,000 bytes, more than the 4,999 accepted"):
                picture_shards.read_group(path, 0)
        assert len(picture_shards.read_group(path, 0)) == 3


def test_one_row_group_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of before is let go of before the next one is read, by all who read one after the other."""
    drawn = [picture("sun", variant=number) for number in range(5)]
    (path,) = write_shards(tmp_path / "images", drawn)
    pq.write_table(pq.read_table(path), path, row_group_size=1)
    read, groups = picture_shards._read_group, []

    def spied(path: Path, group: int) -> object:
        gc.collect()  # of what came since this test began
        assert [one for one in groups if one() is not None] == []
        column = read(path, group)
        held = Held(column)
        groups.append(weakref.ref(held))
        return held

    monkeypatch.setattr(picture_shards, "_read_group", spied)
    monkeypatch.setattr(picture_shards, "_read_last", picture_shards._Last(0))
    found = Pictures(tmp_path / "images")
    places = [(path, group, 0) for group in range(5)]
    gc.freeze()
    try:
        assert [key for key, _ in found.files(found.ids)] == [*found.ids]
        assert [*fingerprints._files(found, path, slice(0, 5))] == [[one.data] for one in drawn]
        assert all(one.rows is not None for one in decoding.decode_places(places, Preprocessing(resized=32, size=32)))
    finally:
        gc.unfreeze()
    assert len(groups) == 15


class Held:
    """A column that can be asked after."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column, self.nbytes = column, column.nbytes

    def __getitem__(self, row: int) -> object:
        return self.column[row]


def test_a_shard_is_read_in_tables_of_few_rows_where_these_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_shards(tmp_path, [Picture(bytes([number]) * 200, "x.png", 9, 9) for number in range(20)])
    tables = [*picture_shards.tables(path)]
    assert [len(table) for table in tables] == [16, 4]
    assert pa.concat_tables(tables).equals(pq.read_table(path))
    assert picture_shards.schema(path).equals(pq.read_schema(path))
    monkeypatch.setattr(parquet_pages, "MAX_PAGE", 1)
    assert [len(table) for table in picture_shards.tables(path)] == [1] * 20
    monkeypatch.setattr(picture_shards, "MAX_GROUP", 1000)
    with pytest.raises(DatasetError, match="bytes of pictures in a row group, more than 1,000"):
        [*picture_shards.tables(path)]


def test_a_footer_is_let_go_of_at_once(tmp_path: Path) -> None:
    """What waits for the garbage collector is a megabyte a shard, in each process that decodes."""
    shard(tmp_path)
    gc.collect()
    gc.disable()
    try:
        assert len(Pictures(tmp_path).ids) == 1
        picture_shards.forget(0)
        assert "ParquetSchema" not in {type(held).__name__ for held in gc.get_objects()}
    finally:
        gc.enable()
    assert picture_shards._footer.cache_info().currsize == 0


def test_the_groups_that_were_read_last_are_kept_and_no_more_than_so_many_bytes() -> None:
    last = picture_shards._Last(size=1600)
    columns = {number: pa.array([bytes(80)], pa.binary()) for number in range(40)}
    for number, column in columns.items():
        assert last.keep(number, column) is column
    kept = [number for number in columns if last.get(number) is not None]
    assert kept == list(range(40 - len(kept), 40)) and 0 < sum(columns[number].nbytes for number in kept) <= 1600
    last.keep("large", pa.array([bytes(1000)], pa.binary()))
    assert last.get("large") is None, "one alone would take the place of all others"


def test_a_shard_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = shard(tmp_path)
    before = picture_shards.read_group(path, 0)
    assert picture_shards.read_group(path, 0) is before
    shard(tmp_path, image=pa.array([{"bytes": b"another", "path": "sun.png"}], IMAGE))
    assert picture_shards.read_group(path, 0)[0].as_py()["bytes"] == b"another"
