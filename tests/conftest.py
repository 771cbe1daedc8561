"""Fixtures: ``small``, a tiny data set with its own drawn pictures and made-up features; no network, no torch."""

from __future__ import annotations

import atexit
import gc
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cldi_core.data import dataset, job_queue, pictures, wordlists
from cldi_core.data.workers import Workers
from cldi_core.features import shards
from cldi_core.features.backbones import Preprocessing, find_backbone
from cldi_core.features.networks import Extractor
from cldi_core.insight import map_layout

# No test pulls the plug: what is written need not have reached the disk, which takes a few milliseconds for each file.
os.fsync = lambda descriptor: None

BEFORE_THE_END = 0.75  # of the files that compute, before the last one that waits for a browser
DIM = 8
BACKBONE = "efficientnet-lite0"
ABOUT = {"backbone": BACKBONE, "layer": "made up", "weights": "none", "preprocessing": "none", "failed": ""}
Draw = Callable[[ImageDraw.ImageDraw, str], object]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that hold slow tests come first: processes that share the files then end at about the same time.

    Those that wait for a browser stand between those that compute, so that processors always have something to do.
    """
    files = dict.fromkeys(item.path for item in items)
    waiting = dict.fromkeys(item.path for item in items if item.get_closest_marker("browser"))
    slow = dict.fromkeys(item.path for item in items if item.get_closest_marker("slow"))
    computing = [path for path in {**slow, **files} if path not in waiting]
    apart = BEFORE_THE_END * len(computing) / max(len(waiting), 1)
    turns = {path: turn * apart for turn, path in enumerate(waiting)}
    turns |= {path: float(turn) for turn, path in enumerate(computing)}
    items.sort(key=lambda item: turns[item.path])


def pytest_collection_finish() -> None:
    """What is imported and collected lives until the end: to look through it again and again takes a minute.

    So does most of what comes later: a tenth of the processors' time went into looking through it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 40)


def _rays(pen: ImageDraw.ImageDraw, colour: str) -> None:
    for end in ((48, 4), (92, 48), (48, 92), (4, 48), (16, 16), (80, 16), (80, 80), (16, 80)):
        pen.line([(48, 48), end], colour, 6)
    pen.ellipse([26, 26, 70, 70], colour)


def _bars(pen: ImageDraw.ImageDraw, colour: str) -> None:
    for top in range(8, 90, 24):
        pen.rectangle([4, top, 92, top + 10], colour)


# concept → (colour, how to draw it on 96 × 96)
CONCEPTS: dict[str, tuple[str, Draw]] = {
    "sun": ("orange", _rays),
    "house": ("brown", lambda pen, colour: (pen.polygon([(48, 6), (92, 46), (4, 46)], "darkred"),
                                             pen.rectangle([14, 46, 82, 92], colour))),
    "tree": ("green", lambda pen, colour: (pen.ellipse([16, 4, 80, 66], colour),
                                            pen.rectangle([42, 60, 54, 94], "saddlebrown"))),
    "stripes": ("black", _bars),
    "ring": ("blue", lambda pen, colour: pen.ellipse([10, 10, 86, 86], outline=colour, width=14)),
    "cross": ("red", lambda pen, colour: (pen.line([(8, 8), (88, 88)], colour, 16),
                                           pen.line([(88, 8), (8, 88)], colour, 16))),
    "square": ("purple", lambda pen, colour: pen.rectangle([18, 18, 78, 78], colour)),
}  # fmt: skip

# language → word → concepts, one picture each; a concept that comes again is drawn again, a little smaller
WORDS = {
    "en": {
        "dog": ["sun", "house"],
        "hat": ["house", "house"],
        "hand": ["tree", "square"],
        "run": ["stripes", "ring", "cross"],
        "red": ["cross"],
        "big": ["square", "ring"],
    },
    "de": {
        "Hund": ["sun", "sun"],
        "Köter": ["house"],
        "Hut": ["house", "tree"],
        "Hand": ["tree", "square"],
        "laufen": ["stripes"],
        "rennen": ["ring", "cross"],
        "rot": ["cross", "cross"],
        "groß": ["square", "ring"],
    },
}
LEXICON = (
    wordlists.Row("dog", "Hund", "N"),
    wordlists.Row("dog", "Köter", "N"),  # several right answers
    wordlists.Row("hat", "Hut", "N"),
    wordlists.Row("hand", "Hand", "N"),  # spelled the same
    wordlists.Row("ghost", "Geist", "N"),  # neither side has pictures
    wordlists.Row("run", "laufen", "V"),
    wordlists.Row("run", "rennen", "V"),
    wordlists.Row("red", "rot", "A"),
    wordlists.Row("big", "groß", "A"),
)


def draw(concept: str, language: str = "en", variant: int = 0) -> bytes:
    """A PNG of a concept: on white for English, smaller and on a pale ground for other languages."""
    colour, how = CONCEPTS[concept]
    image = Image.new("RGB", (96, 96), "white" if language == "en" else "#f4f0e4")
    how(ImageDraw.Draw(image), colour)
    margin = 4 * variant + (0 if language == "en" else 6)
    ground = Image.new("RGB", (96, 96), image.getpixel((0, 0)))
    ground.paste(image.resize((96 - 2 * margin, 96 - 2 * margin), Image.Resampling.BICUBIC), (margin, margin))
    return encoded(ground)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The file that an image makes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(concept: str, language: str = "en", variant: int = 0, licence: str = "CC0-1.0") -> pictures.Picture:
    """A drawn picture with its provenance."""
    path = f"{language}/{concept}-{variant}.png"
    return pictures.Picture(
        draw(concept, language, variant), path, 96, 96, provider="tests", licence=licence, author="tests",
        concept=concept,
    )  # fmt: skip


def made_up(ids: list[str], dim: int = DIM) -> np.ndarray:
    """Features that depend on the picture's id only: float32 (n, dim)."""
    seeds = [int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) for key in ids]
    return np.array([np.random.default_rng(seed).normal(size=dim) for seed in seeds], np.float32).reshape(-1, dim)


def write_features(folder: Path, backbone: str = BACKBONE, dim: int = DIM) -> None:
    """Made-up features of all pictures of a data set, one file per picture shard."""
    table = pictures.Pictures(folder / "images").table
    for shard in sorted(set(table["shard"])):
        ids = table.index[table["shard"] == shard].tolist()
        path = folder / "features" / backbone / shard.replace(".parquet", ".safetensors")
        shards.write_shard(path, ids, made_up(ids, dim), ABOUT | {"backbone": backbone})


def copied(build: Callable[[Path], object]) -> Callable[[Path], dataset.Dataset]:
    """Build a data set once in a process, and copy it from then on: a copy takes a fortieth of the time."""

    @cache
    def built() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="built-")) / "set"
        atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
        build(folder)
        return folder

    @wraps(build)
    def copy(folder: Path) -> dataset.Dataset:
        # Not ``copy2``: files of two copies must not have one time, by which pages tell whether they have changed.
        shutil.copytree(built(), folder, copy_function=shutil.copy, dirs_exist_ok=True)
        return dataset.Dataset(folder)

    return copy


@copied
def build_small(folder: Path) -> None:
    """Write the tiny data set: en-de, six English and eight German words with pictures, features, senses."""
    dataset.create(folder, "Small", licence="CC0-1.0")
    drawn: dict[str, pictures.Picture] = {}
    rows = []
    for language, words in WORDS.items():
        for word, concepts in words.items():
            for position, concept in enumerate(concepts):
                made = picture(concept, language, concepts[:position].count(concept))
                drawn[made.id] = made
                rows.append((language, word, position, made.id))
    pictures.write_shards(folder / "images", list(drawn.values()))
    dataset.write_words(folder, rows)
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", LEXICON)
    (folder / "senses.tsv").write_text("dog\t8\nrun\t57\nred\t7\n", "utf-8")
    write_features(folder)


def import_another(into: dataset.Dataset, *, extract: bool = True) -> None:
    """What an import leaves, and an extraction, that come between two steps of a run on the tiny data set."""
    new = pictures.Picture(draw("ring", "fr", 3), "fr/another.png", 96, 96, title="a ring")
    pictures.write_shards(into.path / "images", [new])
    dataset.write_words(into.path, [("en", "dog", 0, new.id), ("de", "Hund", 0, picture("sun", "de").id)])
    if extract:
        write_features(into.path)


class FakeExtractor:
    """Makes features up from decoded pictures: their mean colour."""

    arithmetic, weights, step = "float32", "made up", 4
    describe = Extractor.describe

    def __init__(self, name: str, device: str = "cpu", **options: object) -> None:
        self.backbone, self.device = find_backbone(name), device
        self.dim, self.preprocessing = self.backbone.dim, Preprocessing(32, 32)

    def features(self, batch: np.ndarray) -> np.ndarray:
        colours = batch.astype(np.float32).mean(axis=(1, 2))
        return np.tile(colours, (1, self.dim // 3 + 1))[:, : self.dim]


class Spy:
    """Features that count how many rows are read at a time."""

    def __init__(self, features: np.ndarray) -> None:
        self.features, self.shape, self.dtype, self.most = features, features.shape, features.dtype, 0

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        self.most = max(self.most, len(rows))
        return self.features[rows]


@pytest.fixture(autouse=True)
def queue(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of a test wait for none of another test, whichever data sets both use."""
    own = tmp_path_factory.getbasetemp() / f"queue-{os.urandom(8).hex()}"
    monkeypatch.setattr(job_queue, "place", lambda: own)


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that a test opens takes the place of the main module, which every process that is started later reads."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps are of principal components, where it does not matter: UMAP compiles for a dozen seconds in each process."""
    monkeypatch.setattr(map_layout, "umap", lambda rows, *given, **named: map_layout.pca(rows))


@pytest.fixture
def decoding_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are decoded in this process, where it does not matter: another takes half a second to start."""
    begin = Workers.__init__
    monkeypatch.setattr(Workers, "__init__", lambda self, work, count, *more: begin(self, work, 0, *more))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that data sets are looked up in by name."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("CLDI_DATA", str(folder))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    return folder


@pytest.fixture
def small(data: Path) -> dataset.Dataset:
    """The tiny data set, named ``small``; see ``WORDS`` and ``LEXICON``."""
    return build_small(data / "small")


@pytest.fixture
def reopen(small: dataset.Dataset) -> Callable[[], dataset.Dataset]:
    """Open the tiny data set anew, after a change on disk."""
    return lambda: dataset.Dataset(small.path)
