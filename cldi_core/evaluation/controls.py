"""Controls: how far one gets without looking at a picture.

A result of a method means little until it is set beside chance (``metrics.chance``), spelling, and, where it is known
what each picture depicts, identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import CONTROL, Ranker

Concepts = list[set[str]]  # of each word


def spelling(pair: Pair) -> NDArray[np.float32]:
    """Cosines of the words' character n-grams: float32 (n_source, n_target), in [0, 1]."""
    return _cosine([_ngrams(word) for word in pair.source.words], [_ngrams(word) for word in pair.target.words])


def identity(pair: Pair) -> NDArray[np.float32]:
    """Cosines of the sets of depicted concepts behind the words: float32 (n_source, n_target), in [0, 1].

    Words without pictures score nan.
    """
    sides = [[Counter(dict.fromkeys(own, 1)) for own in side] for side in _concepts(pair)]
    scores = _cosine(*sides)
    for axis, counters in enumerate(sides):
        empty = np.array([not counter for counter in counters])
        scores[empty if axis == 0 else (slice(None), empty)] = np.nan
    return scores


def _concepts(pair: Pair) -> tuple[Concepts, Concepts]:
    """What the pictures of the source words and of the candidates depict."""
    concept = pair.dataset.pictures.table["concept"]
    source, target = (
        [{concept.get(key, "") for key in members.get(word, ())} - {""} for word in sets.words]
        for members, sets in zip(map(pair.dataset.members, pair.languages), (pair.source, pair.target), strict=True)
    )
    return source, target


def _concepts_known(dataset: Dataset, backbone: str, pair: str) -> bool:
    return bool((dataset.pictures.table["concept"].astype(str) != "").any())


CONTROLS: dict[str, Ranker] = {
    control.name: control
    for control in (
        Ranker(
            "spelling",
            "Spelling",
            "Cosine of the words' character n-grams (1 to 3, with word borders); no picture is used.",
            "cos(counts of n-grams of the source word, counts of n-grams of T)",
            "control",
            CONTROL,
            key=lambda pair: pair.key,
            scores=spelling,
            bounds=(0.0, 1.0),
        ),
        Ranker(
            "identity",
            "Identity",
            "Cosine of the sets of emoji behind two words; no picture is looked at. It is the ceiling that shared "
            "concepts allow.",
            "cos(concepts that S depicts, concepts that T depicts)",
            "control",
            CONTROL,
            key=lambda pair: storage.digest(pair.key, [[sorted(own) for own in side] for side in _concepts(pair)]),
            scores=identity,
            available=_concepts_known,
            bounds=(0.0, 1.0),
        ),
    )
}


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
