"""How many words of each language and part of speech there are, and how many of them have pictures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import LexiconError

UNLISTED = ""  # in place of a part of speech: of words with pictures that no list has


@dataclass(frozen=True)
class Count:
    """The words of one language and part of speech in all lists.

    Attributes:
        pos: as in lists; ``""`` for the words with pictures that are in no list.
        words: each counted once; covered: those that have pictures.
        pictures: of all of them, each counted once.
    """

    language: str
    pos: str
    words: int
    covered: int
    pictures: int


def counts(dataset: Dataset) -> list[Count]:
    """The counts of every language, nouns, verbs and adjectives first; a list that is broken has no words.

    Raises:
        DatasetError: ``words.parquet`` cannot be read.
    """
    made = []
    for language in dataset.languages:
        members, listed = dataset.members(language), _listed(dataset, language)
        known = set().union(*listed.values())
        groups = {**listed, UNLISTED: {word for word in members if word not in known}}
        for pos, words in groups.items():
            covered = [word for word in words if word in members]
            pictures = {key for word in covered for key in members[word]}
            if words:
                made.append(Count(language, pos, len(words), len(covered), len(pictures)))
    return made


def _listed(dataset: Dataset, language: str) -> dict[str, set[str]]:
    """Part of speech → the words that a language has of it in lists."""
    found: dict[str, set[str]] = {}
    for pair in dataset.pairs:
        with suppress(LexiconError):  # reported with the word lists
            source, target = wordlists.pair_languages(pair)
            for row in dataset.lexicon(pair) if language in (source, target) else ():
                found.setdefault(row.pos, set()).add(row.source if language == source else row.target)
    order = {pos: place for place, pos in enumerate(wordlists.POS)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
