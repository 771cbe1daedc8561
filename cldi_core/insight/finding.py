"""One thing that ``check`` noticed, and how it is counted and named in its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cldi_core.data.left_out import Item

SHOWN = 8  # names in a sentence
NAMED = 100  # words and pictures in JSON, and pictures in a finding that may be of all of them


@dataclass(frozen=True)
class Finding:
    """One thing that ``check`` noticed.  Only an ``"error"`` makes the data set unusable.

    Attributes:
        level: ``"error"``, ``"warning"`` or ``"info"``.
        area: of the data set.
        text: a sentence; next_step: what to do, often a command; may be empty.
        kind: of ``hygiene.KINDS``, where it is one; pair: of languages, where it is about one.
        words: language and word of those that it is about, where they are known; pictures: ids of those, of
            many the first hundred.
        items: what to leave out (``data.left_out``), and it is gone.
    """

    level: str
    area: str
    text: str
    next_step: str = ""
    kind: str = ""
    pair: str = ""
    words: tuple[tuple[str, str], ...] = ()
    pictures: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As one JSON object; of the words and the pictures the first hundred."""
        about = {name: getattr(self, name) for name in ("level", "area", "text", "next_step", "kind", "pair")}
        words = [{"language": language, "word": word} for language, word in self.words[:NAMED]]
        return {**about, "words": words, "pictures": list(self.pictures[:NAMED])}


def some(items: Sequence[str]) -> str:
    """The first eight of some names, and how many there are.

    >>> some(["a", "b"])
    'a, b'
    """
    return ", ".join(items[:SHOWN]) + (f", … ({len(items)} in all)" if len(items) > SHOWN else "")
