"""Pictures of every depth, order of bytes and orientation: what is shown, measured and fed to a network."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.soak import hostile_crafted
from cldi_core.data import picture_formats
from cldi_core.data.picture_formats import still_webp
from cldi_core.data.pictures import decode, examine, is_thumbnail, probe, thumbnail
from cldi_core.errors import PictureError
from cldi_core.features.backbones import Preprocessing
from cldi_core.features.decoding import prepare
from tests.conftest import encoded

SHADES = np.array([[0, 64], [128, 255]])
KINDS = ("JPEG", "PNG", "WEBP", "TIFF")


def tiff(values: np.ndarray, order: str = "<", sign: int | None = None) -> bytes:
    """A grey TIFF of any numbers; ``sign``: its SampleFormat (1 without a sign, 2 with one, 3 fractions)."""
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    rows, columns = values.shape
    formats = {} if sign is None else {339: sign}
    tags = {256: columns, 257: rows, 258: values.dtype.itemsize * 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: rows,
            279: len(data), **formats}  # fmt: skip
    tags[273] = 14 + 12 * len(tags)
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items())
    start = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return start + entries + bytes(4) + data


def shades(data: bytes) -> list[list[int]]:
    assert probe(data) == (2, 2)
    image = decode(data)
    assert image.mode == "RGB"
    return np.asarray(image)[..., 0].tolist()


GREY: dict[str, bytes] = {
    "8 bits": tiff(SHADES.astype(np.uint8)),
    "PNG of 16 bits": encoded(Image.fromarray((SHADES * 257).astype(np.uint16))),
    "fractions of one": tiff((SHADES / 255).astype(np.float32), sign=3),
    "fractions of one, big-endian": tiff((SHADES / 255).astype(np.float32), ">", 3),
    "fractions up to 255": tiff(SHADES.astype(np.float32), sign=3),
    "fractions up to many": tiff((SHADES * 1000).astype(np.float32), sign=3),
    "fractions below nothing": tiff((SHADES * 0.01 - 2).astype(np.float32), sign=3),
    "8 bits in 32": tiff(SHADES.astype(np.int32), sign=2),
    "16 bits in 32": tiff((SHADES * 257).astype(np.int32), sign=2),
    "32 bits": tiff((SHADES * (2**23 - 1)).astype(np.int32), sign=2),
    "32 bits, big-endian": tiff((SHADES * (2**23 - 1)).astype(np.int32), ">", 2),
    "32 bits below nothing": tiff((SHADES * 2**22 - 2**29).astype(np.int32), sign=2),
    "32 bits without a sign": tiff((SHADES * 0x01010101).astype(np.uint32), sign=1),
    "32 bits that do not say": tiff((SHADES * 0x01010101).astype(np.uint32)),
    **{
        f"16 bits {order}{sign}": tiff((SHADES * 257).astype(np.uint16), order, sign)
        for order in "<>"
        for sign in (None, 1)
    },
    **{f"16 bits with a sign {order}": tiff((SHADES * 100 - 9000).astype(np.int16), order, 2) for order in "<>"},
}


@pytest.mark.parametrize("name", GREY)
def test_grey_of_any_depth_keeps_its_shades(name: str) -> None:
    assert shades(GREY[name]) == SHADES.tolist()
    small = np.asarray(Image.open(io.BytesIO(thumbnail(GREY[name]))).convert("L"), int)
    assert np.abs(small - SHADES).max() < 16, "also in small, but for what WebP loses"
    square = prepare(GREY[name], Preprocessing(2, 2, "nearest"))
    assert square[..., 0].tolist() == SHADES.tolist()


@pytest.mark.parametrize("values", [[[0, np.nan], [np.inf, 1]], [[0, 0], [0, 0]], [[1e38, -1e38], [0, 0]],
                                    [[np.nan] * 2] * 2, [[np.inf, -np.inf], [np.nan, 0.5]]])  # fmt: skip
def test_numbers_that_are_none_harm_nothing(values: list[list[float]]) -> None:
    found = shades(tiff(np.array(values, np.float32), sign=3))
    assert np.array(found).shape == (2, 2)
    if values[0][0] == 0 and np.isnan(values[0][1]):
        assert found == [[0, 0], [255, 255]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_measured_is_what_is_decoded(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (300, 100), "white")
    image.paste("red", (0, 0, 100, 100))
    data = encoded(image, kind, exif=exif)
    expected = (100, 300) if orientation >= 5 else (300, 100)
    assert probe(data) == decode(data).size == expected
    small = Image.open(io.BytesIO(thumbnail(data, 30)))
    assert small.size == ((10, 30) if orientation >= 5 else (30, 10)) and small.getexif().get(0x0112, 1) == 1
    place = {1: (0, 0), 2: (9, 0), 3: (9, 0), 4: (0, 0), 5: (0, 0), 6: (0, 0), 7: (0, 9), 8: (0, 9)}[orientation]
    red, green, _ = decode(data, 30).resize((10, 10)).getpixel(place)
    assert red > 200 and green < 90, "and it is turned the right way"


def test_a_small_webp_that_is_turned_or_moves_is_made_anew() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(Image.new("RGB", (30, 10)), "WEBP", exif=exif)
    moving = encoded(
        Image.new("RGB", (30, 10)), "WEBP", save_all=True, append_images=[Image.new("RGB", (30, 10), "red")]
    )
    plain = encoded(Image.new("RGB", (30, 10)), "WEBP")
    assert Image.open(io.BytesIO(thumbnail(turned))).size == (10, 30)
    assert getattr(Image.open(io.BytesIO(thumbnail(moving))), "n_frames", 1) == 1
    assert thumbnail(plain) is plain


@pytest.mark.parametrize("exif", [b"Exif\0\0junk and more junk", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_data_turn_nothing_and_spoil_nothing(exif: bytes) -> None:
    data = encoded(Image.new("RGB", (30, 10), "red"), "JPEG", exif=exif, quality=95)
    assert probe(data) == decode(data).size == (30, 10)
    assert decode(data).getpixel((0, 0))[0] > 240


RED = Image.new("RGB", (30, 10), (255, 0, 0))
BLUE = Image.new("RGB", (30, 10), (0, 0, 255))
OTHERS: dict[str, tuple[bytes, tuple[int, int, int]]] = {
    "MPO": (encoded(RED, "MPO", save_all=True, append_images=[BLUE], quality=95), (254, 0, 0)),
    "an animated PNG": (encoded(RED, save_all=True, append_images=[BLUE]), (255, 0, 0)),
    "an animated WebP": (encoded(RED, "WEBP", save_all=True, append_images=[BLUE], lossless=True), (255, 0, 0)),
    "a TIFF of two pages": (encoded(RED.copy(), "TIFF", save_all=True, append_images=[BLUE.copy()]), (255, 0, 0)),
    "CMYK": (encoded(RED.convert("CMYK"), "TIFF"), (255, 0, 0)),
    "CMYK in a JPEG": (encoded(RED.convert("CMYK"), "JPEG", quality=95), (255, 0, 0)),
    "1 bit": (encoded(Image.new("1", (30, 10), 1)), (255, 255, 255)),
    "1 bit in a TIFF": (encoded(Image.new("1", (30, 10), 0), "TIFF"), (0, 0, 0)),
    "grey, half transparent": (encoded(Image.new("LA", (30, 10), (0, 51))), (204, 204, 204)),
    "a palette with a transparent colour": (encoded(RED.convert("P"), transparency=RED.convert("P").getpixel((0, 0))),
                                            (255, 255, 255)),
    "a half transparent palette": (encoded(RED.convert("P"), transparency=bytes([51] * 256)), (255, 204, 204)),
    "a transparent colour": (encoded(RED, transparency=(255, 0, 0)), (255, 255, 255)),
    "a transparent grey": (encoded(Image.new("L", (30, 10), 9), transparency=9), (255, 255, 255)),
    "YCbCr": (encoded(RED.convert("YCbCr"), "TIFF"), (254, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_the_first_picture_of_any_mode_on_white(name: str) -> None:
    data, colour = OTHERS[name]
    assert probe(data) == (30, 10)
    assert decode(data).getpixel((3, 3)) == colour
    small = Image.open(io.BytesIO(thumbnail(data))).convert("RGB")
    assert np.abs(np.array(small.getpixel((3, 3))) - colour).max() < 16
    assert np.abs(prepare(data, Preprocessing(10, 10))[5, 5].astype(int) - colour).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 255], [128, 7]], [[0, 255], [128, 7]]),  # 8 bits
        ([[0, 256], [255, 512]], [[0, 1], [0, 2]]),  # 16 bits, of which the upper eight are seen
        ([[0, 65535], [32768, 257]], [[0, 255], [128, 1]]),
        ([[0, 65536], [32768, 300]], [[0, 255], [127, 1]]),  # stretched from 0 to 65536
        ([[-1, 255], [127, 63]], [[0, 255], [127, 63]]),  # stretched from -1 to 255
        ([[3, 3], [3, 3]], [[3, 3], [3, 3]]),
        ([[70000, 70000], [70000, 70000]], [[0, 0], [0, 0]]),  # nothing to stretch
    ],
)
def test_whole_numbers_of_32_bits_at_the_borders_of_depths(values: list[list[int]], expected: list[list[int]]) -> None:
    assert shades(tiff(np.array(values, np.int32), sign=2)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 1], [0.5, 0.25]], [[0, 255], [128, 64]]),  # shares of white
        ([[0, 1.5], [1, 200]], [[0, 2], [1, 200]]),  # 8 bits
        ([[0, 300], [256, 65535]], [[0, 1], [1, 255]]),  # 16 bits
        ([[-0.5, 0.5], [0, 0]], [[0, 255], [128, 128]]),  # stretched
    ],
)
def test_fractions_at_the_borders_of_depths(values: list[list[float]], expected: list[list[int]]) -> None:
    assert shades(tiff(np.array(values, np.float32), sign=3)) == expected


@pytest.mark.parametrize("error", [SyntaxError, struct.error, ZeroDivisionError, OSError])
def test_whatever_goes_wrong_with_exif_data_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(image: Image.Image) -> Image.Image:
        raise error("not a TIFF file")

    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    data = encoded(Image.new("RGB", (30, 10), "red"))
    assert probe(data) == (30, 10) and decode(data).getpixel((0, 0)) == (255, 0, 0)


def progressive(count: int) -> bytes:
    """A JPEG whose last scan comes ``count`` times more."""
    data = encoded(Image.new("RGB", (64, 64), "red"), "JPEG", progressive=True, quality=90)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * count + data[-2:]


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded() -> None:
    assert probe(progressive(0)) == (64, 64) and probe(progressive(80)) == (64, 64)
    for read in (probe, decode, thumbnail, lambda data: prepare(data, Preprocessing(10, 10))):
        with pytest.raises(PictureError, match=r"30,0\d\d scans are more than the 100 that are accepted"):
            read(progressive(30_000))


def smooth(**how: object) -> bytes:
    values = np.add.outer(np.arange(200), np.arange(160)) % 200
    return encoded(Image.fromarray(values.astype(np.uint8)).convert("RGB"), "JPEG", quality=90, **how)


@pytest.mark.parametrize("how", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_jpeg_that_lacks_its_last_bytes_is_used(how: dict[str, object]) -> None:
    data = smooth(**how)
    whole = np.asarray(decode(data), int)
    for missing in (1, 2, 3, 30, len(data) // 10):
        seen = examine(data[:-missing])
        assert (seen.width, seen.height) == (160, 200) == decode(data[:-missing]).size
        assert seen.lacks == "0% of its rows" or 0 < float(seen.lacks.partition("%")[0]) <= 25
        assert np.abs(np.asarray(decode(data[:-missing]), int) - whole)[:140].mean() < 6, "what is there is as it was"
        assert prepare(data[:-missing], Preprocessing(40, 32)).shape == (32, 32, 3)
    assert examine(data).lacks == "" and examine(data + b"\0more").lacks == ""


def test_one_that_lacks_more_is_broken_whatever_size_it_is_asked_for() -> None:
    data = smooth()
    refused = []
    for kept in range(len(data) // 2, len(data), len(data) // 40):
        told = set()
        for read in (probe, decode, thumbnail, lambda data: prepare(data, Preprocessing(10, 10))):
            try:
                read(data[:kept])
                told.add("")
            except PictureError as error:
                told.add(str(error))
        assert len(told) == 1, "an import and an extraction agree"
        refused.append("of its rows, more than 25%" in told.pop())
    assert refused[0] and not refused[-1] and refused == sorted(refused, reverse=True)
    for data in (smooth()[:300], smooth()[:20], b"\xff\xd8\xff"):
        with pytest.raises(PictureError):
            probe(data)


def _chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    return hostile_crafted.webp([*chunks])


def test_small_webp_files_are_known_by_their_headers() -> None:
    image = Image.new("RGBA", (33, 7), (1, 2, 3, 100))
    for how in ({"lossless": True}, {"quality": 50}, {"quality": 50, "icc_profile": b"x" * 7}):
        data = encoded(image, "WEBP", **how)
        assert still_webp(data) == (33, 7) and thumbnail(data) == data
    plain = encoded(image.convert("RGB"), "WEBP")
    assert still_webp(plain) == (33, 7)
    frame = plain[20:]
    for other in (
        plain[:-1],
        plain + b"x",
        plain[:40],
        b"",
        b"RIFF",
        encoded(image, "PNG"),
        _chunks(),
        _chunks((b"VP8 ", b"x" * 20)),
        _chunks((b"VP8 ", frame), (b"VP8 ", frame)),
        _chunks((b"VP8 ", b"x" * 9)),
        _chunks((b"VP8 ", frame), (b"EXIF", b"x")),
        _chunks((b"VP8L", b"x" * 20)),
        _chunks((b"ANIM", frame)),
    ):
        assert still_webp(other) is None  # fmt: skip
    assert not is_thumbnail(encoded(image.resize((161, 7)), "WEBP")) and is_thumbnail(
        encoded(image.resize((160, 7)), "WEBP")
    )


def test_scans_are_counted_by_the_pixels_that_they_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    data = hostile_crafted.scans(50, 200)
    assert examine(data).width == 200
    monkeypatch.setattr(picture_formats, "MAX_WORK", 40_000 * 49)
    with pytest.raises(PictureError, match="50 scans are more than the 49 that are accepted of 200 × 200 pixels"):
        examine(data)


@pytest.mark.parametrize("mode", ["I;16", "F", "I"])
def test_grey_is_the_same_in_bands(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    rows = np.random.default_rng(0).normal(30_000, 9000, (40, 30))
    image = Image.fromarray(rows.astype({"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]))
    whole = np.asarray(picture_formats.eight_bits(image, unsigned=False))
    monkeypatch.setattr(picture_formats, "BAND", 70)
    assert (np.asarray(picture_formats.eight_bits(image, unsigned=False)) == whole).all() and whole.std() > 20
