"""``words.parquet``: which pictures belong to which word, read and written as numbers and bytes, 28 a row."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import ids, parquet_pages, storage
from cldi_core.data.ids import Raw
from cldi_core.data.members import Members

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("language", "word", "position", "id")
Word = tuple[str, str]  # language, word
_ROWS = 1 << 16  # that are read and written together
MANY, ROWS_PER_BYTE = 5_000_000, 4  # rows that are accepted, and of larger files; 28 bytes are taken for each
MAX_UNPACKED, MAX_RATIO = 500_000_000, 8  # bytes of all pages, and of larger files for each of their own


@dataclass(frozen=True)
class WordTable:
    """Rows of word and picture, in any order.

    Attributes:
        words: language and word, each once.
        numbers: int32 (n,), the word of each row; positions: int64 (n,), the picture's place in it.
        rows: uint8 (n, 16), the ids of the pictures.
    """

    words: Sequence[Word]
    numbers: NDArray[np.int32]
    positions: NDArray[np.int64]
    rows: Raw

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, int, str]]) -> WordTable:
        """Of language, word, position and id; ValueError: an id is not 32 hex digits."""
        listed = list(rows)
        words: dict[Word, int] = {}
        numbers = np.array([words.setdefault((row[0], row[1]), len(words)) for row in listed], np.int32)
        positions = np.array([row[2] for row in listed], np.int64)
        return cls([*words], numbers, positions, ids.raw([row[3] for row in listed]))

    def frame(self) -> pd.DataFrame:
        """The rows as they are: columns language, word, position, id."""
        import pandas as pd

        numbers = self.numbers.tolist()
        columns = ([self.words[number][side] for number in numbers] for side in (0, 1))
        values = (*columns, self.positions, ids.texts(self.rows))
        kinds = ("str", "str", "int64", "str")
        series = (pd.Series(own, dtype=kind) for own, kind in zip(values, kinds, strict=True))
        return pd.DataFrame(dict(zip(COLUMNS, series, strict=True)))

    def without(self, words: Container[Word]) -> WordTable:
        """The rows of all other words."""
        stays = np.array([word not in words for word in self.words], np.bool_)
        kept = stays[self.numbers] if len(self.words) else np.zeros(0, np.bool_)
        return WordTable(self.words, self.numbers[kept], self.positions[kept], self.rows[kept])

    def joined(self, other: WordTable) -> WordTable:
        """The rows of both."""
        words: dict[Word, int] = {}
        parts = []
        for table in (self, other):
            new = np.array([words.setdefault(word, len(words)) for word in table.words], np.int32)
            parts.append(new[table.numbers] if len(new) else table.numbers)
        positions = np.concatenate([self.positions, other.positions])
        return WordTable([*words], np.concatenate(parts), positions, np.concatenate([self.rows, other.rows]))

    def sorted(self) -> WordTable:
        """By language, word, position and id, each row once."""
        place = np.empty(len(self.words), np.int32)
        order = sorted(range(len(self.words)), key=self.words.__getitem__)
        place[order] = np.arange(len(order))
        numbers = place[self.numbers] if len(place) else self.numbers
        by = np.lexsort((ids.as_strings(self.rows), self.positions, numbers))
        numbers, positions, rows = numbers[by], self.positions[by], self.rows[by]
        again = (numbers[1:] == numbers[:-1]) & (positions[1:] == positions[:-1])
        again &= (rows[1:] == rows[:-1]).all(axis=1)
        kept = np.concatenate([np.ones(min(len(rows), 1), np.bool_), ~again])
        return WordTable([self.words[number] for number in order], numbers[kept], positions[kept], rows[kept])

    def members(self) -> dict[str, Members]:
        """Language → word → its pictures, all in the order in which they are met."""
        found = {}
        language_of = {language: place for place, language in enumerate(dict.fromkeys(word[0] for word in self.words))}
        own = np.array([language_of[language] for language, _ in self.words], np.int32)
        for language, number in language_of.items():
            mine = np.flatnonzero(own[self.numbers] == number)
            numbers = self.numbers[mine]
            if (np.diff(numbers) < 0).any():
                by = np.argsort(numbers, kind="stable")
                mine, numbers = mine[by], numbers[by]
            words = [word for (one, word) in self.words if one == language]
            starts = np.searchsorted(numbers, np.flatnonzero(own == number))
            found[language] = Members(words, np.append(starts, len(mine)), self.rows[mine])
        return found


def read(path: Path) -> WordTable:
    """What is stored.

    Raises:
        OSError, ValueError, KeyError or pyarrow.ArrowException: it cannot be read, or is something else.
    """
    import pyarrow.parquet as pq

    with storage.open_regular(path) as opened:  # raises where reading would never end
        parquet_pages.check_end(opened)
        # A picture's id is held once, however often it is there: it could be any text, of any length.
        file = pq.ParquetFile(path, read_dictionary=["language", "word", "id"], pre_buffer=False)
        _check_size(opened, file.metadata)
    words: dict[Word, int] = {}
    numbers, positions = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    rows = [np.zeros((0, ids.BYTES), np.uint8)]
    for batch in file.iter_batches(_ROWS, columns=[*COLUMNS], use_threads=False):
        rows.append(_ids(batch.column("id")))
        positions.append(batch.column("position").to_numpy(zero_copy_only=False).astype(np.int64))
        numbers.append(_numbers(batch.column("language"), batch.column("word"), words))
    return WordTable([*words], np.concatenate(numbers), np.concatenate(positions), np.concatenate(rows))


def _check_size(file: IO[bytes], footer: Any) -> None:
    """ValueError: a table is larger than is accepted."""
    size = os.fstat(file.fileno()).st_size
    if footer.num_rows > max(MANY, ROWS_PER_BYTE * size):
        raise ValueError(f"{footer.num_rows:,} rows in {size:,} bytes")
    found = parquet_pages.unpacked(file, footer, range(footer.num_row_groups), COLUMNS)
    if found.pages > max(MAX_UNPACKED, MAX_RATIO * size):
        raise ValueError(f"it unpacks to {found.pages:,} bytes, from {size:,}")


def _ids(column: Any) -> Raw:
    """A column of dictionaries of ids; ValueError as ``ids.raw_of_column``."""
    import pyarrow.compute as pc

    if (pc.max(pc.binary_length(column.dictionary)).as_py() or 0) > ids.WIDTH:  # before each is written out
        raise ValueError("ids that are not 32 hex digits")
    return ids.raw_of_column(column.dictionary_decode())


def _numbers(language: Any, word: Any, words: dict[Word, int]) -> NDArray[np.int32]:
    """The numbers of a batch's words; those that come for the first time get the next ones."""
    sides = [(column.dictionary.to_pylist(), column.indices.to_numpy().astype(np.int64)) for column in (language, word)]
    (languages, left), (spelled, right) = sides
    both, first, place = np.unique(left * (len(spelled) + 1) + right, return_index=True, return_inverse=True)
    new = np.empty(len(both), np.int32)
    for number in np.argsort(first).tolist():  # in the order in which they are met
        one, other = divmod(int(both[number]), len(spelled) + 1)
        new[number] = words.setdefault((languages[one], spelled[other]), len(words))
    return new[place]


def write(path: Path, table: WordTable) -> None:
    """Replace what is stored, sorted and each row once; OSError as ``storage.write``."""
    storage.write(path, lambda file: write_to(file, table))


def write_to(file: Path | IO[bytes], table: WordTable) -> None:
    """Write a table sorted, and each row once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"language": pa.string(), "word": pa.string(), "position": pa.int64(), "id": pa.string()}
    table = table.sorted()
    languages, words = ([word[side] for word in table.words] for side in (0, 1))
    with pq.ParquetWriter(file, pa.schema(kinds)) as writer:
        for start in range(0, len(table.rows), _ROWS):
            part = slice(start, start + _ROWS)
            numbers = table.numbers[part].tolist()
            columns = {
                "language": [languages[number] for number in numbers],
                "word": [words[number] for number in numbers],
                "position": table.positions[part],
                "id": ids.texts(table.rows[part]),
            }
            writer.write_table(pa.table(columns, schema=pa.schema(kinds)), row_group_size=16 * _ROWS)
