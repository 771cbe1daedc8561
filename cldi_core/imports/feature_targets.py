"""Which picture or word of a data set a row of features is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.file_names import FileNames
from cldi_core.data.ids import PictureIds
from cldi_core.errors import CldiError
from cldi_core.features import shards
from cldi_core.imports.feature_index import Line
from cldi_core.imports.languages import language as code_of
from cldi_core.imports.report import Report
from cldi_core.imports.words import clean

LOST = "row of a picture that is not in the data set"
UNEVEN = "word with other pictures than rows"


@dataclass(frozen=True, slots=True)
class Target:
    """What one row is of: the id of a picture, or a place in a word that has none."""

    id: str = ""
    language: str = ""
    word: str = ""
    position: int = 0


class Targets:
    """Finds them; the report hears of lines that are of nothing."""

    def __init__(self, dataset: Dataset, backbone: str, language: str, report: Report) -> None:
        self._dataset, self._backbone, self._report = dataset, backbone, report
        self._language = code_of(language) if language else ""
        self._words: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._next: Counter[tuple[str, str]] = Counter()

    def of(self, lines: Sequence[Line]) -> list[Target | None]:
        """What the rows of one array are of, ``None`` for those that cannot be used.

        A word that has pictures takes the rows as theirs, by their positions or, where none are given, all in order.
        """
        named = [*dict.fromkeys(line.picture for line in lines if line.picture)]
        keys = dict(zip(named, self._names.find(named), strict=True))
        words = [None if line.picture else self._word(line) for line in lines]
        counts = Counter(word for word, line in zip(words, lines, strict=True) if word and line.position < 0)
        found: list[Target | None] = []
        place: Counter[tuple[str, str]] = Counter()
        for line, word in zip(lines, words, strict=True):
            if line.picture:
                found.append(self._picture(line, keys[line.picture]))
            elif word is None:
                found.append(None)
            else:
                position = line.position if line.position >= 0 else place[word]
                place[word] = position + 1
                found.append(self._member(line, word, position, counts[word]))
        return found

    def _picture(self, line: Line, key: str) -> Target | None:
        if not key:
            self._report.missing.add(LOST, line.place, line.picture)
        return Target(key) if key else None

    def _member(self, line: Line, word: tuple[str, str], position: int, count: int) -> Target | None:
        there = self._there(word)
        if not there:
            if line.position < 0:  # a word that several files have goes on where the last one ended
                position = self._next[word]
                self._next[word] += 1
            return Target("", *word, position)
        if line.position < 0 and count != len(there):
            if position == 0:
                rows = f"{counted(count, 'row')} for {counted(len(there), 'picture')}"
                told = f"{word[1]}: {rows}; name the pictures in an index"
                self._report.missing.add(UNEVEN, line.place, told)
            return None
        if position >= len(there):
            self._report.missing.add(LOST, line.place, f"{word[1]}: position {position} of {len(there)}")
            return None
        return Target(there[position])

    def _there(self, word: tuple[str, str]) -> list[str]:
        """The members of a word that are more than rows of this backbone: pictures, or what another backbone knows."""
        members = self._dataset.members(word[0]).get(word[1], [])
        return members if any((known.find(members) >= 0).any() for known in (self._ids, *self._elsewhere)) else []

    def _word(self, line: Line) -> tuple[str, str] | None:
        """Language and word, told once where they are none or were changed."""
        written = line.language, line.word
        if written not in self._words:
            self._words[written] = self._cleaned(line)
        return self._words[written]

    def _cleaned(self, line: Line) -> tuple[str, str] | None:
        try:
            if not (line.language or self._language):
                self._report.missing.add("word without a language", line.place, "say it with --lang, or in the index")
                return None
            language = code_of(line.language) if line.language else self._language
            word, changes = clean(line.word)
        except CldiError as error:
            self._report.missing.add("no word", line.place, str(error))
            return None
        for change in changes:
            self._report.changed.add(change, line.place, word)
        return language, word

    @cached_property
    def _ids(self) -> PictureIds:
        return self._dataset.pictures.ids

    @cached_property
    def _names(self) -> FileNames:
        return self._dataset.pictures.names()

    @cached_property
    def _elsewhere(self) -> list[PictureIds]:
        """The pictures that each of the other backbones has features of."""
        others = [name for name in self._dataset.backbones if name != self._backbone]
        return [shards.open_features(self._dataset, name).ids for name in others]
