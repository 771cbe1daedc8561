"""``python -m benchmarks.paper_size FOLDER``: a seeded data set with one language pair of the paper's size.

1,767 English and 1,634 German words with 20 to 50 pictures each, about 143,000 in all: small JPEGs, no two alike, and
features of 1280 numbers from ``synthetic``, so that some words are easy and some hopeless.  Everything that commands
and pages need is there, as if it had been imported and extracted.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks import synthetic
from cldi_core.commands import program
from cldi_core.data import dataset as datasets
from cldi_core.data import pictures, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.features import shards
from cldi_core.features.backbones import find_backbone
from cldi_core.scoring.imagesets import ImageSets

NAME = "python -m benchmarks.paper_size"
BACKBONE, PAIR = "efficientnet-lite0", "en-de"
WORDS = {"en": 1767, "de": 1634}
KINDS = ("N", "N", "N", "V", "N", "A", "N", "V", "N", "A")  # of every ten words
SIDE, DETAIL = 64, 5  # pixels of a picture, and of what it is drawn from
FIRST = 8  # of its features; they colour a picture, so that the pictures of a word look alike
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def build(folder: Path, scale: float = 1.0, seed: int = 0) -> Dataset:
    """Make the data set in an empty folder; equal arguments give equal files.

    Args:
        scale: of the number of words; 1 is the paper's size, 0.1 has 177 × 163 words and about 14,000 pictures.
    """
    counts = {language: max(round(count * scale), 2) for language, count in WORDS.items()}
    datasets.create(folder, f"Synthetic, {counts['en']:,} × {counts['de']:,} words", licence="CC0-1.0")
    dim = find_backbone(BACKBONE).dim
    rows: list[tuple[str, str, int, str]] = []
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as temporary:
        made = synthetic.make(max(counts.values()), dim, seed, Path(temporary))
        for (language, count), sets in zip(counts.items(), (made.source, made.target), strict=True):
            rows += _write(folder, language, sets, count, seed)
    datasets.write_words(folder, rows)
    answers = [number % counts["de"] for number in range(counts["en"])]
    listed = [wordlists.Row(name("en", one), name("de", other), _kind(one)) for one, other in enumerate(answers)]
    wordlists.write_list(folder / "lexicon" / f"{PAIR}.tsv", listed)
    return Dataset(folder)


def name(language: str, number: int) -> str:
    """What a word is called."""
    return f"{'word' if language == 'en' else 'Wort'} {number:04d}"


def _kind(number: int) -> str:
    return KINDS[number % len(KINDS)]


def _write(folder: Path, language: str, sets: ImageSets, count: int, seed: int) -> Iterator[tuple[str, str, int, str]]:
    """Store the pictures and features of a language's first words; yields which picture belongs to which word."""
    owners = np.repeat(np.arange(count), np.diff(sets.offsets[: count + 1]))
    drawn = np.random.default_rng([seed, len(language), *language.encode()])
    about = {"backbone": BACKBONE, "layer": "made up", "weights": "none", "preprocessing": "none", "failed": "[]"}
    for start in range(0, len(owners), pictures.SHARD):
        some = owners[start : start + pictures.SHARD]
        features = np.asarray(sets.features[start : start + len(some)])
        files = [_picture(row[:FIRST], language, int(owner), drawn) for row, owner in zip(features, some, strict=True)]
        (path,) = pictures.write_shards(folder / "images", files)
        ids = [file.id for file in files]
        known = about | {"pictures": storage.digest(sorted(ids))}
        shards.write_shard(folder / "features" / BACKBONE / f"{path.stem}.safetensors", ids, features, known)
        for place, (owner, key) in enumerate(zip(some, ids, strict=True), start):
            yield language, name(language, int(owner)), place - int(sets.offsets[owner]), key


def _picture(features: np.ndarray, language: str, owner: int, drawn: np.random.Generator) -> pictures.Picture:
    """A small picture of coloured squares: some that its features colour, some at random."""
    from PIL import Image

    detail = drawn.integers(0, 256, (DETAIL, DETAIL, 3), np.uint8)
    detail[1:4, 1:4].reshape(-1)[: len(features)] = np.clip(40 * features.astype(np.float32), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(detail).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(buffer, "JPEG", quality=60)
    path = f"{language}/{name(language, owner)}/{drawn.integers(10**9)}.jpg"
    return pictures.Picture(
        buffer.getvalue(), path, SIDE, SIDE, provider="synthetic", licence="CC0-1.0", author="benchmarks",
        source_url=f"https://pictures.example/{path}", page=f"https://pictures.example/{language}/{owner}",
        time="2026-01-01T00:00:00Z",
    )  # fmt: skip


@app.command()
def main(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    scale: Annotated[float, typer.Option(min=0.001, max=10, help="Of the number of words; 1: the paper's size.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of everything.")] = 0,
) -> None:
    """Make a data set of the paper's size, to measure on."""
    made = build(folder, scale, seed)
    print(f"{made.path}: {len(made.pictures.table):,} pictures")


if __name__ == "__main__":
    program.run(app, NAME)
