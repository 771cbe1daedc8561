"""What a learned model has to beat: closed-form ridge regression, and spelling alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.pivot.text import Vocabulary, ngrams, words

Matrix = NDArray[np.float64]
PENALTY = 10.0  # of the ridge regression, on unit rows


def weigh(texts: Sequence[str], vocabulary: Vocabulary, rarity: NDArray[np.float64]) -> Matrix:
    """TF-IDF rows of unit length: float64 (n, len(vocabulary)); column 0, of unknown words, stays 0."""
    numbers = vocabulary.numbers()
    found = np.zeros((len(texts), len(vocabulary)))
    for row, text in enumerate(texts):
        for word, count in Counter(words(text)).items():
            if word in numbers:
                found[row, numbers[word]] = count * rarity[numbers[word]]
    return unit(found)


def rarities(texts: Sequence[str], vocabulary: Vocabulary) -> NDArray[np.float64]:
    """log(n / texts that hold the word) + 1 for each word of a vocabulary: float64 (len(vocabulary),)."""
    numbers = vocabulary.numbers()
    holding = np.zeros(len(vocabulary))
    for text in texts:
        for word in set(words(text)) & numbers.keys():
            holding[numbers[word]] += 1
    return np.asarray(np.log(max(len(texts), 1) / np.maximum(holding, 1)) + 1)


class Ridge:
    """Ridge regression from pictures to the words that describe them; in closed form, nothing is tuned.

    ``W = argmin ‖X W - Y‖² + λ ‖W‖²`` with unit rows of features ``X`` and TF-IDF rows ``Y``; a picture and a text are
    as alike as the cosine of ``x W`` and the text's TF-IDF row.
    """

    def __init__(self, features: NDArray[np.floating], texts: Sequence[str], penalty: float = PENALTY) -> None:
        """Fit it: float (n, dim) features, and a text for each."""
        self.vocabulary = Vocabulary.of(texts)
        self.rarity = rarities(texts, self.vocabulary)
        rows = unit(np.asarray(features, np.float64))
        self.mean = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
        rows = rows - self.mean
        gram = rows.T @ rows + penalty * np.eye(rows.shape[1])
        # Pictures with the same text share their row of Y: add them up first.
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        summed = np.zeros((len(place), rows.shape[1]))
        np.add.at(summed, [place[text] for text in texts], rows)
        self.weights = np.linalg.solve(gram, summed.T @ weigh(list(place), self.vocabulary, self.rarity))

    def scores(self, texts: Sequence[str], features: NDArray[np.floating]) -> Matrix:
        """float64 (n_texts, n_pictures)."""
        predicted = unit((unit(np.asarray(features, np.float64)) - self.mean) @ self.weights)
        return np.asarray(weigh(texts, self.vocabulary, self.rarity) @ predicted.T)


def spelling(left: Sequence[str], right: Sequence[str]) -> Matrix:
    """The cosine of two texts' counts of character n-grams: float64 (n_left, n_right).  No picture, no training."""
    columns: dict[int, int] = {}
    counted = [
        [Counter(part for word in words(text) for part in ngrams(word)) for text in side] for side in (left, right)
    ]
    for side in counted:
        for counts in side:
            for bucket in counts:
                columns.setdefault(bucket, len(columns))
    rows = [np.zeros((len(side), len(columns))) for side in counted]
    for matrix, side in zip(rows, counted, strict=True):
        for row, counts in enumerate(side):
            for bucket, count in counts.items():
                matrix[row, columns[bucket]] = count
    return np.asarray(unit(rows[0]) @ unit(rows[1]).T)


def unit(rows: Matrix) -> Matrix:
    """Rows of length one; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1))
