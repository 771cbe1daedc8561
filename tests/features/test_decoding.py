"""Decoding: what the network is fed, whatever the file is like; and worker processes that may die."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldi_core.data import pictures
from cldi_core.errors import PictureError
from cldi_core.features import decoding
from cldi_core.features.backbones import BACKBONES, Preprocessing
from cldi_core.features.decoding import Batch, Decoders, decode_batch, prepare
from tests.conftest import draw

ROOT = Path(__file__).resolve().parents[2]
SMALL = Preprocessing(40, 32)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(size: tuple[int, int], mode: str = "RGB", colour: object = RED) -> Image.Image:
    return Image.new(mode, size, colour)


def halves(width: int, height: int) -> Image.Image:
    """Left red, right blue."""
    image = plain((width, height))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image


def rotated() -> bytes:
    """Stored lying on its side: only the EXIF orientation says which way is up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(halves(60, 60), "JPEG", exif=exif, quality=95)


GOOD = {
    "JPEG": (encoded(plain((300, 200)), "JPEG", quality=95), RED),
    "a JPEG called .png": (encoded(plain((64, 64)), "JPEG", quality=95), RED),
    "CMYK": (encoded(plain((64, 64)).convert("CMYK"), "JPEG", quality=95), RED),
    "16 bits": (encoded(Image.fromarray(np.full((50, 50), 65535, np.uint16))), WHITE),
    "palette with transparency": (encoded(plain((64, 64), "P", 0), transparency=0), WHITE),
    "half transparent": (encoded(plain((64, 64), "RGBA", (255, 0, 0, 128))), (255, 127, 127)),
    "animated": (encoded(plain((64, 64)), "GIF", save_all=True, append_images=[plain((64, 64), colour="blue")]), RED),
    "1 × 1": (encoded(plain((1, 1))), RED),
    "30,000 × 2": (encoded(plain((30_000, 2))), RED),
    "2 × 30,000": (encoded(plain((2, 30_000))), RED),
}
BAD = {
    "empty": (b"", "the file is empty"),
    "text": (b"no picture at all", "not a picture"),
    "truncated": (encoded(halves(300, 300), "JPEG")[:2000], "broken picture"),
    "truncated PNG": (draw("sun")[:400], "broken picture"),
    "bomb": (encoded(Image.new("1", (20_000, 20_000))), "more than the 50,000,000|more pixels than"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not supported; convert it"),
    "AVIF": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF is not supported; convert it"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not supported; convert it"),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_of_picture_becomes_a_square_of_rgb(name: str) -> None:
    data, colour = GOOD[name]
    rows = prepare(data, SMALL)
    assert (rows.shape, rows.dtype) == ((32, 32, 3), np.uint8)
    assert np.abs(rows.reshape(-1, 3).astype(int) - colour).max() <= 3


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_says_so(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(PictureError, match=reason):
        prepare(data, SMALL)


def test_the_orientation_is_applied_and_the_middle_is_cropped() -> None:
    rows = prepare(rotated(), SMALL).astype(int)
    assert rows[:10, :, 0].min() > 200 and rows[-10:, :, 2].min() > 200, "red above, blue below"
    rows = prepare(encoded(halves(400, 100)), SMALL).astype(int)
    assert rows[:, :12, 0].min() > 200 and rows[:, -12:, 2].min() > 200, "the border of the halves is in the middle"


@pytest.mark.parametrize("filter", ["bilinear", "bicubic", "nearest", "lanczos"])
@pytest.mark.parametrize("size", [(90, 60), (60, 90), (61, 47), (40, 40), (33, 200)])
@pytest.mark.parametrize(("resized", "square"), [(40, 32), (32, 32), (48, 17)])
def test_pixels_are_those_of_the_whole_picture_resized_by_that_filter_and_cropped_in_the_middle(
    filter: str, size: tuple[int, int], resized: int, square: int
) -> None:
    """Said anew in Pillow's own words: nothing is cropped before; only shapes are those that are documented."""
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    image = Image.fromarray(noise)
    scale = resized / min(size)
    whole = image.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling[filter.upper()])
    left, top = (whole.width - square) // 2, (whole.height - square) // 2
    expected = np.asarray(whole.crop((left, top, left + square, top + square)), int)
    found = prepare(encoded(image), Preprocessing(resized, square, filter)).astype(int)
    if max(size) * scale <= square + 4:  # otherwise the ends are cut off first, which moves the middle by less than one
        np.testing.assert_array_equal(found, expected)
    if size == (40, 40) and resized == 40:
        middle = noise[(40 - square) // 2 :][:square, (40 - square) // 2 :][:, :square]
        np.testing.assert_array_equal(found, middle)


@pytest.mark.parametrize("size", [(1024, 768), (768, 1024), (3000, 2000), (300, 300)])
def test_a_jpeg_decoded_at_a_fraction_looks_the_same(size: tuple[int, int]) -> None:
    small = Image.fromarray(np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8))
    data = encoded(small.resize(size, Image.Resampling.BICUBIC), "JPEG", quality=92)
    how = Preprocessing(256, 224)
    found = prepare(data, how).astype(float)
    expected = prepare(encoded(pictures.decode(data)), how).astype(float)  # a PNG is always decoded whole
    assert np.abs(found - expected).mean() < 2, "of 255"


def test_the_preprocessing_of_a_backbone_is_told_in_full() -> None:
    assert str(BACKBONES["efficientnet-lite0"].preprocessing) == (
        "RGB on white, shorter side 256 bicubic, centre crop 224, (x - 127) / 128"
    )
    assert str(BACKBONES["vgg19"].preprocessing) == (
        "RGB on white, shorter side 256 bilinear, centre crop 224, "
        "(x - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]"
    )


@pytest.fixture
def batches(tmp_path: Path) -> list[Batch]:
    """All the pictures above, four at a time, in one shard."""
    files = [(f"{name}.png", data) for name, (data, _) in [*GOOD.items(), *BAD.items()]]
    stored = [pictures.Picture(data, name, 1, 1) for name, data in files]
    (path,) = pictures.write_shards(tmp_path, stored)
    table = pictures.Pictures(tmp_path).table
    places = list(zip(table["group"].tolist(), table["row"].tolist(), table.index.tolist(), strict=True))
    return [Batch(path, tuple(places[start : start + 4])) for start in range(0, len(places), 4)]


def same(found: list[decoding.Decoded], expected: list[decoding.Decoded]) -> bool:
    return [(one.ids, one.failed) for one in found] == [(one.ids, one.failed) for one in expected] and all(
        np.array_equal(one.pixels, two.pixels) for one, two in zip(found, expected, strict=True)
    )


def test_workers_give_what_this_process_would(batches: list[Batch]) -> None:
    expected = [decode_batch(batch, SMALL) for batch in batches]
    assert {row["file"] for one in expected for row in one.failed} == {f"{name}.png" for name in BAD}
    assert sum(len(one.ids) for one in expected) == len(GOOD)
    with Decoders(SMALL, 2) as decoders:
        assert same(list(decoders.map(batches)), expected)
        assert same(list(decoders.map(batches[:1])), expected[:1]), "they can be used again"
    with Decoders(SMALL, 0) as decoders:
        assert same(list(decoders.map(batches)), expected)


def test_a_worker_that_is_killed_costs_nothing(batches: list[Batch]) -> None:
    expected = [decode_batch(batch, SMALL) for batch in batches]
    with Decoders(SMALL, 2) as decoders:
        found = decoders.map(batches * 3)
        got = [next(found)]
        for pid in list(decoders.workers.pids):
            os.kill(pid, signal.SIGKILL)
        got += list(found)
    assert same(got, expected * 3)


DEADLY = """
import os, sys
from pathlib import Path
from cldi_core.data import pictures
from cldi_core.features import decoding
from cldi_core.features.backbones import Preprocessing

def prepare(data, how, real=decoding.prepare):
    if b"deadly" in data:
        os.abort()
    return real(data, how)

decoding.prepare = prepare  # the workers import this file, so it is theirs as well
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    table = pictures.Pictures(folder).table
    (shard,) = folder.glob("*.parquet")
    places = tuple(zip(table["group"].tolist(), table["row"].tolist(), table.index.tolist()))
    batches = [decoding.Batch(shard, places[:3]), decoding.Batch(shard, places[3:])]
    with decoding.Decoders(Preprocessing(40, 32), 2) as decoders:
        for one in decoders.map(batches):
            print(len(one.ids), [row["reason"] for row in one.failed])
"""


def test_a_picture_that_takes_its_decoder_down_is_listed_and_the_others_are_decoded(tmp_path: Path) -> None:
    files = [draw("sun"), draw("ring") + b"deadly", draw("tree"), draw("cross"), draw("square")]
    pictures.write_shards(
        tmp_path, [pictures.Picture(data, f"{place}.png", 96, 96) for place, data in enumerate(files)]
    )
    script = tmp_path / "deadly.py"
    script.write_text(DEADLY)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["2 ['decoding it ended the process']", "2 []"], done.stderr


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, batches: list[Batch]) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\nfrom cldi_core.features.decoding import *\nfrom pathlib import Path\n"
        "if __name__ == '__main__':\n"
        f"    decoders = Decoders(Preprocessing(40, 32), 2)\n"
        f"    list(decoders.map([Batch(Path({str(batches[0].shard)!r}), {batches[0].places!r})] * 4))\n"
        "    print(*decoders.workers.pids, flush=True)\n    time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2 and all(alive(pid) for pid in workers)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)
