"""Seeded image sets shaped like those of the paper, for measuring only.

A picture is a point of a small space (``LATENT`` numbers), seen through one fixed random layer with a ReLU:

- every source word has a prototype there; its translation's prototype resembles it by a correlation that differs from
  word to word (``ALIKE``), so that some words are easy and some hopeless, and MRR lies between 0 and 1
  (AVGMAX: about .5 at 200 words of 1280 or 4096 numbers, .4 at 1771);
- its pictures lie around the prototype, at a distance that differs from word to word as well (``SPREAD``), and are then
  brought back to one scale;
- the layer's biases are the same for all pictures, which is the background that all features share: two pictures of
  unrelated words have a cosine of about .5;
- what the ReLU leaves is sparse (two thirds are zeros) and, since every feature has a scale of its own (log-normal),
  heavy-tailed: the largest numbers are some hundred times the mean;
- a little noise of full rank (``GRAIN``) makes all pictures distinct.

The difficulty is in the small space, and so hardly depends on the length of the feature vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets

LATENT = 64
ALIKE = (0.1, 0.8)  # correlation of a prototype with its translation's
SPREAD = (0.8, 2.2)  # distance of pictures from their prototype, in the prototypes' own scale
BIAS = (-0.6, 1.0)  # mean and deviation
TAIL = 0.7  # deviation of the logarithm of a feature's scale
GRAIN = 0.3
FEWEST, MOST = 20, 50  # pictures of a word
LEANING = 2.75  # Beta(2.75, 1) between the two: 42 on average, as in the paper
CHUNK = 16  # words that are made at a time
SIDES = ("source", "target")


@dataclass(frozen=True)
class Pair:
    """Two languages; ``gold[i] == [i]`` is the right column of source word ``i``.

    The features are float16 (n_pictures, dim), >= 0, as features are on disk; word after word, each picture with one
    owner, so that word ``i`` has ``features[offsets[i]:offsets[i + 1]]``.
    """

    source: ImageSets
    target: ImageSets
    gold: list[list[int]]

    @property
    def flop(self) -> float:
        """Multiplications and additions of one product of all pictures with all pictures."""
        return 2.0 * len(self.source.members) * len(self.target.members) * self.source.dim


def make(words: int, dim: int, seed: int = 0, folder: Path | None = None) -> Pair:
    """``words`` × ``words`` words with features of length ``dim``; equal arguments give equal sets.

    With ``folder`` the features are written to two files there, chunk by chunk, and used memory-mapped.
    """
    rng = np.random.default_rng([seed, dim])
    layer = rng.standard_normal((LATENT, dim), np.float32) / np.float32(np.sqrt(LATENT))
    bias = rng.normal(*BIAS, dim).astype(np.float32)
    scale = rng.lognormal(0, TAIL, dim).astype(np.float32)
    prototypes = rng.standard_normal((words, LATENT), np.float32)
    alike = rng.uniform(*ALIKE, (words, 1)).astype(np.float32)
    other = rng.standard_normal((words, LATENT), np.float32)
    translated = (alike * prototypes + np.sqrt(1 - alike**2) * other).astype(np.float32)
    made = []
    for side, own in zip(SIDES, (prototypes, translated), strict=True):
        sizes = FEWEST + np.rint((MOST - FEWEST) * rng.beta(LEANING, 1, words)).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        features = _array(folder, side, (int(offsets[-1]), dim))
        for start, points in _points(own, sizes, rng):
            seen = points @ layer + bias + np.float32(GRAIN) * rng.standard_normal((len(points), dim), np.float32)
            features[start : start + len(points)] = np.maximum(seen, 0) * scale
        if folder is not None:
            np.save(folder / f"{side}-offsets.npy", offsets)
            features.flush()  # type: ignore[attr-defined]  # a memory map
        made.append(_sets(side, features, offsets))
    return Pair(made[0], made[1], [[word] for word in range(words)])


def load(folder: Path) -> Pair:
    """The pair that ``make`` wrote to ``folder``, memory-mapped."""
    source, target = (
        _sets(side, np.load(folder / f"{side}.npy", mmap_mode="r"), np.load(folder / f"{side}-offsets.npy"))
        for side in SIDES
    )
    return Pair(source, target, [[word] for word in range(len(source))])


def fresh(sets: ImageSets) -> ImageSets:
    """The same image sets without anything that they remember of an earlier use."""
    return ImageSets(sets.words, sets.features, sets.members, sets.offsets)


def _array(folder: Path | None, side: str, shape: tuple[int, int]) -> NDArray[np.float16]:
    if folder is None:
        return np.empty(shape, np.float16)
    return np.lib.format.open_memmap(folder / f"{side}.npy", "w+", np.float16, shape)


def _points(
    prototypes: NDArray[np.float32], sizes: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The pictures of a few words at a time, float32 (n, LATENT), and the row of the first of them."""
    spreads = rng.uniform(*SPREAD, len(sizes)).astype(np.float32)
    start = 0
    for first in range(0, len(sizes), CHUNK):
        owner = np.repeat(np.arange(first, min(first + CHUNK, len(sizes))), sizes[first : first + CHUNK])
        spread = spreads[owner, None]
        around = prototypes[owner] + spread * rng.standard_normal((len(owner), LATENT), np.float32)
        yield start, (around / np.sqrt(1 + spread**2)).astype(np.float32)
        start += len(owner)


def _sets(side: str, features: NDArray[np.float16], offsets: NDArray[np.int64]) -> ImageSets:
    words = [f"{side}-{number}" for number in range(len(offsets) - 1)]
    return ImageSets(words, features, np.arange(len(features)), offsets)
