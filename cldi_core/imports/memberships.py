"""Which pictures are stored and which belong to which word, for many of them: numbers and bytes in place of texts."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cldi_core.data import ids, picture_shards, word_table
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import Pictures
from cldi_core.data.word_table import WordTable


class KnownIds:
    """The ids of pictures that are stored or were met, about 16 bytes each; ``bytes.fromhex(id) in known``.

    Attributes:
        others: those that somebody else has stored meanwhile.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._shards: set[Path] = set()
        self._ids, self.others = ids.GrowingIds(), ids.GrowingIds()
        self._ids.add_rows(self._fresh())

    def look_again(self) -> None:
        """Read the shards that others have stored since."""
        rows = self._fresh()
        if len(rows):
            self._ids.add_rows(rows)
            self.others.add_rows(rows)

    def _fresh(self) -> ids.Raw:
        fresh = [path for path in self._pictures.shards if path not in self._shards]
        self._shards.update(fresh)
        rows = [np.zeros((0, ids.BYTES), np.uint8), *(picture_shards.read_ids(path)[0] for path in fresh)]
        picture_shards.forget()
        return np.concatenate(rows)

    def stored(self, shard: Path) -> None:
        """This shard is one's own: its pictures are known."""
        self._shards.add(shard)

    def add(self, key: bytes) -> None:
        """One more is met."""
        self._ids.add(key)

    def __contains__(self, key: bytes) -> bool:
        return key in self._ids


class Places:
    """Words and their pictures, 28 bytes for each picture in a word."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], int] = {}
        self._numbers, self._positions = array("i"), array("q")
        self._ids = bytearray()

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, language: str, word: str, position: int, key: bytes) -> None:
        """A picture has this place in a word."""
        self._numbers.append(self._words.setdefault((language, word), len(self._words)))
        self._positions.append(position)
        self._ids += key

    def counts(self) -> dict[str, Any]:
        """``languages``: words of each; ``pictures``: different ones; ``memberships``: places in words."""
        languages = Counter(language for language, _ in self._words)
        different = len(ids.unique(self._rows()))
        return {"languages": dict(sorted(languages.items())), "pictures": different, "memberships": len(self)}

    def write(self, path: Path) -> None:
        """Under the lock: these words get these pictures and no others, numbered anew; other words stay."""
        kept = Dataset(path).word_table.without(self._words)
        word_table.write(path / "words.parquet", kept.joined(self._table()))

    def _rows(self) -> ids.Raw:
        return np.frombuffer(self._ids, np.uint8).reshape(-1, ids.BYTES)

    def _table(self) -> WordTable:
        numbers = np.frombuffer(self._numbers, np.int32)
        # Stable: of one position, who came first goes first.
        order = np.lexsort((np.frombuffer(self._positions, np.int64), numbers))
        numbers = numbers[order]
        starts = np.searchsorted(numbers, np.arange(len(self._words)))
        return WordTable([*self._words], numbers, np.arange(len(numbers)) - starts[numbers], self._rows()[order])
