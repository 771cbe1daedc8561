"""A language pair: its word list joined with the image sets of both languages.  All scores and ranks start here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import candidates, storage, wordlists
from cldi_core.data.dataset import POS, Dataset
from cldi_core.data.queries import Query
from cldi_core.errors import unknown_name
from cldi_core.features import shards
from cldi_core.scoring.imagesets import ImageSets

UNLISTED = "X"  # the part of speech of a candidate that is in no list: other than those that are asked
VERSION = 4  # raise it when the numbers of scores or ranks change: stored results are then computed again


@dataclass(frozen=True)
class Pair:
    """One language pair of a data set with the features of one backbone.

    Attributes:
        source, target: the image sets of the words that are asked and of all candidates: distinct right answers, and
            all other words with pictures where the data set says so.
            In a pair of ``Dataset.pairs`` the first are English, in one made of a reversed list the second.
        queries: what is asked; ``rows[i]`` is the row of query ``i`` in a score matrix, ``gold[i]`` the columns of its
            right answers.
        target_pos: the parts of speech under which each candidate stands in the word list, such as ``"N"`` or ``"NV"``;
            ``UNLISTED`` for those that are not in it (``data.candidates``).
    """

    dataset: Dataset
    backbone: str
    name: str
    source: ImageSets
    target: ImageSets
    queries: tuple[Query, ...]
    rows: NDArray[np.int64]
    gold: tuple[tuple[int, ...], ...]
    target_pos: dict[str, str]

    @cached_property
    def keys(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The keys of the source words and of the candidates, uint8 (n, 16): they change with a word's pictures."""
        source, target = (
            np.frombuffer(b"".join(sets.keys()), np.uint8).reshape(len(sets), 16) for sets in (self.source, self.target)
        )
        return source, target

    @cached_property
    def key(self) -> str:
        """A digest of all that an image method's scores and ranks depend on: words, features, right answers."""
        words = [self.source.words, self.target.words]
        asked = [[query.id, query.right] for query in self.queries]
        return storage.digest(VERSION, words, *(keys.tobytes() for keys in self.keys), asked)

    @cached_property
    def concepts(self) -> tuple[list[set[str]], list[set[str]]]:
        """What the pictures of each source word and of each candidate depict, as far as that is known."""
        concept = self.dataset.pictures.concepts
        source, target = (
            [{concept.get(key, "") for key in members.get(word, ())} - {""} for word in sets.words]
            for members, sets in zip(map(self.dataset.members, self.languages), (self.source, self.target), strict=True)
        )
        return source, target

    @cached_property
    def right(self) -> dict[str, frozenset[str]]:
        """Source word → its right answers in any part of speech, in the order of the word list."""
        found: dict[str, set[str]] = {}
        for query in self.queries:
            found.setdefault(query.word, set()).update(query.right)
        return {word: frozenset(answers) for word, answers in found.items()}

    @cached_property
    def right_of(self) -> dict[str, tuple[str, ...]]:
        """Candidate → the source words that it is a right answer of, in the order of the word list."""
        found: dict[str, list[str]] = {}
        for word, answers in self.right.items():
            for answer in answers:
                found.setdefault(answer, []).append(word)
        return {answer: tuple(words) for answer, words in found.items()}

    @cached_property
    def listed(self) -> frozenset[str]:
        """The candidates that the word list has; others are distractors alone."""
        return frozenset(answer for query in self.queries for answer in query.right)

    @cached_property
    def languages(self) -> tuple[str, str]:
        """Source and target language."""
        return wordlists.pair_languages(self.name)

    @cached_property
    def index(self) -> dict[str, int]:
        """Query id → its number."""
        return {query.id: number for number, query in enumerate(self.queries)}

    def of_words(self, words: Sequence[str]) -> Pair:
        """The pair with some of its source words and their queries; all candidates are there."""
        source = self.source.select(words)
        asked = [number for number, query in enumerate(self.queries) if query.word in source]
        return replace(
            self,
            source=source,
            queries=tuple(self.queries[number] for number in asked),
            rows=np.array([source.row(self.queries[number].word) for number in asked], np.int64),
            gold=tuple(self.gold[number] for number in asked),
        )

    def without(self, source: Mapping[str, Collection[str]], target: Mapping[str, Collection[str]]) -> Pair:
        """The pair as it would be if some words lacked some of their pictures; nothing that is stored changes.

        Args:
            source, target: word → ids of the pictures it would lack; ids that it does not have mean nothing.

        Raises:
            UnknownNameError: a word that is not there.
        """
        return replace(self, source=_without(self.source, source), target=_without(self.target, target))

    def find(self, word: str, pos: str = "") -> int:
        """The number of the query ``"shake.V"``, or of the first one for ``"shake"`` (of a part of speech)."""
        if word in self.index:
            return self.index[word]
        for letter in pos or POS:
            if f"{word}.{letter}" in self.index:
                return self.index[f"{word}.{letter}"]
        raise unknown_name("word", word, [query.word for query in self.queries])


def _without(sets: ImageSets, lacking: Mapping[str, Collection[str]]) -> ImageSets:
    for word, ids in lacking.items():
        gone = frozenset(ids)
        kept = np.array([one not in gone for one in sets.word_ids(word)], bool)
        sets = sets.with_rows(word, sets.rows(word)[kept])
    return sets


def open_pair(dataset: Dataset, backbone: str, name: str, loaded: shards.Features | None = None) -> Pair:
    """Join the word list of a pair of ``Dataset.directions`` with its pictures' features.

    Raises:
        UnknownNameError: the pair or the backbone is not there; and what reading them raises.
    """
    rows = dataset.lexicon(name)
    source_language, target_language = wordlists.pair_languages(name)
    loaded = loaded or shards.open_features(dataset, backbone)
    asked = dataset.queries(name)
    source = shards.image_sets(dataset, loaded, source_language, list(dict.fromkeys(query.word for query in asked)))
    target_pos: dict[str, str] = {}
    for row in rows:
        known = target_pos.setdefault(row.target, "")
        if row.pos not in known:
            target_pos[row.target] = known + row.pos
    further = candidates.further(dataset, name)
    for word in shards.seen(loaded, dataset.members(target_language), further):
        target_pos[word] = UNLISTED
    target = shards.image_sets(dataset, loaded, target_language, list(target_pos))
    return Pair(
        dataset,
        backbone,
        name,
        source,
        target,
        tuple(asked),
        np.array([source.row(query.word) for query in asked], np.int64),
        tuple(tuple(target.row(word) for word in query.right) for query in asked),
        target_pos,
    )
