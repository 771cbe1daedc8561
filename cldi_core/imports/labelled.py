"""Pictures with labels, which other people's data sets are made of: what their readers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cldi_core.errors import DatasetError

# Columns that are taken for words, the first that is there.
LABELS = ("word", "label", "labels", "class", "category", "text", "caption")
EXPECTED = (
    "expected an image folder (<word>/<picture>, or metadata.csv or .jsonl with file_name and a word), or Parquet "
    "files with a column of pictures and one of words"
)
NO_LABEL = "picture without a word"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture.

    Attributes:
        label: as it is written.
        place: in its source, for reports, and as the name of its file.
        content: the bytes of its file.
    """

    label: str
    place: str
    content: bytes


def word_column(columns: Sequence[str], given: str, place: str) -> str:
    """The column that holds the words: the one that is ``given``, the only one, or that of a usual name.

    Raises:
        DatasetError: it is not there, or several could be it.
    """
    listed = ", ".join(repr(column[:40]) for column in columns[:12]) or "none"
    if given:
        if given not in columns:
            raise DatasetError(f"{place} has no column {given[:60]!r} of words; choose from: {listed}")
        return given
    known = [column for name in LABELS for column in columns if column.lower() == name]
    if not known and len(columns) != 1:
        raise DatasetError(f"which column of {place} holds the words? Say it with --word; there are: {listed}")
    return known[0] if known else columns[0]
