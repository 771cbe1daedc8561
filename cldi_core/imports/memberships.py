"""Which pictures are stored and which belong to which word, for many of them: numbers and bytes in place of texts."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import Dataset, write_words
from cldi_core.data.pictures import Pictures

RAW = 16  # bytes of an id


class KnownIds:
    """The ids of the stored pictures, 16 bytes each; ``bytes.fromhex(id) in known``."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._shards: set[Path] = set()
        self._ids = np.zeros(0, f"S{RAW}")
        self.look_again()

    def look_again(self) -> None:
        """Read the shards that have come since."""
        fresh = [path for path in self._pictures.shards if path not in self._shards]
        if fresh:
            self._shards.update(fresh)
            self._ids = np.union1d(self._ids, _raw([key for path in fresh for key in self._pictures.ids_of(path)]))

    def __contains__(self, key: bytes) -> bool:
        # Bytes of zero at the end are not kept, of what is stored and of what is asked for alike.
        place = int(np.searchsorted(self._ids, key))
        return place < len(self._ids) and bool(self._ids[place] == key.rstrip(b"\0"))


def _raw(ids: list[str]) -> NDArray[Any]:
    return np.frombuffer(bytes.fromhex("".join(ids)), f"S{RAW}")


class Places:
    """Words and their pictures, 28 bytes for each picture in a word."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], int] = {}
        self._numbers, self._positions = array("q"), array("q")
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
        different = len(np.unique(np.frombuffer(self._ids, f"V{RAW}")))
        return {"languages": dict(sorted(languages.items())), "pictures": different, "memberships": len(self)}

    def write(self, path: Path) -> None:
        """Under the lock: these words get these pictures and no others, numbered anew; other words stay."""
        stored = Dataset(path).words.itertuples(index=False, name=None)
        kept = [row for row in stored if (row[0], row[1]) not in self._words]
        write_words(path, [*kept, *self._rows()])

    def _rows(self) -> list[tuple[str, str, int, str]]:
        words = list(self._words)
        rows: list[tuple[str, str, int, str]] = []
        numbers = np.array(self._numbers)
        last, position = -1, 0
        # Stable: of one position, who came first goes first.
        for row in np.lexsort((np.array(self._positions), numbers)).tolist():
            number = self._numbers[row]
            position = position + 1 if number == last else 0
            last = number
            rows.append((*words[number], position, self._ids[row * RAW : (row + 1) * RAW].hex()))
        return rows
