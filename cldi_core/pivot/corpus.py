"""What a model is trained and tested on: items that are pictured and described, and how they are split.

An item is whatever the descriptions are about: an emoji with its artwork by several vendors, or one photograph.  Items
are never divided between training and test, and items that look nearly alike stay on one side.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import DatasetError, unknown_name

ALIKE = 0.9  # mean cosine of two items' pictures by the same hand from which on they count as near-duplicates
HOLDOUTS = ("items", "words")
SHARES = {"test": 0.16, "validation": 0.1}  # of the items; the rest is for training
COMPARED = 4000  # items: more than these are not searched for near-duplicates
_NAME, _ONE, _SOME, _BOTH = range(4)


@dataclass(frozen=True)
class Item:
    """What is pictured and described.

    Attributes:
        id: stable, such as the emoji itself or a picture's name.
        pictures: rows of the corpus's features.
        own: language → those of them that go with that language's descriptions, in training and test.
        texts: language → what training may read: descriptions, or a short name and keywords.
        asked: language → the descriptions it is tested with.
        hands: for each of ``pictures`` who made it; near-duplicates are sought among pictures by the same hand.
    """

    id: str
    pictures: tuple[int, ...]
    own: Mapping[str, tuple[int, ...]]
    texts: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, tuple[str, ...]]
    hands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """The ids of the items for training, validation and test."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Items with their pictures' features.

    Attributes:
        name: what people see.
        languages: the two (or one) whose descriptions are looked at.
        backbone: where the features come from; source: stands for the features' numbers.
        features: float32 (n, dim), unit rows.
        pictures: the id of each row.
        keyworded: an item's texts are a short name and keywords, of which a description is drawn anew each time.
        bundles: the ids of all items that a word stands for, for each word that may be asked.
        fixed: the split, where the corpus comes with one.
        given: the options of ``pivot train`` that name it.
    """

    name: str
    languages: tuple[str, ...]
    backbone: str
    source: str
    features: NDArray[np.float32]
    pictures: tuple[str, ...]
    items: tuple[Item, ...]
    keyworded: bool = False
    bundles: tuple[tuple[str, ...], ...] = ()
    fixed: Split | None = None
    given: str = ""

    @cached_property
    def item(self) -> dict[str, Item]:
        """Id → item."""
        return {item.id: item for item in self.items}

    @cached_property
    def shared(self) -> bool:
        """Whether training may read descriptions of one item in two languages."""
        return any(all(item.texts.get(language) for language in self.languages) for item in self.items)

    @cached_property
    def digest(self) -> str:
        """A digest of everything that a model trained on it depends on."""
        about = [[item.id, item.pictures, dict(item.own), dict(item.texts), dict(item.asked)] for item in self.items]
        return storage.digest(self.languages, self.backbone, self.source, self.pictures, about)

    @cached_property
    def _group(self) -> dict[str, int]:
        """Id → the number of the items that look like it."""
        return {item.id: number for item, number in zip(self.items, near_duplicates(self).tolist(), strict=True)}

    def key(self, seed: int, holdout: str = "items") -> str:
        """A digest of the corpus and one of its splits: what was ranked under another key is no figure of this one."""
        return storage.digest(self.digest, asdict(self.split(seed, holdout)))

    def split(self, seed: int, holdout: str = "items") -> Split:
        """Its own split, or one by this seed that keeps near-duplicates together.

        Args:
            holdout: ``"items"``: drawn at random.  ``"words"``: all items of one word after the other, so that there
                are words of which training has seen nothing; harder, because more words of descriptions are unknown.

        Raises:
            DatasetError: there are too few items for three parts, or no words.
        """
        if holdout not in HOLDOUTS:
            raise unknown_name("way to hold out", holdout, HOLDOUTS)
        if holdout == "words" and not self.bundles:
            raise DatasetError(
                f"{self.name!r} has no word list whose words could be held out; expected --holdout items"
            )
        if self.fixed:
            return self.fixed
        group = self._group
        members: dict[int, list[str]] = {}
        for key, number in group.items():
            members.setdefault(number, []).append(key)
        rng = np.random.default_rng([seed, 1])
        wholes = [tuple({group[key]: None for key in bundle if key in group}) for bundle in self.bundles]
        singles = [(number,) for number in members]
        kinds = (wholes, singles) if holdout == "words" else (singles,)
        offers = [many[place] for many in kinds for place in rng.permutation(len(many)).tolist()]
        parts: dict[str, list[str]] = {}
        for part, share in SHARES.items():
            parts[part] = []
            for offer in offers:
                if len(parts[part]) >= share * len(self.items):
                    break
                if offer and all(number in members for number in offer):
                    parts[part] += [key for number in offer for key in members.pop(number)]
        parts["train"] = [key for keys in members.values() for key in keys]
        if min(map(len, parts.values())) < 2:
            raise DatasetError(
                f"{self.name!r} has {len(self.items)} described pictures; expected enough different ones for at least "
                "2 each in training, validation and test"
            )
        return Split(**{part: tuple(keys) for part, keys in parts.items()})

    def again(self, model: str = "", seed: int | None = None, holdout: str = "") -> str:
        """The command that trains on it, and tests what was trained."""
        options = {"--model": model, "--seed": "" if seed is None else str(seed), "--holdout": holdout}
        named = [f"--pair {'-'.join(self.languages)} --backbone {shlex.quote(self.backbone)}"]
        chosen = [f"{name} {value}" for name, value in options.items() if value]
        return " ".join(filter(None, ["python -m cldi_core pivot train", self.given, *named, *chosen]))

    def part(self, keys: Sequence[str], language: str, *, asked: bool = False) -> list[Item]:
        """Those of some items that are described in a language: for training, or as ``asked`` for a test."""
        items = [self.item[key] for key in keys]
        return [
            item for item in items if (item.asked if asked else item.texts).get(language) and item.own.get(language)
        ]


def near_duplicates(corpus: Corpus) -> NDArray[np.int64]:
    """A number for each item, the same for those that look nearly alike (single linkage): int64 (n_items,).

    Two items are alike if the cosines between their pictures by the same hand are at least ``ALIKE`` on average.
    """
    from scipy.sparse.csgraph import connected_components

    n = len(corpus.items)
    if n > COMPARED:
        return np.arange(n)
    hands: dict[str, tuple[list[int], list[int]]] = {}
    for number, item in enumerate(corpus.items):
        for hand, row in zip(item.hands or [""] * len(item.pictures), item.pictures, strict=True):
            owners, rows = hands.setdefault(hand, ([], []))
            if not owners or owners[-1] != number:
                owners.append(number)
                rows.append(row)
    total, count = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
    for owners, rows in hands.values():
        features = corpus.features[rows]
        total[np.ix_(owners, owners)] += features @ features.T
        count[np.ix_(owners, owners)] += 1
    found: NDArray[np.int64] = connected_components((count > 0) & (total >= ALIKE * count))[1].astype(np.int64)
    return found


def drawn(texts: Sequence[str], rng: np.random.Generator, *, keyworded: bool) -> str:
    """A description for one step of training: one of several, or a short name, some keywords, or both.

    Of a name and keywords: 30 % the name, 15 % one keyword (a text of one word, as in word translation), 15 % some of
    them, otherwise the name and some of them.
    """
    if not keyworded:
        return texts[int(rng.integers(len(texts)))]
    name, *keywords = texts
    kind = rng.choice(4, p=[0.3, 0.15, 0.15, 0.4])
    if kind == _NAME or not keywords:
        return name
    count = 1 if kind == _ONE else int(rng.integers(1, len(keywords) + 1))
    chosen = [keywords[number] for number in rng.permutation(len(keywords))[:count]]
    return " ".join([name, *chosen] if kind == _BOTH else chosen)


def one_picture(items: Sequence[Item], language: str, rng: np.random.Generator) -> list[int]:
    """A picture of each item, drawn among those that go with a language."""
    return [item.own[language][int(rng.integers(len(item.own[language])))] for item in items]
