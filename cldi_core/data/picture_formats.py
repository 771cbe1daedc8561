"""Which files are pictures, and how they are decoded: of which formats, how large, how deep, and without their ends."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cldi_core.errors import PictureError

MAX_PIXELS = 50_000_000
MAX_SCANS = 100  # of a JPEG; each goes through the whole picture again, and a progressive one has about ten
MAX_WORK = 1_000_000_000  # pixels times scans
MAX_MISSING = 0.25  # of a picture's rows, at its end, without which it is still used
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# Formats that people do have, and how their files are known.
REFUSED: dict[str, Callable[[bytes], bool]] = {
    "HEIC": lambda data: data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"),
    "AVIF": lambda data: data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"),
    "SVG": lambda data: data.lstrip()[:5].lower() in (b"<svg ", b"<?xml") and b"<svg" in data[:4096].lower(),
    "PDF": lambda data: data[:5] == b"%PDF-",
}
_END, _SCAN, _TABLES = b"\xff\xd9", b"\xff\xda", (b"\xff\xc4", b"\xff\xdb", b"\xff\xda")  # marks within a JPEG
BAND = 1_000_000  # pixels of a grey picture that are brought to 8 bits together
_GREY = (127, 128)  # what a decoder puts in place of what is missing


def opened(data: bytes) -> Any:
    """A PIL image of which only the header has been read.

    Raises:
        PictureError: empty, not a picture, a format that is not accepted, too many pixels or scans.
    """
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
    most = min(MAX_SCANS, MAX_WORK // max(width * height, 1))
    if _is_jpeg(image) and (scans := data.count(_SCAN)) > most:
        raise PictureError(f"{scans:,} scans are more than the {most} that are accepted of {width} × {height} pixels")
    return image


def loaded(data: bytes, least: int | None = None) -> tuple[Any, str]:
    """A PIL image that has been decoded, and how much of it is missing at its end, in a few words.

    A JPEG that lacks its last bytes is decoded as far as it goes; what is missing is grey.

    Args:
        least: as ``pictures.decode``.

    Raises:
        PictureError: as ``opened``, or it cannot be decoded, or lacks more than a quarter of its rows.
    """
    image = opened(data)
    if least:
        image.draft("RGB", (least, least))
    try:
        image.load()
    except Exception as error:
        if not _is_jpeg(image) or "truncated" not in str(error):
            raise PictureError(f"broken picture: {error}") from error
        return _padded(data, str(error))
    return image, ""


def still_webp(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP file of one picture that is not turned, told by its headers; ``None`` for all else.

    Nothing is decoded: the file is a list of chunks (RFC 9649), each with a name, its length and that many bytes.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or int.from_bytes(data[4:8], "little") != len(data) - 8:
        return None
    size, place = None, 12
    while place < len(data):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        body = data[place + 8 : place + 18]
        place += 8 + length + length % 2
        if kind in _WEBP_SIZES and size is None and length >= len(body) == 10:
            size = _WEBP_SIZES[kind](body)
        elif kind not in _WEBP_BESIDE:  # such as what turns it, or others of an animation
            return None
    return size if place == len(data) else None


def _lossy_size(body: bytes) -> tuple[int, int] | None:
    width, height = (int.from_bytes(body[place : place + 2], "little") & 0x3FFF for place in (6, 8))
    return (width, height) if body[3:6] == b"\x9d\x01\x2a" else None


def _lossless_size(body: bytes) -> tuple[int, int] | None:
    bits = int.from_bytes(body[1:5], "little")
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1) if body[:1] == b"\x2f" else None


_WEBP_SIZES = {b"VP8 ": _lossy_size, b"VP8L": _lossless_size}
_WEBP_BESIDE = (b"VP8X", b"ALPH", b"ICCP", b"XMP ")


def upright(image: Any) -> Any:
    """A decoded picture turned as its EXIF data say; what they say is passed over where they are broken."""
    from PIL import ExifTags, ImageOps

    with suppress(Exception), warnings.catch_warnings(action="ignore"):  # as many kinds as ways to break them
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # it copies others as they are
            return ImageOps.exif_transpose(image)
    return image


def _is_jpeg(image: Any) -> bool:
    return image.format in ("JPEG", "MPO")


def _padded(data: bytes, why: str) -> tuple[Any, str]:
    """A JPEG with the mark of its end after its last byte, or after its last whole part."""
    for end in (len(data), max(map(data.rfind, _TABLES))):
        image = opened(data[:end] + _END)
        with suppress(Exception):
            image.load()  # whole, so that it lacks the same whatever size it is asked for
            break
    else:
        raise PictureError(f"broken picture: {why}")
    missing = _missing(image)
    if missing > MAX_MISSING:
        raise PictureError(f"broken picture: it lacks {missing:.0%} of its rows, more than {MAX_MISSING:.0%}")
    return image, f"{missing:.0%} of its rows"


def _missing(image: Any) -> float:
    """The share of rows at the end of a picture that are of the grey which a decoder puts there."""
    import numpy as np

    rows = np.asarray(image).reshape(image.size[1], -1)
    is_other = [True, *np.any((rows < min(_GREY)) | (rows > max(_GREY)), axis=1).tolist()]
    return is_other[::-1].index(True) / len(rows)


def eight_bits(image: Any, *, unsigned: bool) -> Any:
    """A grey picture of 16 or 32 bits, or of fractions, in 8; Pillow would make it all white or all black.

    As no file says what its white is, the values tell: up to 255 they are taken for 8 bits, up to 65535 for 16 bits,
    and in a picture of fractions up to 1 for shares of white; all else is stretched from the lowest to the highest.
    """
    import numpy as np
    from PIL import Image

    grey = np.asarray(image)
    if unsigned:
        grey = grey.view(np.uint32)  # Pillow has no mode of its own for these
    step = max(1, BAND // max(grey.shape[1], 1))  # rows: fractions of all pixels at once would take gigabytes
    parts = [slice(start, start + step) for start in range(0, len(grey), step)]
    ends = [(own.min(), own.max()) for part in parts if (own := grey[part][np.isfinite(grey[part])]).size]
    low, high = (float(min(one[0] for one in ends)), float(max(one[1] for one in ends))) if ends else (0.0, 0.0)
    if low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if high <= 255 else 255 * 256.0
    made = np.empty(grey.shape, np.uint8)
    for part in parts:
        own = np.nan_to_num(grey[part].astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled = (own - low) * (255 / ((high - low) or 1))
        made[part] = (np.rint if image.mode == "F" else np.floor)(scaled).clip(0, 255)
    return Image.fromarray(made)


def is_unsigned(image: Any) -> bool:
    """Whether a picture has whole numbers of 32 bits without a sign: a TIFF without a tag that says otherwise."""
    from PIL.TiffImagePlugin import BITSPERSAMPLE, SAMPLEFORMAT

    if image.format != "TIFF" or image.mode != "I":
        return False
    signs, bits = image.tag_v2.get(SAMPLEFORMAT, (1,)), image.tag_v2.get(BITSPERSAMPLE, (1,))
    return bool(signs[0] == 1 and bits[0] == 32)
