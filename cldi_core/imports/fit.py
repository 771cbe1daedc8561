"""How the words of lists and the words with pictures fit, said at the end of each import of either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset

NAMED = 5  # words of a kind


def remarks(folder: Path) -> Iterator[str]:
    """Sentences for each language that has both: how many listed words have pictures, and what is doubtful or unlisted.

    Args:
        folder: of a data set, which is opened anew, as it has just changed.

    Raises:
        DatasetError: it cannot be read.
    """
    dataset = Dataset(folder)
    for language in dataset.languages:
        stored = dataset.stored_members(language)
        if not stored:
            continue  # before the lists are looked at: they may be long
        found = dataset.spellings(language)
        listed = len(found.exact) + len(found.matched) + len(found.suggestions) + len(found.missing)
        if not listed or len(found.exact) == listed == len(stored):
            continue  # nothing to tell
        yield f"{language}: {len(found.exact) + len(found.matched):,} of {listed:,} listed words have pictures"
        yield from (f"{language}: {match}" for match in found.matched[:NAMED])
        yield from (f"{language}: {suggestion}" for suggestion in found.suggestions[:NAMED])
        more = len(found.matched[NAMED:]) + len(found.suggestions[NAMED:])
        if more:
            others = counted(more, "more word", form=",")
            yield f"{language}: … and {others} whose folders are spelled otherwise: see check"
        if found.missing:
            listed_words = counted(len(found.missing), "listed word", form=",")
            yield f"{language}: no pictures for {listed_words}: {_some(found.missing)}"
        if found.unlisted:
            told = f"{len(found.unlisted):,} of {len(stored):,} words with pictures are in no list"
            yield f"{language}: {told}: {_some(found.unlisted)}; score --candidates all makes them wrong answers"


def _some(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:NAMED])) + (", …" if len(words) > NAMED else "")
