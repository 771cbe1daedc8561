"""What looks odd in a word list: another pair's words, columns exchanged, single lines; said, and changing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cldi_core.imports.list_layout import Layout
from cldi_core.imports.list_reading import Reading

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset

NAMED = 10  # suspicious lines


def of_tags(layout: Layout, found: Reading, pos: str | None) -> Iterator[str]:
    """Sentences about parts of speech: there are none, or some that nobody knows."""
    others = sum(row.pos == "X" for row in found.rows)
    if layout.tag < 0 and pos is None:
        yield f"it has no parts of speech: all {others:,} rows are 'X', in no table but ALL; --pos N makes them nouns"
    if layout.tag >= 0 and pos is not None:
        yield f"it has parts of speech of its own; {pos!r} is taken where a line has none"
    if found.unknown:
        named = ", ".join(f"{tag[:20]!r} ({count})" for tag, count in list(found.unknown.items())[:5])
        yield f"{sum(found.unknown.values()):,} rows have a part of speech that no tagset knows, and are 'X': {named}"


def of_words(pair: str, found: Reading, dataset: Dataset | None) -> Iterator[str]:
    """Sentences about the words."""
    yield from ()
