"""The files of a tree and their places in words, for many of them: bytes and numbers in place of texts."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import overload


class PlacedFiles(Sequence[str]):
    """Different paths of files in the order in which they were met; each takes its own bytes, and 16 for its place.

    Attributes:
        placed: how many have a place in a word.
    """

    def __init__(self) -> None:
        self._text, self._ends = bytearray(), array("q", [0])
        self._words, self._positions = array("i"), array("i")
        self.placed = 0

    def add(self, path: str) -> None:
        """One more, without a place."""
        self._text += path.encode("utf-8", "surrogatepass")  # names of files may be bytes that no text has
        self._ends.append(len(self._text))
        self._words.append(-1)
        self._positions.append(0)

    def __len__(self) -> int:
        return len(self._words)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        number = range(len(self))[number]
        return self._text[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    def put(self, number: int, word: int, position: int) -> None:
        """Give a file its place in a word."""
        self.placed += self._words[number] < 0
        self._words[number], self._positions[number] = word, position

    def place(self, number: int) -> tuple[int, int] | None:
        """The word of a file and its position there; ``None`` where it has none, and for the number -1."""
        word = self._words[number] if number >= 0 else -1
        return None if word < 0 else (word, self._positions[number])

    def finder(self) -> Callable[[str], int]:
        """What tells the number of a path, -1 for one that is not there: at once if they are asked for in their order.

        Only where they are not, as in a tree that has changed, a table of all of them is made.
        """
        expected, table = 0, dict[str, int]()

        def find(path: str) -> int:
            nonlocal expected
            if expected < len(self) and self[expected] == path:
                number = expected
            else:
                if not table:
                    table.update((each, place) for place, each in enumerate(self))
                number = table.get(path, -1)
            expected = number + 1 if number >= 0 else expected
            return number

        return find
