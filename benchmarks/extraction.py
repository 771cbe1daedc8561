"""The table of extraction: decoders, networks and both together, from files on disk to features, in one run.

The pictures are synthetic JPEGs of 1024 × 768 with the detail of photographs.  VGG19 has random weights: its time does
not depend on them.
"""

from __future__ import annotations

import io
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, speed
from cldi_core.data import pictures
from cldi_core.data.dataset import Dataset, create
from cldi_core.features import decoding, extraction
from cldi_core.features.backbones import BACKBONES, Preprocessing
from cldi_core.features.decoding import Batch, Decoders
from cldi_core.features.networks import NETWORKS, Extractor
from cldi_core.scoring.hardware import processors
from cldi_core.scoring.parallel import side_by_side

WIDTH, HEIGHT, QUALITY = 1024, 768, 90
MANY, SOME = {"efficientnet-lite0": 960, "vgg19": 96}, 24  # pictures for ours, and for what takes them one by one


@dataclass(frozen=True)
class Row:
    """One row: what is timed, and how many pictures it is for."""

    label: str
    call: Callable[[], Any]
    count: int

    def ready(self) -> Callable[[], Any]:
        """What is to be timed; nothing has to be prepared."""
        return self.call


def measure(repeats: int, tell: Callable[[str], None] = lambda line: None) -> list[dict[str, Any]]:
    """Records of kind ``"extract"``, one per row, and of kind ``"extract ratio"``."""
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        tell(f"writing {max(MANY.values())} pictures")
        dataset = _pictures(Path(name) / "pictures", max(MANY.values()))
        rows = _decoding(dataset)
        for backbone in MANY:
            tell(f"loading {backbone}")
            rows |= _network(dataset, backbone, Path(name))
        for row in rows.values():
            tell(f"first run: {row.label}")
            row.call()
        timed = speed.interleaved({key: row.ready for key, row in rows.items()}, repeats, "extraction", tell)
    records = [_record(key, row, timed[key]) for key, row in rows.items()]
    return records + ratios({record["row"]: record["seconds"] for record in records})


def _record(key: str, row: Row, seconds: list[float]) -> dict[str, Any]:
    each = [value / row.count for value in seconds]
    figures = {"seconds": statistics.median(each), "fastest": min(each), "slowest": max(each)}
    return {"kind": "extract", "row": key, "label": row.label, "pictures": row.count, "repeats": len(each)} | figures


def _pictures(folder: Path, count: int) -> Dataset:
    """A data set of different pictures, as detailed as photographs: about 200 kB each."""
    from PIL import Image

    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for side in (6, 24, 96, 384):  # coarse to fine, each half as strong
            noise = Image.fromarray(rng.integers(0, 256, (side, side * 4 // 3, 3), np.uint8))
            image += np.asarray(noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32) / (side / 6) ** 0.5
        image *= 255 / image.max()
        buffer = io.BytesIO()
        Image.fromarray(image.astype(np.uint8)).save(buffer, "JPEG", quality=QUALITY)
        made.append(pictures.Picture(buffer.getvalue(), f"{number}.jpg", WIDTH, HEIGHT, licence="CC0-1.0"))
    create(folder, "Pictures")
    pictures.write_shards(folder / "images", made)
    return Dataset(folder)


def _batches(dataset: Dataset, count: int) -> dict[Path, list[Batch]]:
    (shard,) = extraction.shards_of(dataset, "cpu")
    return {shard: extraction.shards_of(dataset, "cpu")[shard][: count // extraction.BATCH["cpu"]]}


def _plain(data: bytes, how: Preprocessing) -> np.ndarray[Any, Any]:
    """Decoded whole, then resized and cropped: what one would write first."""
    from PIL import Image

    return _cropped(Image.open(io.BytesIO(data)).convert("RGB"), how)


def _cropped(image: Any, how: Preprocessing) -> np.ndarray[Any, Any]:
    from PIL import Image

    scale = how.resized / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - how.size) // 2, (image.height - how.size) // 2
    return np.asarray(image.crop((left, top, left + how.size, top + how.size)), np.uint8)


def _torchvision(data: bytes, how: Preprocessing) -> Any:
    import torch
    from torchvision.io import decode_jpeg
    from torchvision.transforms.v2 import functional

    image = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    mode = functional.InterpolationMode.BICUBIC
    return functional.center_crop(functional.resize(image, [how.resized], mode, antialias=True), [how.size, how.size])


def _simplejpeg(data: bytes, how: Preprocessing) -> np.ndarray[Any, Any]:
    import simplejpeg
    from PIL import Image

    return _cropped(Image.fromarray(simplejpeg.decode_jpeg(data, min_width=how.resized, min_height=how.resized)), how)


def _all(way: Callable[..., Any], files: list[bytes], how: Preprocessing) -> None:
    for data in files:
        way(data, how)


def _decoding(dataset: Dataset) -> dict[str, Row]:
    how = BACKBONES["efficientnet-lite0"].preprocessing
    assert how is not None
    files = list(dataset.pictures.read(dataset.pictures.table.index[: 4 * SOME]).values())
    ways: dict[str, tuple[str, Callable[..., Any]]] = {
        "pillow": ("decode, resize, crop: Pillow, decoded whole", _plain),
        "torchvision": ("decode, resize, crop: torchvision", _torchvision),
        "draft": ("ours: Pillow at a fraction of the size", decoding.prepare),
    }
    if machine.installed("simplejpeg"):
        ways["simplejpeg"] = ("simplejpeg at a fraction, resized by Pillow", _simplejpeg)
    rows = {
        f"decode-{key}": Row(f"{label}, one process", partial(_all, way, files, how), len(files))
        for key, (label, way) in ways.items()
    }
    count, workers = MANY["efficientnet-lite0"], processors()
    (batches,) = _batches(dataset, count).values()

    def ours() -> None:
        with Decoders(how, workers) as decoders:
            for _ in decoders.map(batches):
                pass

    return rows | {"decode-ours": Row(f"ours: the same in {workers} worker processes, from the data set", ours, count)}


def _network(dataset: Dataset, name: str, folder: Path) -> dict[str, Row]:
    weights = _random_weights(folder) if name == "vgg19" else None
    extractor = Extractor(name, weights=weights)
    how, label = extractor.preprocessing, BACKBONES[name].label
    shards = _batches(dataset, MANY[name])
    eager = _eager(name, weights)
    files = list(dataset.pictures.read(dataset.pictures.table.index[:SOME]).values())
    with Decoders(how, 0) as decoders:
        decoded = [one.pixels for some in shards.values() for one in decoders.map(some)]

    def one_by_one() -> None:
        for data in files:
            eager(_plain(data, how))

    def network() -> None:
        step = extractor.step
        parts = [rows[start : start + step] for rows in decoded for start in range(0, len(rows), step)]
        with side_by_side() as each:
            for _ in each(extractor.features, parts):
                pass

    def decode() -> None:
        with Decoders(how, processors()) as decoders:
            for _ in decoders.map(next(iter(shards.values()))):
                pass

    def ours() -> None:
        for _ in extraction.extracted(shards, extractor, processors(), lambda done, failed: None):
            pass

    return {
        f"{name}-eager": Row(f"{label}: one by one from files, float32, eager", one_by_one, SOME),
        f"{name}-ours": Row(f"{label}: ours from files, {extractor.arithmetic}", ours, MANY[name]),
        f"{name}-decode": Row(f"{label}: only the decoding of ours", decode, MANY[name]),
        f"{name}-network": Row(f"{label}: only the network of ours", network, MANY[name]),
    }


def _random_weights(folder: Path) -> Path:
    from safetensors.torch import save_file
    from torchvision import models

    path = folder / "vgg19.safetensors"
    save_file(models.get_model("vgg19", weights=None).state_dict(), path)
    return path


def _eager(name: str, weights: Path | None) -> Callable[[Any], Any]:
    """The network as its library gives it, a picture at a time, with all threads."""
    import torch

    backbone = BACKBONES[name]
    assert backbone.preprocessing is not None
    if name == "vgg19":
        model = NETWORKS[backbone.network](backbone, weights).model.eval()
    else:
        from efficientnet_lite_pytorch import EfficientNet

        network = EfficientNet.from_name(name).eval()
        model = lambda batch: network.extract_features(batch).mean(dim=(2, 3))  # noqa: E731
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (backbone.preprocessing.mean, backbone.preprocessing.std))

    def call(pixels: Any) -> Any:
        with torch.inference_mode():
            return model(((torch.tensor(pixels).permute(2, 0, 1).float() - mean) / std)[None].contiguous())

    return call


def ratios(seconds: dict[str, float]) -> list[dict[str, Any]]:
    """What the rows say of each other: seconds of a picture in one by those in another."""
    found = {"decoding: times as fast as plain Pillow": seconds["decode-pillow"] / seconds["decode-ours"]}
    found["… in one process as well"] = seconds["decode-pillow"] / seconds["decode-draft"]
    for name in MANY:
        eager, ours, decode, network = (seconds[f"{name}-{part}"] for part in ("eager", "ours", "decode", "network"))
        label = BACKBONES[name].label
        found[f"{label}: times as fast as float32 one by one, from files"] = eager / ours
        found[f"{label}: time over the slower of decoding and network"] = ours / max(decode, network)
        found[f"{label}: time over both, which share the cores here"] = ours / (decode + network)
    return [{"kind": "extract ratio", "name": name, "measured": value} for name, value in found.items()]


def table(records: list[dict[str, Any]]) -> str:
    """The rows and their ratios as text."""
    lines = [f"{'from JPEGs of 1024 × 768 (~200 kB)':66}{'ms a picture':>13} {'fastest..slowest':>18} {'a second':>9}"]
    for row in records:
        if row["kind"] == "extract":
            spread = f"{1000 * row['fastest']:.1f}..{1000 * row['slowest']:.1f}"
            lines.append(f"{row['label']:66}{1000 * row['seconds']:13.1f} {spread:>18} {1 / row['seconds']:9.1f}")
    lines += ["", *(f"{row['name']:72}{row['measured']:8.2f}" for row in records if row["kind"] == "extract ratio")]
    return "\n".join(lines)
