"""Whatever ranks pictures and descriptions: trained models, and the controls that each has to beat.

A scorer compares descriptions with pictures, descriptions of two languages, or both; what it cannot compare is
``None``.  Where each language has a space of its own (VSE, OE, ridge regression), two descriptions are compared through
pictures that both spaces hold: ``S(c_1, c_2)`` is the correlation, over one picture of each training item, of
``S_1(c_1, ·)`` with ``S_2(c_2, ·)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cldi_core.pivot import controls
from cldi_core.pivot.corpus import Corpus, Split
from cldi_core.pivot.joint import Trained
from cldi_core.scoring.imagesets import unit_rows

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

Similarities = NDArray[np.floating]
Texts = Sequence[str]


class Scorer(Protocol):
    """What can rank."""

    name: str
    label: str

    def to_pictures(self, texts: Texts, language: str, features: Similarities) -> Similarities | None:
        """Descriptions against pictures (float (m, dim), unit rows): float (n, m)."""

    def to_texts(self, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """Descriptions in one language against those in another: float (n, m)."""


@dataclass(frozen=True)
class Bridge:
    """The pictures through which two separate spaces are compared: float32 (n, dim), one of each training item."""

    features: NDArray[np.float32]

    @classmethod
    def of(cls, corpus: Corpus, split: Split, seed: int = 0) -> Bridge:
        """One picture of each training item."""
        rng = np.random.default_rng([seed, 7])
        rows = [
            item.pictures[int(rng.integers(len(item.pictures)))] for item in map(corpus.item.get, split.train) if item
        ]
        return cls(corpus.features[rows])

    def compare(self, scorer: Scorer, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """The correlations of two languages' scores."""
        sides = [
            scorer.to_pictures(texts, language, self.features)
            for texts, language in zip((left, right), languages, strict=True)
        ]
        return None if sides[0] is None or sides[1] is None else correlation(sides[0], sides[1])


def correlation(left: Similarities, right: Similarities) -> Similarities:
    """Pearson's r of all pairs of rows: (n, dim), (m, dim) → (n, m); 0 for a row whose numbers are all the same."""
    rows = []
    for side in (left, right):
        same = side.max(axis=1, keepdims=True) == side.min(axis=1, keepdims=True)
        centred = np.where(same, 0, side - side.mean(axis=1, keepdims=True))
        rows.append(unit_rows(centred, centred.dtype))
    return np.asarray(rows[0] @ rows[1].T)


class Learned:
    """A trained model."""

    def __init__(self, trained: Trained, bridge: Bridge) -> None:
        self.trained, self.bridge = trained, bridge
        self.name = trained.key.name
        self.label = trained.model.label + (", pictures permuted" if trained.key.permuted else "")

    def to_pictures(self, texts: Texts, language: str, features: Similarities) -> Similarities | None:
        """As in ``Scorer``; ``None`` for a language that the model does not hold."""
        space = self.trained.spaces.get(language)
        if space is None:
            return None
        return space.texts_with_pictures(space.text_rows(texts, language), space.picture_rows(features))

    def to_texts(self, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """As in ``Scorer``; through pictures where the languages have separate spaces."""
        one, other = (self.trained.spaces.get(language) for language in languages)
        if one is None or other is None:
            return None
        if one is not other:
            return self.bridge.compare(self, left, right, languages)
        return one.texts_with_texts(one.text_rows(left, languages[0]), one.text_rows(right, languages[1]))


class Ridge:
    """Control: ridge regression from pictures to words, in closed form; one for each language."""

    name, label = "ridge", "Ridge regression"

    def __init__(self, corpus: Corpus, split: Split, bridge: Bridge) -> None:
        self.bridge, self.fitted = bridge, {}
        for language in corpus.languages:
            items = corpus.part(split.train, language)
            rows = [row for item in items for row in item.own[language]]
            texts = [" ".join(item.texts[language]) for item in items for _ in item.own[language]]
            self.fitted[language] = controls.Ridge(corpus.features[rows], texts)

    def to_pictures(self, texts: Texts, language: str, features: Similarities) -> Similarities | None:
        """As in ``Scorer``."""
        return self.fitted[language].scores(texts, features) if language in self.fitted else None

    def to_texts(self, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """As in ``Scorer``, through pictures."""
        return self.bridge.compare(self, left, right, languages)


class Spelling:
    """Control: the cosine of character n-grams; no picture, no training."""

    name, label = "spelling", "Spelling"

    def to_pictures(self, texts: Texts, language: str, features: Similarities) -> Similarities | None:
        """Spelling says nothing of pictures."""
        return None

    def to_texts(self, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """As in ``Scorer``."""
        return controls.spelling(left, right)


class Identity:
    """Control: which training items two descriptions share words with; no picture is looked at.

    ``S(c_1, c_2)`` is the cosine of the TF-IDF cosines of ``c_1`` and of ``c_2`` with the descriptions of those
    training items that both languages describe.  Without such items it says nothing.
    """

    name, label = "identity", "Identity, no pictures"

    def __init__(self, corpus: Corpus, split: Split) -> None:
        self.known: dict[str, tuple[TfidfVectorizer, Any]] = {}  # language → its words, and the items' sparse rows
        items = [
            item for key in split.train if all((item := corpus.item[key]).texts.get(one) for one in corpus.languages)
        ]
        for language in corpus.languages if items and len(corpus.languages) == 2 else ():
            texts = [" ".join(item.texts[language]) for item in items]
            tfidf = controls.tfidf(texts)
            self.known[language] = tfidf, tfidf.transform(texts)

    def to_pictures(self, texts: Texts, language: str, features: Similarities) -> Similarities | None:
        """It looks at no picture."""
        return None

    def to_texts(self, left: Texts, right: Texts, languages: tuple[str, str]) -> Similarities | None:
        """As in ``Scorer``."""
        if any(language not in self.known for language in languages):
            return None
        sides = []
        for texts, language in zip((left, right), languages, strict=True):
            tfidf, rows = self.known[language]
            sides.append(unit_rows((tfidf.transform(texts) @ rows.T).toarray(), np.float64))
        return np.asarray(sides[0] @ sides[1].T)


# The controls that need no training: name → label.
CONTROLS: dict[str, str] = {one.name: one.label for one in (Ridge, Spelling, Identity)}


def rivals(corpus: Corpus, split: Split, bridge: Bridge) -> list[Scorer]:
    """All of ``CONTROLS``, for one corpus and its split."""
    return [Ridge(corpus, split, bridge), Spelling(), Identity(corpus, split)]
