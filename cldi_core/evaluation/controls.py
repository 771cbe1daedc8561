"""Controls: how far one gets without looking at a picture.

A result of a method means little until it is set beside chance (``metrics.chance``), spelling, and, where it is known
what each picture depicts, identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import pair_languages


@dataclass(frozen=True)
class Control:
    """One way to rank candidates without pictures."""

    name: str
    label: str
    about: str
    compute: Callable[[Dataset, str, Sequence[str], Sequence[str]], NDArray[np.float32]]


def spelling(dataset: Dataset, pair: str, source: Sequence[str], target: Sequence[str]) -> NDArray[np.float32]:
    """Cosines of the words' character n-grams: float32 (n_source, n_target), in [0, 1]."""
    return _cosine([_ngrams(word) for word in source], [_ngrams(word) for word in target])


def identity(dataset: Dataset, pair: str, source: Sequence[str], target: Sequence[str]) -> NDArray[np.float32]:
    """Cosines of the sets of depicted concepts behind the words: float32 (n_source, n_target), in [0, 1].

    Words without pictures score nan.
    """
    concept = dataset.pictures.table["concept"]
    sides = []
    for language, words in zip(pair_languages(pair), (source, target), strict=True):
        members = dataset.members(language)
        owned = [[concept.get(key, "") for key in members.get(word, ())] for word in words]
        sides.append([Counter(dict.fromkeys(filter(None, concepts), 1)) for concepts in owned])
    scores = _cosine(*sides)
    for axis, counters in enumerate(sides):
        empty = np.array([not counter for counter in counters])
        scores[empty if axis == 0 else (slice(None), empty)] = np.nan
    return scores


CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        Control(
            "spelling",
            "Spelling",
            "Cosine of the words' character n-grams (1 to 3, with word borders); no picture is used.",
            spelling,
        ),
        Control(
            "identity",
            "Identity",
            "Cosine of the sets of emoji behind two words; no picture is looked at. It is the ceiling that shared "
            "concepts allow.",
            identity,
        ),
    )
}


def available(dataset: Dataset) -> list[str]:
    """The controls that make sense for a data set: identity needs known concepts."""
    concepts = dataset.pictures.table["concept"]
    return [name for name in CONTROLS if name != "identity" or bool((concepts.astype(str) != "").any())]


def _ngrams(word: str) -> Counter[str]:
    marked = f"^{word.casefold()}$"
    return Counter(marked[start : start + n] for n in (1, 2, 3) for start in range(len(marked) - n + 1))


def _cosine(source: Sequence[Counter[str]], target: Sequence[Counter[str]]) -> NDArray[np.float32]:
    vocabulary: dict[str, int] = {}
    for counter in (*source, *target):
        for gram in counter:
            vocabulary.setdefault(gram, len(vocabulary))
    sides = [_matrix(side, vocabulary) for side in (source, target)]
    cosines: NDArray[np.float32] = np.minimum(sides[0] @ sides[1].T, np.float32(1))
    return cosines


def _matrix(counters: Iterable[Counter[str]], vocabulary: dict[str, int]) -> NDArray[np.float32]:
    counters = list(counters)
    matrix = np.zeros((len(counters), max(len(vocabulary), 1)), np.float32)
    for row, counter in enumerate(counters):
        for gram, count in counter.items():
            matrix[row, vocabulary[gram]] = count
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.where(norms == 0, 1, norms)
    return matrix
