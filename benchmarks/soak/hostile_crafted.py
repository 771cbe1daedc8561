"""Files that were made to do harm: bombs, headers that lie, structures without an end; each is made when tried."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.soak import hostile_parquet as parquet
from benchmarks.soak import hostile_seeds as seeds

SIDE = 7000  # pixels: a little less than what is accepted


@dataclass(frozen=True)
class Crafted:
    """One of them.

    Attributes:
        kind: what reads it, a name of ``hostile_readers.READERS``.
        make: gives the file.
    """

    kind: str
    make: Callable[[], bytes]


def _segment(mark: int, body: bytes) -> bytes:
    return b"\xff" + bytes([mark]) + struct.pack(">H", len(body) + 2) + body


def scans(count: int, side: int = 500, start: int = 0xC2) -> bytes:
    """A grey JPEG of so many scans, each of a few bytes: all that they say is that nothing changes."""
    blocks = ((side + 7) // 8) ** 2
    made = [b"\xff\xd8", _segment(0xDB, b"\0" + b"\1" * 64)]
    made.append(_segment(start, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0"))
    tables = (b"\0\1" + bytes(15) + b"\0", b"\x10\1" + bytes(15) + b"\xe0")
    made += [_segment(0xC4, table) for table in tables]
    made.append(_segment(0xDA, b"\1\1\0\0\0\0" if start == 0xC2 else b"\1\1\0\0\x3f\0") + bytes((blocks + 7) // 8))
    runs = bytes(-(-blocks // 16384) * 15 // 8 + 1)  # "no more in the next 16,384 blocks", 15 bits each
    for number in range(count - 1):
        made.append(_segment(0xDA, bytes([1, 1, 0, 1, 63, 1 if not number else 0x10])) + runs)
    return b"".join([*made, b"\xff\xd9"])


def restarts() -> bytes:
    """A JPEG with a restart behind each of its blocks."""
    made = scans(1, SIDE, 0xC0)
    head = made.index(b"\xff\xda")
    marks = b"".join(b"\0\xff" + bytes([0xD0 + number % 8]) for number in range((SIDE // 8 + 1) ** 2))
    return made[:head] + _segment(0xDD, b"\0\1") + made[head : head + 10] + marks + b"\xff\xd9"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int = 8, colour: int = 2, before: bytes = b"", rows: int | None = None) -> bytes:
    """A PNG of nothing but zeros; ``before`` stands before its pixels."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    line = bytes(1 + width * samples * bits // 8)
    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(line) for _ in range(height if rows is None else rows)]) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + before + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def tags(count: int, size: int) -> bytes:
    """A list of TIFF tags of which each holds the same so many bytes."""
    entries = b"".join(struct.pack("<HHII", 0x8000 + number, 7, size, 64) for number in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + entries + bytes(4) + bytes(size + 64)


def tiff(compression: int, strip: bytes, side: int = 500) -> bytes:
    """A grey TIFF of one strip."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 200),
               (277, 3, 1), (278, 4, side), (279, 4, len(strip))]  # fmt: skip
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return (b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)).ljust(200, b"\0") + strip


def webp(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A WebP file of some chunks."""
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(data[12:16], data[20 : 20 + int.from_bytes(data[16:20], "little")])]


def canvas(side: int, exif: bytes = b"") -> bytes:
    """A WebP file whose canvas is large, or that has EXIF data."""
    inside = _webp_chunks(seeds.drawn("WEBP"))
    wide, high = (side, side) if side else (seeds.WIDTH, seeds.HEIGHT)
    flags = bytes([(2 if side else 0) | (8 if exif else 0)])
    head = flags + bytes(3) + struct.pack("<I", wide - 1)[:3] + struct.pack("<I", high - 1)[:3]
    return webp([(b"VP8X", head), *inside, *([(b"EXIF", exif)] if exif else [])])


def gif(side: int) -> bytes:
    """A GIF that says it is large."""
    data = seeds.drawn("GIF")
    return data[:6] + struct.pack("<HH", side, side) + data[10:]


def floats() -> bytes:
    """A TIFF of fractions, as large as is accepted, of zeros."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.zeros((SIDE, SIDE), np.float32)).save(buffer, "TIFF", compression="tiff_lzw")
    return buffer.getvalue()


def tensors(header: bytes, data: bytes = bytes(64)) -> bytes:
    """A safetensors file with this header."""
    return len(header).to_bytes(8, "little") + header + data


def _about(*places: tuple[str, list[int], int, int]) -> bytes:
    parts = [f'"{name}":{json.dumps({"dtype": "F32", "shape": shape, "data_offsets": [start, end]})}'
             for name, shape, start, end in places]  # fmt: skip
    return ("{" + ",".join(parts) + "}").encode()


def npz() -> bytes:
    """An archive with an array of 3.9 GB of zeros."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("en/sun.npy", "w", force_zip64=True) as file,
    ):
        head = io.BytesIO()
        about = {"descr": "<f4", "fortran_order": False, "shape": (975_000, 1000)}
        np.lib.format.write_array_header_1_0(head, about)
        file.write(head.getvalue())
        block = bytes(10_000_000)
        for _ in range(390):
            file.write(block)
    return buffer.getvalue()


def pickled_text() -> bytes:
    """A pickle of Python's of a text of many letters, of which the last one takes four bytes."""
    text = b"a" * 300_000_000 + "😀".encode()
    return b"\x80\x02}X" + struct.pack("<I", len(text)) + text + b"K\1s."


def packed_zeros(size: int) -> bytes:
    """A gzipped tar file with one picture of so many zeros."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as out:
        entry = tarfile.TarInfo("en/sun/1.png")
        entry.size = size
        out.write(entry.tobuf())
        for _ in range(size // 1_000_000):
            out.write(bytes(1_000_000))
    return buffer.getvalue()


def many_entries(count: int) -> bytes:
    """A gzipped tar file of so many empty files."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as out:
        for number in range(count):
            out.write(tarfile.TarInfo(f"en/sun/{number}.png").tobuf())
    return buffer.getvalue()


def same_bytes(count: int) -> bytes:
    """A zip file whose list names one packed megabyte of zeros many times."""
    packed = zlib.compress(bytes(30_000_000), 9)[2:-4]
    name = b"en/sun/%06d.png"
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, 0, len(packed), 30_000_000, 17, 0) + name % 0
    rows = b"".join(
        struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, 0, len(packed), 30_000_000, 17, 0, 0, 0, 0, 0, 0
        )
        + name % number
        for number in range(count)
    )
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(rows), len(local) + len(packed), 0)
    return local + packed + rows + end


def _lines(count: int, line: Callable[[int], str]) -> bytes:
    return "".join(map(line, range(count))).encode()


def pictures() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """For their decoders."""
    yield "a JPEG of 3,000 scans", "jpg", lambda: scans(3000)
    yield "a JPEG of as many scans and pixels as are accepted", "jpg", lambda: scans(20, SIDE)
    yield "a JPEG with a restart behind each block", "jpg", restarts
    yield "a JPEG in arithmetic code", "jpg", lambda: scans(1, SIDE, 0xC9)
    yield "a JPEG of 3,000 scans behind a small one", "mpo", lambda: seeds.drawn("JPEG") + scans(3000)
    yield "a JPEG of 3,000 scans in a TIFF", "tiff", lambda: tiff(7, scans(3000))
    yield "a TIFF of 30,000 tags that share 1 MB", "tiff", lambda: tags(30_000, 1_000_000)
    yield "a PNG whose EXIF data are 30,000 tags that share 1 MB", "png", lambda: png(
        10, 10, before=_chunk(b"eXIf", tags(30_000, 1_000_000)))  # fmt: skip
    yield "a WebP with such EXIF data", "webp", lambda: canvas(0, tags(30_000, 1_000_000))
    yield "a PNG of as many pixels as are accepted", "png", lambda: png(SIDE, SIDE, colour=6)
    yield "a PNG of 16 bits and as many pixels", "png", lambda: png(SIDE, SIDE, bits=16, colour=0)
    yield "a PNG of 900 million pixels", "png", lambda: png(30_000, 30_000, rows=100)
    yield "a PNG with a text of 200 MB", "png", lambda: png(
        10, 10, before=_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(200_000_000), 9)))  # fmt: skip
    yield "a PNG with a colour profile of 200 MB", "png", lambda: png(
        10, 10, before=_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9)))  # fmt: skip
    yield "a TIFF of fractions and as many pixels as are accepted", "float.tiff", floats
    yield "a WebP of 268 million pixels", "webp", lambda: canvas(16_384)
    yield "a GIF of 4 billion pixels", "gif", lambda: gif(65_535)
    yield "a GIF of as many pixels as are accepted", "gif", lambda: gif(SIDE)


def others() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """For all other readers."""
    yield "tensors that overlap", "arrays.safetensors", lambda: tensors(
        _about(("en/sun", [2, 4], 0, 32), ("en/cow", [2, 4], 16, 48)))  # fmt: skip
    yield "100,000 tensors of one place", "arrays.safetensors", lambda: tensors(
        _about(*((f"en/{number}", [4, 4], 0, 64) for number in range(100_000))))  # fmt: skip
    yield "tensors with a hole", "arrays.safetensors", lambda: tensors(_about(("en/sun", [1, 4], 48, 64)))
    yield "a tensor beyond the end", "arrays.safetensors", lambda: tensors(_about(("en/sun", [2, 4], 48, 80)))
    yield "two tensors of one name", "arrays.safetensors", lambda: tensors(
        _about(("en/sun", [2, 4], 0, 32), ("en/sun", [2, 4], 32, 64)))  # fmt: skip
    yield "a shape whose product is beyond 64 bits", "arrays.safetensors", lambda: tensors(
        _about(("en/sun", [1 << 40, 1 << 40], 0, 64)))  # fmt: skip
    yield "a header of 90 MB of empty lists", "arrays.safetensors", lambda: tensors(
        b'{"__metadata__":[' + b"[]," * 30_000_000 + b"1]}")  # fmt: skip
    yield "such a header of features", "features.safetensors", lambda: tensors(
        b'{"__metadata__":[' + b"[]," * 30_000_000 + b"1]}")  # fmt: skip
    yield "an array of 3.9 GB in 4 MB", "arrays.npz", npz
    yield "a pickled text of 300 MB", "arrays.pkl", pickled_text
    yield "an index of 180 MB of empty lists", "index.json", lambda: b"[" + b"[]," * 60_000_000 + b"[]]"
    yield "a report of 180 MB of empty lists", "report.json", lambda: b"[" + b"[]," * 60_000_000 + b"[]]"
    yield "a tar file of 3 GB of zeros in 3 MB", "tree.tgz", lambda: packed_zeros(3_000_000_000)
    yield "a tar file of 30,000 empty pictures", "tree.tgz", lambda: many_entries(30_000)
    yield "a zip file that names 1 MB 60,000 times", "tree.zip", lambda: same_bytes(60_000)
    yield "a list of 2 million rows", "en-de.tsv", lambda: _lines(2_000_000, lambda n: f"sun{n}\tSonne{n}\tN\n")
    yield "a list of lines of 1 MB", "en-de.tsv", lambda: _lines(150, lambda n: "a" * 1_000_000 + "\tb\tN\n")
    yield "a list of one line of 190 MB", "en-de.tsv", lambda: b"a" * 190_000_000
    yield "a list of 190 MB of tabs", "en-de.txt", lambda: b"\t" * 190_000_000
    yield "a list of 190 MB of quotes", "en-de.csv", lambda: b'"' * 190_000_000
    yield "a list of 30 million rows", "en-de.txt", lambda: b"a b\n" * 30_000_000
    yield "a list of a data set of 300,000 rows", "stored-list.tsv", lambda: _lines(
        300_000, lambda n: f"sun{n}\tSonne{n}\tN\n")  # fmt: skip
    yield "settings of 1 MB of tables", "dataset.toml", lambda: b"[[a]]\n" * 160_000
    yield "settings of a key of 400,000 parts", "dataset.toml", lambda: b"a" + b".a" * 400_000 + b" = 1"
    yield "settings of 30,000 keys of long parts", "dataset.toml", lambda: _lines(
        15_000, lambda n: f"{'a.' * 15}k{n} = [1]\n")  # fmt: skip
    yield "senses of 30 million words", "senses.tsv", lambda: _lines(14_000_000, lambda n: f"{n}\t1\n")
    yield "ratings of 100 MB", "concreteness.tsv", lambda: _lines(8_000_000, lambda n: f"w{n}\t1.0\n")
    yield "metadata of one line of 39 MB", "metadata.jsonl", lambda: b'{"a":' + b"[" * 39_000_000
    yield "metadata of 39 MB of lists", "metadata.jsonl", lambda: b"[" + b"[]," * 13_000_000 + b"1]"
    yield "metadata of a million columns", "metadata.csv", lambda: b"a," * 3_000_000 + b"\n" + b"1," * 3_000_000


CRAFTED: dict[str, Crafted] = {
    **{name: Crafted(f"decoded.{kind}", make) for name, kind, make in pictures()},
    **{name: Crafted(kind, make) for name, kind, make in others()},
    **{name: Crafted(kind, make) for name, (kind, make) in parquet.CRAFTED.items()},
}
