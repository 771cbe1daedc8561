"""Controls: how far one gets without looking at a picture.

A result of a method means little until it is set beside chance (``metrics.chance``), spelling, and, where it is known
what each picture depicts, identity.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import CONTROL, Ranker

NGRAMS = (1, 2, 3)


def spelling(pair: Pair) -> NDArray[np.float32]:
    """Cosines of the words' character n-grams: float32 (n_source, n_target), in [0, 1]."""
    return _cosine([_ngrams(word) for word in pair.source.words], [_ngrams(word) for word in pair.target.words])


def identity(pair: Pair) -> NDArray[np.float32]:
    """Cosines of the sets of depicted concepts behind the words: float32 (n_source, n_target), in [0, 1].

    Words without pictures score nan.
    """
    source, target = pair.concepts
    scores = _cosine(source, target)
    scores[[not own for own in source]] = np.nan
    scores[:, [not own for own in target]] = np.nan
    return scores


def _concepts_known(dataset: Dataset, backbone: str, pair: str) -> bool:
    return bool(dataset.pictures.concepts)


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
            parameters={"n": NGRAMS},
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
            key=lambda pair: storage.digest(pair.key, [[sorted(own) for own in side] for side in pair.concepts]),
            scores=identity,
            available=_concepts_known,
            bounds=(0.0, 1.0),
        ),
    )
}


def _ngrams(word: str) -> list[str]:
    marked = f"^{word.casefold()}$"
    return [marked[start : start + n] for n in NGRAMS for start in range(len(marked) - n + 1)]


def _cosine(source: Sequence[Collection[str]], target: Sequence[Collection[str]]) -> NDArray[np.float32]:
    """Cosines of the counts of the parts that two words consist of: float32 (n_source, n_target)."""
    from sklearn.feature_extraction.text import CountVectorizer  # takes a second to import
    from sklearn.metrics.pairwise import cosine_similarity

    known = {"", *chain.from_iterable(source), *chain.from_iterable(target)}  # sklearn refuses to know nothing
    counter = CountVectorizer(analyzer=lambda parts: parts, vocabulary=known)
    return np.asarray(cosine_similarity(counter.transform(source), counter.transform(target)), np.float32)
