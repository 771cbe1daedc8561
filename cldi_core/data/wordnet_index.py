"""An index file of WordNet in memory: of each lemma the number of its synsets and where its line begins.

That is 12 bytes and the lemma's text; dicts of WordNet 3.0's 155,000 lemmas took three times as much of every process.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterable


class Index:
    """The lemmas of one part of speech; of one that has several lines the last counts, as NLTK reads them."""

    def __init__(self, lemmas: Iterable[tuple[bytes, int, int]]) -> None:
        """Of lemmas without spaces, with their number of synsets and the place of their line in the file, in bytes."""
        kept = sorted(lemmas, key=lambda one: one[0])  # the last of several stays the last
        self._synsets = array("I", [count for _, count, _ in kept])
        self._places = array("I", [place for _, _, place in kept])
        self._text = b"".join(lemma + b" " for lemma, _, _ in kept)
        self._starts = array("I", [0])
        for lemma, _, _ in kept:
            self._starts.append(self._starts[-1] + len(lemma) + 1)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, lemma: object) -> bool:
        return isinstance(lemma, str) and self._find(lemma) >= 0

    def synsets(self, lemma: str) -> int:
        """How many synsets a lemma has; KeyError: it is not there."""
        return self._synsets[self._known(lemma)]

    def place(self, lemma: str) -> int:
        """Where the line of a lemma begins in the file, in bytes; KeyError: it is not there."""
        return self._places[self._known(lemma)]

    def _known(self, lemma: str) -> int:
        number = self._find(lemma)
        if number < 0:
            raise KeyError(lemma)
        return number

    def _find(self, lemma: str) -> int:
        wanted = lemma.encode("utf-8", "surrogatepass")
        number = bisect.bisect_right(range(len(self)), wanted, key=self._lemma) - 1
        return number if number >= 0 and self._lemma(number) == wanted else -1

    def _lemma(self, number: int) -> bytes:
        return self._text[self._starts[number] : self._starts[number + 1] - 1]
