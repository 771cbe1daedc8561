"""Semantic textual similarity: how well a model's similarities of sentence pairs follow people's judgements.

Two kinds of tab-separated files are read, both without a line of headings: ``score, sentence, sentence``, and the STS
benchmark's ``genre, file, year, index, score, sentence, sentence``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cldi_core.data.descriptions import read_lines
from cldi_core.errors import DatasetError
from cldi_core.evaluation import metrics
from cldi_core.pivot.space import Space

EXPECTED = "expected tab-separated score, sentence, sentence; or the STS benchmark's seven columns"


@dataclass(frozen=True)
class Judged:
    """Pairs of sentences and how alike people find them: ``scores`` float64 (n,)."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Pearson's r between a model's similarities and people's, its 95 % interval (nan where there is none), and n."""

    pearson: float
    low: float
    high: float
    n: int


def read(path: Path) -> Judged:
    """Sentence pairs of a file.

    Raises:
        DatasetError: it cannot be read, or a line is not one; it says which.
    """
    rows = []
    for number, line in enumerate(read_lines(path, EXPECTED), 1):
        if not line.strip():
            continue
        columns = line.split("\t")
        given = columns[4:7] if len(columns) >= 7 else columns
        try:
            score, left, right = float(given[0]), given[1].strip(), given[2].strip()
            if len(given) != 3 or not (left and right) or not np.isfinite(score):
                raise ValueError
        except (ValueError, IndexError) as error:
            raise DatasetError(f"{path.name!r}: line {number} is no judged pair; {EXPECTED}") from error
        rows.append((score, left, right))
    if len(rows) < 3:
        raise DatasetError(f"{path.name!r} has {len(rows)} judged pairs; expected at least 3 to correlate")
    return Judged(tuple(row[1] for row in rows), tuple(row[2] for row in rows), np.array([row[0] for row in rows]))


def agreement(space: Space, language: str, judged: Judged) -> Agreement:
    """Pearson's r between the similarities in a space and the judgements; nan where all similarities are the same.

    Raises:
        DatasetError: the space does not hold the language.
    """
    if language not in space.languages:
        raise DatasetError(f"the model holds {', '.join(space.languages)}, not {language!r}")
    found = []
    with torch.no_grad():
        for left, right in zip(judged.left, judged.right, strict=True):
            found.append(float(space.to_texts(space.of_texts([left], language), space.of_texts([right], language))))
    return correlation(np.array(found), judged.scores)


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> Agreement:
    """Pearson's r of two series, float64 (n,) each, with Fisher's interval."""
    found = metrics.correlation(one, other)
    return Agreement(found.value, found.low, found.high, len(one))
