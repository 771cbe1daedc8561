"""What makes results wrong without an error: placeholders, pictures that both languages share, and the like.

All are functions of a data set and of what is known of its pictures (``likeness.Alike``); what is left out already is
not looked at.  A finding is a ``Suspect``; whether it is a fault, only a person can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import texts
from cldi_core.data.left_out import Item
from cldi_core.data.members import Owners
from cldi_core.insight import likeness
from cldi_core.insight.likeness import Alike

FEW = 3  # pictures of a word; with fewer, one odd picture decides
SMALL = 32  # pixels: what is smaller on its longer side shows little
# Words of a language under one picture.  Measured on honest pictures (the drawings of the demo, which have keywords for
# words): at most 13 words have the same file, and at most 5 a picture and no other in common.
SHARED = 20
UNRELATED = 6
BYTES = "bytes"
Word = tuple[str, str]  # language, word


@dataclass(frozen=True)
class Suspect:
    """One thing that may make results wrong.

    Attributes:
        kind: a key of ``KINDS``.
        words: language and word of all that it touches.
        pictures: their ids.
        how: in what way it was found, where there are several: for pictures in both languages ``"bytes"``, ``"look"``
            or backbones; for words with pictures of another spelling what the two differ in.
        items: what to leave out (``data.left_out``), and it is gone.
    """

    kind: str
    words: tuple[Word, ...]
    pictures: tuple[str, ...]
    items: tuple[Item, ...]
    how: tuple[str, ...] = ()


class Known:
    """A data set and what is known of its pictures, with what several kinds of suspects ask for, each made once."""

    def __init__(self, dataset: Dataset, alike: Alike) -> None:
        self.dataset, self.alike = dataset, alike
        self._placeholders: dict[str, list[Suspect]] = {}

    def owners(self, language: str) -> Owners:
        """Picture → the words of a language that have it, in the order of ``members``."""
        return self.dataset.members(language).owners

    def placeholders(self, language: str) -> list[Suspect]:
        """Those of a language."""
        if language not in self._placeholders:
            self._placeholders[language] = list(self._find_placeholders(language))
        return self._placeholders[language]

    def _find_placeholders(self, language: str) -> Iterator[Suspect]:
        members, owners = self.dataset.members(language), self.owners(language)
        done: set[str] = set()
        # Whose words are many, or can be with those of pictures that look alike.
        for key in owners.ordered([*owners.often(UNRELATED), *self.alike.near]):
            own = owners[key]
            same = {key, *(other for other in self.alike.near.get(key, ()) if other in owners)}
            words = own if len(same) == 1 else dict.fromkeys(word for one in same for word in owners[one])
            if len(words) < UNRELATED or key in done:
                continue
            if len(own) > SHARED or unrelated(members, words, same) >= UNRELATED:
                done |= same
                pictures = tuple(sorted(same))
                words_of = tuple((language, word) for word in words)
                yield Suspect("placeholder", words_of, pictures, tuple(map(Item, pictures)))

    @cached_property
    def small(self) -> list[str]:
        """Pictures smaller than 32 pixels on their longer side."""
        looks = self.alike.looks
        longer = looks.sizes.max(axis=1)
        return texts(looks.ids.rows[(longer > 0) & (longer < SMALL)])

    @cached_property
    def cut(self) -> list[str]:
        """Pictures whose files lack their last bytes."""
        looks = self.alike.looks
        return texts(looks.ids.rows[looks.cut])

    def listed(self, pair: str) -> Iterator[Word]:
        """The words of a pair's list that have pictures, each once."""
        rows = self.dataset.lexicon(pair)
        source, target = wordlists.pair_languages(pair)
        words = [(source, row.source) for row in rows] + [(target, row.target) for row in rows]
        for language, word in dict.fromkeys(words):
            if word in self.dataset.members(language):
                yield language, word

    def pictures_of(self, word: Word) -> tuple[str, ...]:
        """Of a word with its language, each once."""
        return tuple(dict.fromkeys(self.dataset.members(word[0]).get(word[1], ())))


def unrelated(members: Mapping[str, list[str]], words: Iterable[str], pictures: set[str]) -> int:
    """How many of some words that share ``pictures`` share no other picture with another of them."""
    others = [set(members[word]) - pictures for word in words]
    owned = Counter(key for keys in others for key in keys)
    return sum(all(owned[key] == 1 for key in keys) for keys in others)


def _placeholders(known: Known, pair: str) -> Iterator[Suspect]:
    for language in wordlists.pair_languages(pair):
        yield from known.placeholders(language)


def _in_both(known: Known, pair: str) -> Iterator[Suspect]:
    source, target = wordlists.pair_languages(pair)
    here, there = known.owners(source), known.owners(target)
    found: dict[tuple[str, str], tuple[str, ...]] = {(key, key): (BYTES,) for key in here.common(there)}
    for (first, second), how in known.alike.pairs.items():
        for one, other in ((first, second), (second, first)):
            if one in here and other in there:
                found[one, other] = how
    for (one, other), how in found.items():
        words = (*((source, word) for word in here[one]), *((target, word) for word in there[other]))
        pictures = tuple(dict.fromkeys((one, other)))
        yield Suspect("both languages", words, pictures, (Item(other),), how)  # without one there is no such pair


def _of_pictures(kind: str, keys: Iterable[str], known: Known, pair: str) -> Iterator[Suspect]:
    languages = wordlists.pair_languages(pair)
    for key in keys:
        words = tuple((language, word) for language in languages for word in known.owners(language).get(key, ()))
        if words:
            yield Suspect(kind, words, (key,), (Item(key),))


def _few(known: Known, pair: str) -> Iterator[Suspect]:
    for word in known.listed(pair):
        pictures = known.pictures_of(word)
        if len(pictures) < FEW:
            yield Suspect("few", (word,), pictures, (Item("", *word),))


def _same_spelled(known: Known, pair: str) -> Iterator[Suspect]:
    source, target = wordlists.pair_languages(pair)
    for one, other in dict.fromkeys((row.source, row.target) for row in known.dataset.lexicon(pair)):
        if wordlists.is_same_spelled(one, other):
            words = (source, one), (target, other)
            yield Suspect("same-spelled", words, (), (Item("", *words[0]),))


def _otherwise_spelled(known: Known, pair: str) -> Iterator[Suspect]:
    listed = dict.fromkeys(known.listed(pair))
    for language in wordlists.pair_languages(pair):
        for match in known.dataset.spellings(language).matched:
            word = (language, match.word)
            if word in listed:
                how = (match.folder, *match.how)
                yield Suspect("spelling", (word,), known.pictures_of(word), (Item("", *word),), how)


@dataclass(frozen=True)
class Kind:
    """One kind of suspects.

    Attributes:
        name: a word or two.
        one, more: what it is called, of one and of several; both languages of a pair are meant.
        about: a sentence: what it does to results.
        find: those of a pair.
        area, level: as ``finding.Finding``.
        by_word: whether each is about one word, or one and its translation.
    """

    name: str
    one: str
    more: str
    about: str
    find: Callable[[Known, str], Iterable[Suspect]]
    area: str
    level: str = "info"
    by_word: bool = False


_ALL = (
    Kind(
        "placeholder",
        "picture stands under many words that have nothing else in common",
        "pictures stand under many words that have nothing else in common",
        "A picture such as “photo unavailable” makes words alike that have nothing to do with each other.",
        _placeholders,
        "duplicates",
        "warning",
    ),
    Kind(
        "both languages",
        "picture stands in both languages, itself or saved again",
        "pictures stand in both languages, themselves or saved again",
        "The same picture in both languages makes translation too easy.  Plain drawings may look alike by chance.",
        _in_both,
        "duplicates",
        "warning",
    ),
    Kind(
        "small",
        f"picture is smaller than {SMALL} pixels",
        f"pictures are smaller than {SMALL} pixels",
        "A network is fed little more than a few colours.",
        lambda known, pair: _of_pictures("small", known.small, known, pair),
        "pictures",
        "warning",
    ),
    Kind(
        "cut",
        "picture lacks the last bytes of its file",
        "pictures lack the last bytes of their files",
        "What is missing of them is grey.",
        lambda known, pair: _of_pictures("cut", known.cut, known, pair),
        "pictures",
    ),
    Kind(
        "few",
        f"word has fewer than {FEW} pictures",
        f"words have fewer than {FEW} pictures",
        "One odd picture decides for them.",
        _few,
        "coverage",
        by_word=True,
    ),
    Kind(
        "same-spelled",
        "word is spelled as its translation",
        "words are spelled as their translation",
        "An image search may have found the same pages for both.",
        _same_spelled,
        "word lists",
        by_word=True,
    ),
    Kind(
        "spelling",
        "word has the pictures of a folder that is spelled otherwise",
        "words have the pictures of folders that are spelled otherwise",
        "It may be another word: German nouns differ from verbs by their capitals alone.",
        _otherwise_spelled,
        "coverage",
        by_word=True,
    ),
)
KINDS = {kind.name: kind for kind in _ALL}


def found(known: Known, pair: str) -> dict[str, list[Suspect]]:
    """The suspects of a pair by kind, every kind of ``KINDS`` among them.

    Args:
        pair: one of ``dataset.directions``.

    Raises:
        LexiconError, DatasetError: the list or the pictures cannot be read.
    """
    return {name: list(kind.find(known, pair)) for name, kind in KINDS.items()}


def known(dataset: Dataset) -> Known:
    """A data set with what ``check`` has kept of its pictures; nothing is computed."""
    return Known(dataset, likeness.read(dataset))


def suspects(dataset: Dataset, pair: str, alike: Alike | None = None) -> dict[str, frozenset[Word]]:
    """Kind of suspect → the words that it touches, as (language, word); every kind of ``KINDS`` is there.

    Args:
        pair: one of ``dataset.directions``.
        alike: what is known of the pictures (``likeness.make``); without it what ``check`` has kept.

    Raises:
        LexiconError, DatasetError: as ``found``.
    """
    seen = known(dataset) if alike is None else Known(dataset, alike)
    return {name: frozenset(word for one in own for word in one.words) for name, own in found(seen, pair).items()}
