"""What a data set holds, in a few numbers: a row of the list of all data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cldi_core.data.dataset import Dataset


@dataclass(frozen=True)
class Summary:
    """A data set in numbers.

    Attributes:
        pairs: that have a word list.
        words: with pictures, by language.
        pictures: that are stored.
        backbones: that have features.
        licences: of the pictures; empty texts are left out.
    """

    title: str
    pairs: tuple[str, ...]
    words: Mapping[str, int]
    pictures: int
    backbones: tuple[str, ...]
    licences: tuple[str, ...]


def summary(dataset: Dataset) -> Summary:
    """What a data set holds.

    Raises:
        DatasetError: a part of it cannot be read.
    """
    table = dataset.pictures.table
    words = {language: len(dataset.members(language)) for language in dataset.languages}
    licences = tuple(sorted({str(licence) for licence in table["licence"].dropna().unique()} - {""}))
    return Summary(dataset.title, dataset.pairs, words, len(table), dataset.backbones, licences)
