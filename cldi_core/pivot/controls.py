"""What a learned model has to beat: closed-form ridge regression, and spelling alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.pivot.text import BUCKETS, ngrams, words
from cldi_core.scoring.imagesets import unit_rows

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

TextRows = NDArray[np.float64]
PENALTY = 10.0  # of the ridge regression, on unit rows


def tfidf(texts: Sequence[str]) -> TfidfVectorizer:
    """What makes sparse TF-IDF rows of texts: unit rows of counts times log(n / texts that hold the word) + 1.

    Args:
        texts: those whose words it knows.  A text of other words alone has a row of zeros.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    known = texts if any(map(words, texts)) else ["x"]  # without any word it raises
    return TfidfVectorizer(analyzer=words, smooth_idf=False).fit(known)


class Ridge:
    """Ridge regression from pictures to the words that describe them; in closed form, nothing is tuned.

    ``W = argmin ‖X W - Y‖² + λ ‖W‖²`` with unit rows of features ``X`` and TF-IDF rows ``Y``; a picture and a text are
    as alike as the cosine of ``x W`` and the text's TF-IDF row.
    """

    def __init__(self, features: NDArray[np.floating], texts: Sequence[str], penalty: float = PENALTY) -> None:
        """Fit it: float (n, dim) features, and a text for each; without any it knows no word."""
        if not texts:
            features, texts = np.zeros((1, features.shape[1])), [""]
        self.tfidf = tfidf(texts)
        rows = unit_rows(features, np.float64)
        self.mean = rows.mean(axis=0)
        rows -= self.mean
        gram = rows.T @ rows + penalty * np.eye(rows.shape[1])
        # Pictures with the same text share their row of Y: add them up first.
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        summed = np.zeros((len(place), rows.shape[1]))
        np.add.at(summed, [place[text] for text in texts], rows)
        self.weights = np.linalg.solve(gram, (self.tfidf.transform(place).T @ summed).T)

    def scores(self, texts: Sequence[str], features: NDArray[np.floating]) -> TextRows:
        """float64 (n_texts, n_pictures)."""
        predicted = unit_rows((unit_rows(features, np.float64) - self.mean) @ self.weights, np.float64)
        return np.asarray(self.tfidf.transform(texts) @ predicted.T)


def spelling(left: Sequence[str], right: Sequence[str]) -> TextRows:
    """The cosine of two texts' counts of character n-grams: float64 (n_left, n_right).  No picture, no training."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    parts = CountVectorizer(
        analyzer=lambda text: [part for word in words(text) for part in ngrams(word)], vocabulary=range(BUCKETS)
    )
    return np.asarray(cosine_similarity(parts.transform(left), parts.transform(right)))
