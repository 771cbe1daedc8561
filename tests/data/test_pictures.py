"""Picture files of every awkward kind, and the shards that hold them."""

from __future__ import annotations

import base64
import io
import struct
import tracemalloc
import warnings
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from cldi_core.data import picture_shards, pictures
from cldi_core.data.pictures import Picture, Pictures, decode, picture_id, probe, thumbnail, write_shards
from cldi_core.data.thumbnails import strip
from cldi_core.errors import DatasetError, PictureError
from tests.conftest import draw, encoded, picture

RED = Image.new("RGB", (6, 4), (255, 0, 0))


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its data do not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00"))


def sixteen_bits() -> bytes:
    return encoded(Image.fromarray(np.array([[0, 20000], [40000, 65535]], np.uint16)))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def numbered(count: int) -> list[Picture]:
    """Small pictures that differ in their only pixel."""
    files = [encoded(Image.new("RGB", (1, 1), (number & 255, number >> 8, 0)), "BMP") for number in range(count)]
    return [Picture(data, f"{number}.bmp", 1, 1, licence="CC0-1.0") for number, data in enumerate(files)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(RED), (255, 0, 0)),
        (encoded(RED.convert("P")), (255, 0, 0)),
        (encoded(RED.convert("CMYK"), "TIFF"), (255, 0, 0)),
        (encoded(RED.convert("1")), (0, 0, 0)),
        (encoded(RED.convert("L")), (76, 76, 76)),
        (encoded(RED.convert("LA")), (76, 76, 76)),
        (encoded(Image.new("RGBA", (6, 4), (255, 0, 0, 0))), (255, 255, 255)),
        (encoded(Image.new("RGBA", (6, 4), (255, 0, 0, 51))), (255, 204, 204)),
        (encoded(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (6, 4), "blue")]), (255, 0, 0)),
    ],
    ids=["RGB", "palette", "CMYK", "1 bit", "grey", "grey with alpha", "transparent", "half transparent", "animated"],
)
def test_every_mode_becomes_rgb_on_white(data: bytes, expected: tuple[int, int, int]) -> None:
    assert probe(data) == (6, 4)
    image = decode(data)
    assert (image.mode, image.size) == ("RGB", (6, 4))
    assert image.getpixel((0, 0)) == expected


def test_a_cmyk_jpeg_keeps_its_colour() -> None:
    red, green, blue = decode(encoded(RED.convert("CMYK"), "JPEG", quality=95)).getpixel((3, 2))
    assert red > 240 and green < 15 and blue < 15


def test_sixteen_bits_keep_their_shades() -> None:
    grey = np.asarray(decode(sixteen_bits()))[:, :, 0]
    np.testing.assert_array_equal(grey, [[0, 20000 >> 8], [40000 >> 8, 255]])


def test_exif_orientation_is_applied() -> None:
    image = Image.new("RGB", (6, 4), "white")
    image.putpixel((0, 0), (0, 0, 0))
    exif = image.getexif()
    exif[0x0112] = 6  # turn a quarter clockwise
    turned = decode(encoded(image, exif=exif.tobytes()))
    assert turned.size == (4, 6)
    assert turned.getpixel((3, 0)) == (0, 0, 0)
    assert turned.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_shapes(size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size, "red"))
    assert probe(data) == size
    small = decode(data, 160)
    assert max(small.size) <= 160 and min(small.size) >= 1
    assert opened(thumbnail(data)).format == "WEBP"


def typed(kind: bytes) -> bytes:
    """The beginning of a file whose kind stands behind four bytes, as in HEIC and AVIF."""
    return b"\0\0\0\x18" + kind


NO_PICTURES = {
    "empty": (b"", "empty"),
    "html": (b"<html>not found</html>", "not a picture"),
    "zero bytes": (b"\x00" * 5000, "not a picture"),
    "pdf": (b"%PDF-1.7\n", "PDF is not supported"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not supported"),
    "svg in capitals": (b" \n<?XML version='1.0'?><!-- a drawing --><SVG/>", "SVG is not supported"),
    "svg after much": (b"<?xml version='1.0'?>" + b" " * 4071 + b"<svg/>", "SVG is not supported"),
    "svg after too much": (b"<?xml version='1.0'?>" + b" " * 4076 + b"<svg/>", "not a picture"),
    "xml": (b"<?xml version='1.0'?><html/>", "not a picture"),
    "svg in html": (b"<html><svg /></html>", "not a picture"),
    **{f"heic {kind}": (typed(b"ftyp" + kind.encode()), "HEIC is not supported")
       for kind in ("heic", "heix", "heim", "hevc", "mif1", "msf1")},
    **{kind: (typed(b"ftyp" + kind.encode()), "AVIF is not supported") for kind in ("avif", "avis")},
    **{kind: (typed(kind.encode()), "not a picture") for kind in ("ftypisom", "moovheic", "moovavif")},
    "ppm": (encoded(RED, "PPM"), "not a picture"),
    "cut PNG": (draw("sun")[:400], "broken picture"),
    "cut JPEG": (encoded(opened(draw("sun")), "JPEG")[:900], "broken picture"),
    "only a header": (claiming(3000, 3000), "broken picture"),
    "too large": (claiming(8000, 8000), "8000 × 8000 pixels are more than the 50,000,000"),
    "bomb that Pillow warns of": (claiming(12000, 12000), "12000 × 12000 pixels are more than the 50,000,000"),
    "bomb that Pillow refuses": (claiming(60000, 60000), "more pixels than the 50,000,000"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), NO_PICTURES.values(), ids=list(NO_PICTURES))
def test_what_is_no_picture_says_why(data: bytes, reason: str) -> None:
    for read in (probe, decode):
        with warnings.catch_warnings(), pytest.raises(PictureError) as caught:
            warnings.simplefilter("error")
            read(data)
        assert reason in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_thumbnail_is_small() -> None:
    data = encoded(Image.new("RGB", (400, 200), "red"))
    image = opened(thumbnail(data, 160))
    assert (image.format, image.size) == ("WEBP", (160, 80))
    small = encoded(RED, "WEBP")
    assert thumbnail(small, 160) is small
    large = encoded(Image.new("RGB", (400, 200), "red"), "WEBP")
    assert opened(thumbnail(large, 160)).size == (160, 80)


def parsed(svg: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace(b' xmlns="http://www.w3.org/2000/svg"', b""))


def test_a_strip_embeds_the_files_side_by_side() -> None:
    files = [encoded(Image.new("RGB", (64, 64), colour), "WEBP") for colour in ("red", "blue")]
    root = parsed(strip(files, 64))
    assert (root.get("width"), root.get("height")) == ("132", "64")
    assert [image.get("x") for image in root.iter("image")] == ["0", "68"]
    embedded = [base64.b64decode(image.get("href", "").partition(",")[2]) for image in root.iter("image")]
    assert embedded == files
    assert not list(parsed(strip([], 64)))


def test_shards_open_as_hugging_face_images(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, [picture("sun"), picture("ring")])
    table = pq.read_table(path)
    assert table.schema.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    assert table.column("image")[1].as_py() == {"bytes": draw("ring"), "path": "en/ring-0.png"}
    assert {"id", "width", "height", *pictures.META} <= set(table.column_names)
    assert table.column("id")[0].as_py() == picture_id(draw("sun"))


def test_what_was_stored_is_read_back(tmp_path: Path) -> None:
    drawn = [picture("sun"), picture("ring", "de", licence="CC-BY-4.0")]
    write_shards(tmp_path, drawn)
    stored = Pictures(tmp_path)
    assert stored.read([drawn[1].id, "0" * 32, drawn[0].id, drawn[1].id]) == {each.id: each.data for each in drawn}
    row = stored.table.loc[drawn[1].id]
    assert (row["licence"], row["provider"], row["width"]) == ("CC-BY-4.0", "tests", 96)
    assert stored.path_of(drawn[1].id) == "de/ring-0.png"


def test_pictures_are_found_by_file_name(tmp_path: Path) -> None:
    drawn = [picture("sun"), picture("ring", "de"), picture("sun", "de"), replace(picture("cross"), path="")]
    write_shards(tmp_path, drawn)
    names = Pictures(tmp_path).names()
    known = {each.path: each.id for each in drawn[:3]} | {"ring-0.png": drawn[1].id} | {drawn[3].id: drawn[3].id}
    assert names.find([*known]) == [*known.values()]
    assert names.find(["sun-0.png", "", "xx/ring-0.png", "\udcff", "ring-0.png"]) == [*[""] * 4, drawn[1].id]
    assert names.find([]) == [] and Pictures(tmp_path / "none").names().find(["a", drawn[0].id]) == ["", ""]


def test_of_pictures_in_several_shards_the_first_of_a_name_is_found(tmp_path: Path) -> None:
    """The second shard has a picture of the first again, which alone is called ``b.png``, and another ``x/a.png``."""
    one, other = replace(picture("sun"), path="x/a.png"), replace(picture("ring"), path="x/a.png")
    write_shards(tmp_path / "1", [one])
    write_shards(tmp_path / "2", [other, replace(one, path="y/b.png")])
    for number, folder in enumerate("12"):
        next((tmp_path / folder).iterdir()).rename(tmp_path / f"part-{number}.parquet")
    names = Pictures(tmp_path).names()
    assert names.find(["x/a.png", "a.png", "b.png", "y/b.png"]) == [one.id, "", one.id, one.id]


def test_names_of_files_take_some_fifty_bytes_a_picture(tmp_path: Path) -> None:
    """Twice the 16 of a digest, 4 of their order and 4 of the picture."""
    write_shards(tmp_path, numbered(4000))
    found = Pictures(tmp_path)
    assert len(found.ids) == 4000
    tracemalloc.start()
    names = found.names()
    assert names.find(["0.bmp", "3999.bmp"]).count("") == 0
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 100 * 4000


def test_one_picture_is_fetched_by_reading_its_row_group_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = numbered(40)
    (path,) = write_shards(tmp_path, many)
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [16, 16, 8]
    stored = Pictures(tmp_path)
    assert len(stored.table) == 40
    groups: list[int] = []

    class Counting(pq.ParquetFile):
        def read_row_group(self, i: int, *args: object, **options: object) -> object:
            groups.append(i)
            return super().read_row_group(i, *args, **options)

        def read(self, *args: object, **options: object) -> object:
            raise AssertionError("the whole shard was read")

    monkeypatch.setattr(pq, "ParquetFile", Counting)
    assert stored.read([many[37].id]) == {many[37].id: many[37].data}
    assert groups == [2]
    found = stored.read([many[20].id, many[3].id, many[16].id])
    assert found == {many[number].id: many[number].data for number in (3, 16, 20)}
    assert sorted(groups[1:]) == [0, 1]


def test_long_lists_are_split_into_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SHARD", 10)
    many = numbered(25)
    assert len(write_shards(tmp_path, many)) == 3
    stored = Pictures(tmp_path)
    assert sorted(stored.table.groupby("shard").size()) == [5, 10, 10]
    assert stored.read([each.id for each in many]) == {each.id: each.data for each in many}


def test_equal_pictures_give_the_same_shard_which_is_left_alone(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, [picture("sun")])
    before = path.stat()
    assert write_shards(tmp_path, [picture("sun")]) == [path]
    assert path.stat().st_ino == before.st_ino and path.stat().st_mtime_ns == before.st_mtime_ns
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_picture_in_two_shards_counts_once(tmp_path: Path) -> None:
    write_shards(tmp_path, [picture("sun"), picture("ring")])
    write_shards(tmp_path, [picture("sun"), picture("cross")])
    stored = Pictures(tmp_path)
    assert len(stored.shards) == 2
    assert len(stored.table) == 3 and stored.table.index.is_unique
    assert stored.read([picture("sun").id]) == {picture("sun").id: draw("sun")}


def test_a_folder_without_shards_is_empty(tmp_path: Path) -> None:
    stored = Pictures(tmp_path / "none")
    assert len(stored.table) == 0 and stored.read(["x"]) == {}
    assert {"width", "licence", "concept"} <= set(stored.table.columns)


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, [picture("sun")])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DatasetError, match=f"shard '{path.name}' cannot be read.*import its pictures again"):
        _ = Pictures(tmp_path).table


def test_a_shard_without_ids_is_named_and_one_without_provenance_is_read(tmp_path: Path) -> None:
    files = {"image": [{"bytes": draw("sun"), "path": "sun.png"}]}
    pq.write_table(pa.table(files | {"id": [picture_id(draw("sun"))]}), tmp_path / "a.parquet")
    assert Pictures(tmp_path).table["licence"].tolist() == [""]
    pq.write_table(pa.table(files), tmp_path / "b.parquet")
    with pytest.raises(DatasetError, match=r"'b\.parquet' has no column 'id'"):
        _ = Pictures(tmp_path).table


def test_a_shard_that_is_broken_in_the_middle_is_named(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, numbered(40))
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:4] + b"\xff" * half + whole[4 + half :])
    with pytest.raises(DatasetError, match=rf"{path.name}.* cannot be read .*; import its pictures again"):
        Pictures(tmp_path).read(Pictures(tmp_path).table.index)


def test_shards_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    """Each is read with what was parsed of its own end, also where one process reads both."""
    for folder, count in (("a", 3), ("b", 40)):
        (path,) = write_shards(tmp_path / folder, numbered(count))
        path.rename(path.with_name("part.parquet"))
    for _ in range(2):
        for folder, count in (("a", 3), ("b", 40)):
            rows = picture_shards.read_group(tmp_path / folder / "part.parquet", 0)
            assert len(rows) == min(count, picture_shards.ROW_GROUP)
            assert rows[2].as_py()["path"] == "2.bmp"
    assert len(picture_shards.read_group(tmp_path / "b" / "part.parquet", 2)) == 8


def test_a_shard_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path / "a", numbered(40))
    assert len(picture_shards.read_group(path, 2)) == 8
    (other,) = write_shards(tmp_path / "b", numbered(35))
    other.replace(path)
    assert len(picture_shards.read_group(path, 2)) == 3


def test_what_is_kept_of_shards_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(picture_shards.FOOTERS + 20):
        (path,) = write_shards(tmp_path, numbered(1 + number % 200))
        path = path.rename(tmp_path / f"{number}.parquet")
        assert len(picture_shards.read_group(path, 0)) == min(1 + number % 200, picture_shards.ROW_GROUP)
    kept = picture_shards._footer.cache_info()
    assert kept.currsize <= kept.maxsize == picture_shards.FOOTERS
    read = kept.misses
    picture_shards.read_group(path, 0)
    assert picture_shards._footer.cache_info().misses == read, "the newest is still there"


def test_a_picture_that_cannot_be_converted_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> Image.Image:
        raise ValueError("conversion not supported")

    data = encoded(RED.convert("P"))
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(PictureError, match="broken picture: conversion not supported"):
        decode(data)


def test_a_shard_tells_at_its_end_whether_any_picture_has_a_concept(tmp_path: Path) -> None:
    write_shards(tmp_path / "plain", numbered(3))
    (plain,) = (tmp_path / "plain").glob("*.parquet")
    table = pq.read_table(plain)
    place = table.column_names.index("concept")

    def stored(name: str, values: list[str | None] | None, **how: object) -> Path:
        column = None if values is None else pa.array(values, pa.string())
        changed = table.drop_columns(["concept"]) if column is None else table.set_column(place, "concept", column)
        pq.write_table(changed, tmp_path / name, **how)
        return tmp_path / name

    assert picture_shards.lacks(plain, "concept") and not picture_shards.lacks(plain, "id")
    assert picture_shards.lacks(stored("null.parquet", [None] * 3), "concept")
    assert picture_shards.lacks(stored("both.parquet", [None, "", None]), "concept")
    assert picture_shards.lacks(stored("without.parquet", None), "concept")
    assert not picture_shards.lacks(stored("one.parquet", ["", None, "sun"]), "concept")
    assert not picture_shards.lacks(stored("groups.parquet", ["", "", "sun"], row_group_size=1), "concept")
    assert not picture_shards.lacks(stored("untold.parquet", [""] * 3, write_statistics=False), "concept")


def test_shards_without_a_concept_are_not_looked_through_for_concepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, three = numbered(2), numbered(5)[2:]
    write_shards(tmp_path, two)
    write_shards(tmp_path, [replace(one, concept="sun") for one in three])
    read, real = [], picture_shards.read_origins
    monkeypatch.setattr(picture_shards, "read_origins", lambda path, names: (read.append(path), real(path, names))[1])
    assert Pictures(tmp_path).concepts == {one.id: "sun" for one in three}
    assert len(read) == 1 and len(list(tmp_path.glob("*.parquet"))) == 2
