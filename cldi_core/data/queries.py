"""What is asked of a word list: its words, each with a part of speech and its right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cldi_core.data import wordlists


@dataclass(frozen=True)
class Query:
    """A source word with one part of speech, and its right answers in the target language."""

    word: str
    pos: str
    right: tuple[str, ...]

    @property
    def id(self) -> str:
        """``"shake.V"``: stable in URLs and tables."""
        return f"{self.word}.{self.pos}"

    @property
    def same_spelled(self) -> bool:
        """Whether a right answer is spelled as the word itself, case and accents aside."""
        return any(wordlists.is_same_spelled(self.word, answer) for answer in self.right)


def queries(rows: Sequence[wordlists.Row]) -> list[Query]:
    """The queries of a word list: one per source word and part of speech, in the order of the list."""
    right: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        right.setdefault((row.source, row.pos), {})[row.target] = None
    return [Query(word, pos, tuple(answers)) for (word, pos), answers in right.items()]
