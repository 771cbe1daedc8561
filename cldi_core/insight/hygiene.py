"""What makes results wrong without an error: placeholders, pictures that both languages share, and the like.

All are functions of a data set and of what is known of its pictures (``likeness.Alike``).  A finding is a ``Suspect``;
whether it is a fault, only a person can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.insight import likeness
from cldi_core.insight.likeness import Alike

FEW = 3  # pictures of a word; with fewer, one odd picture decides
SMALL = 32  # pixels: what is smaller on its longer side shows little
# Words under one picture.  Measured on honest pictures (the drawings of the demo, whose words are keywords): at most 13
# words of a language have the same file, at most 5 that have no other picture in common.
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
        pictures: their ids; none where it is about words.
        how: for pictures in both languages, how it was found: ``"bytes"``, ``"look"`` or backbones.
    """

    kind: str
    words: tuple[Word, ...]
    pictures: tuple[str, ...] = ()
    how: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Attributes:
        name, label, about: of it; ``about`` is a sentence that says what it does to results.
        find: the suspects of a pair.
    """

    name: str
    label: str
    about: str
    find: Callable[[Dataset, str, Alike], Iterable[Suspect]]


def _owners(dataset: Dataset, language: str) -> dict[str, dict[str, None]]:
    """Picture → the words of a language that have it, in the order of ``members``."""
    owners: dict[str, dict[str, None]] = {}
    for word, keys in dataset.members(language).items():
        for key in keys:
            owners.setdefault(key, {})[word] = None
    return owners


def _listed(dataset: Dataset, pair: str) -> dict[str, tuple[str, ...]]:
    """The two languages of a pair → their words in its list, each once."""
    rows = dataset.lexicon(pair)
    source, target = wordlists.pair_languages(pair)
    return {
        source: tuple(dict.fromkeys(row.source for row in rows)),
        target: tuple(dict.fromkeys(row.target for row in rows)),
    }


def _placeholders(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    for language in wordlists.pair_languages(pair):
        members, owners = dataset.members(language), _owners(dataset, language)
        done: set[str] = set()
        for key, own in owners.items():
            star = {key, *(other for other in alike.near.get(key, ()) if other in owners)}
            words = dict.fromkeys([*own, *(word for other in star for word in owners[other])])
            if len(words) < UNRELATED or key in done:
                continue
            if len(own) > SHARED or _unrelated(members, words, star) >= UNRELATED:
                done |= star
                yield Suspect("placeholder", tuple((language, word) for word in words), tuple(sorted(star)))


def _unrelated(members: Mapping[str, list[str]], words: Iterable[str], star: set[str]) -> int:
    """How many of some words share no picture with another of them but those in ``star``."""
    others = [set(members[word]) - star for word in words]
    owned = Counter(key for keys in others for key in keys)
    return sum(all(owned[key] == 1 for key in keys) for keys in others)


def _in_both(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    source, target = wordlists.pair_languages(pair)
    here, there = _owners(dataset, source), _owners(dataset, target)
    found: dict[tuple[str, str], tuple[str, ...]] = {(key, key): (BYTES,) for key in here if key in there}
    for (first, second), how in alike.pairs.items():
        for one, other in ((first, second), (second, first)):
            if one in here and other in there:
                found[one, other] = how
    for (one, other), how in found.items():
        words = [*((source, word) for word in here[one]), *((target, word) for word in there[other])]
        yield Suspect("both languages", tuple(words), tuple(dict.fromkeys((one, other))), how)


def _small(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    frame = alike.looks.frame
    small = frame.index[(frame["width"] > 0) & (frame[["width", "height"]].max(axis=1) < SMALL)]
    yield from _of_pictures("small", dataset, pair, small)


def _cut(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    yield from _of_pictures("cut", dataset, pair, alike.looks.frame.index[alike.looks.frame["cut"]])


def _of_pictures(kind: str, dataset: Dataset, pair: str, keys: Iterable[str]) -> Iterator[Suspect]:
    owners = {language: _owners(dataset, language) for language in wordlists.pair_languages(pair)}
    for key in keys:
        words = tuple((language, word) for language, own in owners.items() for word in own.get(key, ()))
        if words:
            yield Suspect(kind, words, (key,))


def _few(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    for language, words in _listed(dataset, pair).items():
        members = dataset.members(language)
        for word in words:
            keys = tuple(dict.fromkeys(members.get(word, ())))
            if 0 < len(keys) < FEW:
                yield Suspect("few", ((language, word),), keys)


def _same_spelled(dataset: Dataset, pair: str, alike: Alike) -> Iterator[Suspect]:
    source, target = wordlists.pair_languages(pair)
    for row in dict.fromkeys((row.source, row.target) for row in dataset.lexicon(pair)):
        if wordlists.is_same_spelled(*row):
            yield Suspect("same-spelled", ((source, row[0]), (target, row[1])))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("placeholder", "Placeholders", "One picture under many words says nothing of any of them.", _placeholders),
        Kind(
            "both languages",
            "The same picture in both languages",
            "Then the word is found by its picture, whatever the picture shows.",
            _in_both,
        ),
        Kind("small", f"Pictures smaller than {SMALL} pixels", "They show little.", _small),
        Kind("cut", "Pictures that lack their last bytes", "Part of each is grey.", _cut),
        Kind("few", f"Words with fewer than {FEW} pictures", "One odd picture decides for them.", _few),
        Kind(
            "same-spelled",
            "Words spelled as their translation",
            "An image search for either may find the same pages.",
            _same_spelled,
        ),
    )
}


def found(dataset: Dataset, pair: str, alike: Alike | None = None) -> dict[str, list[Suspect]]:
    """The suspects of a pair by kind, every kind of ``KINDS`` among them.

    Args:
        pair: one of ``dataset.directions``.
        alike: what is known of the pictures; without it what is kept.

    Raises:
        LexiconError, DatasetError: the list or the pictures cannot be read.
    """
    known = likeness.read(dataset) if alike is None else alike
    return {name: list(kind.find(dataset, pair, known)) for name, kind in KINDS.items()}


def suspects(dataset: Dataset, pair: str, alike: Alike | None = None) -> dict[str, frozenset[Word]]:
    """Kind of finding → the words that it touches, as (language, word); arguments and errors as ``found``."""
    return {
        name: frozenset(word for one in own for word in one.words) for name, own in found(dataset, pair, alike).items()
    }
