"""Descriptions as numbers: words of a vocabulary, and hashed character n-grams for words that are not in it."""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cldi_core.data import storage

UNKNOWN = 0  # the number of every word that is not in the vocabulary
BUCKETS = 1 << 13  # of hashed n-grams
SHORTEST, LONGEST = 3, 5  # characters of an n-gram, the marks of a word's borders included
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words(text: str) -> list[str]:
    """The words of a text without regard to case; what is no letter or digit divides them."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


@functools.lru_cache(maxsize=1 << 17)
def ngrams(word: str) -> tuple[int, ...]:
    """The buckets of a word's character n-grams: the same in every process and on every machine."""
    marked = f"<{word}>"
    found = [
        marked[start : start + size] for size in range(SHORTEST, LONGEST + 1) for start in range(len(marked) - size + 1)
    ]
    return tuple(zlib.crc32(part.encode()) % BUCKETS for part in found)


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language that training has seen.

    Attributes:
        words: in the order of their numbers, which begin with 1.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], least: int = 1) -> Vocabulary:
        """The words that occur at least so often, the most frequent first."""
        counts = Counter(word for text in texts for word in words(text))
        return cls(tuple(sorted((word for word, n in counts.items() if n >= least), key=lambda w: (-counts[w], w))))

    def __len__(self) -> int:
        return len(self.words) + 1

    @property
    def digest(self) -> str:
        """Changes with any word or their order."""
        return storage.digest(list(self.words))

    def numbers(self) -> dict[str, int]:
        """Word → its number."""
        return {word: number for number, word in enumerate(self.words, 1)}

    def unseen(self, text: str) -> list[str]:
        """The words of a text that are not in it, each once."""
        return [word for word in dict.fromkeys(words(text)) if word not in self._known]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words)

    def unknown_rate(self, texts: Sequence[str]) -> float:
        """The share of the words of some texts that are not in it; nan for no words."""
        found = [word in self._known for text in texts for word in words(text)]
        return 1 - sum(found) / len(found) if found else float("nan")
