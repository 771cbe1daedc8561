"""How far the answers of a trained space can be relied on, and two texts that show it: a good one and a bad one.

An item is *described with* a text if one of its descriptions in the text's language holds all the words of the text.
What is measured is how often that holds for the nearest picture, of texts that were written for items which training
never saw: names and keywords, or whole descriptions.  It is less than an answer's being right: a picture may fit words
that nobody wrote beneath it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import metrics, ranking
from cldi_core.pivot.search import Index, nearest
from cldi_core.pivot.text import words
from cldi_core.scoring.ties import TIE

SHORT = 3  # words of a short text: such as a name or a keyword
LIKE = 100  # texts, at most, that are set beside one that is asked
TRIED, BLOCK = 2000, 250  # texts that are looked for at most, and at a time
ALL, SOME, NONE = "all", "some", "none"  # of a text's words that training has read


@dataclass(frozen=True)
class Reading:
    """What training read of the words of a text.

    Attributes:
        counts: each word once → how many of the items described in training are described with it; 0: never read.
        items: how many items training read a description of in this language.
        known: how many different words training has read in it.
    """

    counts: Mapping[str, int]
    items: int
    known: int

    @property
    def unread(self) -> list[str]:
        """The words that training has never read."""
        return [word for word, count in self.counts.items() if not count]

    @property
    def part(self) -> str:
        """Of how many words training knows something: ``ALL``, ``SOME`` or ``NONE``."""
        return _part(len(self.unread), len(self.counts))


@dataclass(frozen=True)
class Described:
    """How many of ``of`` items are described with a text.

    Attributes:
        rank: of the nearest of them; nan where there is none.
        everywhere: how many there are in the whole corpus.
    """

    here: int
    of: int
    rank: float
    everywhere: int


@dataclass(frozen=True)
class Trials:
    """Texts of held-out items, looked for as a reader's text is.

    Attributes:
        texts: each once.
        items: the id of the first item that it was written for, in a row for each text.
        short: bool (n,), texts of at most ``SHORT`` words; part: (n,), ``Reading.part``.
        score: float64 (n,), the similarity of the nearest picture.
        right: bool (n,), whether its item is described with the text.
        candidates: the items that were looked through.
    """

    texts: tuple[str, ...]
    items: tuple[str, ...]
    short: NDArray[np.bool_]
    part: NDArray[np.str_]
    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    candidates: int


@dataclass(frozen=True)
class Certainty:
    """How often the nearest picture's item was described with the text, of texts like one that was asked.

    Attributes:
        right: the share, over items; how many in ``count`` of ``n`` texts.
        low, high: between what the similarities of their nearest pictures lie; nan for no text.
        short: they are of at most ``SHORT`` words; part: of how many of their words training has read, as the asked.
    """

    right: metrics.Interval
    count: int
    n: int
    low: float
    high: float
    short: bool
    part: str


@dataclass(frozen=True)
class Example:
    """The name of an item, and the place of the item's own picture: ``rank`` among ``candidates``."""

    text: str
    item: str
    rank: float
    candidates: int


@dataclass(frozen=True)
class Examples:
    """A text that goes well and one that does not, and how ordinary they are.

    Attributes:
        good: the name that leaves the second picture farthest behind, where its item's own picture is the nearest;
            ``None`` where there is none.
        bad: the name whose item's own picture is farthest down; ``None`` where all are nearest.
        first: the share of such names whose item's own picture is the nearest; median: of the own pictures' ranks.
        any: a text for where there is neither; ``""`` for none.
    """

    good: Example | None
    bad: Example | None
    first: metrics.Interval
    median: float
    any: str = ""

    @property
    def begin(self) -> str:
        """The text to begin with."""
        return self.good.text if self.good else self.any


def reading(found: Index, text: str, language: str) -> Reading:
    """What training read of the words of a text in a language."""
    counts = found.read[language]
    known = found.model.spaces[language].vocabularies[language]
    unread = set(known.unseen(text))
    read = {word: 0 if word in unread else counts[word] for word in dict.fromkeys(words(text))}
    return Reading(read, len(found.corpus.part(found.model.any.split.train, language)), len(known.words))


def described(found: Index, text: str, language: str, keys: Sequence[str]) -> Described:
    """Which of the items ``keys`` are described with a text, and where the nearest of them is."""
    own = frozenset(words(text))
    with_it = {key for key, said in found.said[language].items() if own and any(own <= one for one in said)}
    here = [number for number, key in enumerate(keys) if key in with_it]
    ranks = ranking.gold_ranks(nearest(found, [text], language, keys), [here]) if here else [float("nan")]
    return Described(len(here), len(keys), float(ranks[0]), len(with_it))


def trials(found: Index, language: str, keys: Sequence[str]) -> Trials:
    """Look for names, keywords and whole descriptions of held-out items among the items ``keys``.

    At most ``TRIED`` of them, drawn evenly.
    """
    owners: dict[str, str] = {}
    for key in found.keys("test"):
        item = found.corpus.item[key]
        for text in (*item.texts.get(language, ()), *item.asked.get(language, ())):
            if words(text):
                owners.setdefault(text, key)
    texts = _drawn(list(owners) if keys else [])
    said, known = found.said[language], found.model.spaces[language].vocabularies[language]
    score, right = np.zeros(len(texts)), np.zeros(len(texts), bool)
    for start, scores in _scores(found, texts, language, keys):
        best = scores.max(axis=1, keepdims=True)
        score[start : start + len(best)] = best[:, 0]
        for number, place in enumerate((scores >= best - TIE).argmax(axis=1).tolist(), start):
            own = frozenset(words(texts[number]))
            right[number] = any(own <= one for one in said[keys[place]])
    return Trials(
        tuple(texts),
        tuple(owners[text] for text in texts),
        np.array([is_short(text) for text in texts], bool),
        np.array([_part(len(known.unseen(text)), len(set(words(text)))) for text in texts], str),
        score,
        right,
        len(keys),
    )


def is_short(text: str) -> bool:
    """Whether a text has at most ``SHORT`` words."""
    return len(words(text)) <= SHORT


def _part(new: int, every: int) -> str:
    return ALL if not new else NONE if new == every else SOME


def certainty(among: Trials, text: str, part: str, score: float) -> Certainty:
    """How often texts like one that was asked found an item that is described with them.

    Alike are texts of the same kind (short or longer; all, some or none of their words read in training), and of those
    the at most ``LIKE`` whose nearest picture is about as near.  The text itself is not among them.

    Args:
        part: ``Reading.part`` of the text; score: the similarity of its nearest picture.
    """
    short, asked = is_short(text), words(text)
    itself = np.array([words(one) == asked for one in among.texts], bool)
    same = np.flatnonzero((among.short == short) & (among.part == part) & ~itself)
    near = same[np.argsort(np.abs(among.score[same] - score), kind="stable")[:LIKE]]
    if not len(near):
        return Certainty(metrics.NOTHING, 0, 0, float("nan"), float("nan"), short, part)
    right = among.right[near]
    share = metrics.interval(right.astype(np.float64), [among.items[place] for place in near.tolist()])
    scores = among.score[near]
    return Certainty(share, int(right.sum()), len(near), float(scores.min()), float(scores.max()), short, part)


def examples(found: Index, language: str, keys: Sequence[str]) -> Examples:
    """A good and a bad text: names of the items ``keys``, each looked for among all of them.

    Names all of whose words training has read, of at most ``SHORT`` words where there are such; at most ``TRIED``.
    """
    known = found.model.spaces[language].vocabularies[language]
    names: dict[int, str] = {}
    for place, key in enumerate(keys):
        item = found.corpus.item[key]
        texts = item.texts.get(language) or item.asked.get(language) or ("",)
        if words(texts[0]):
            names[place] = texts[0]
    read = {place: name for place, name in names.items() if not known.unseen(name)}
    asked = {place: name for place, name in read.items() if is_short(name)} or read
    if not asked:
        return Examples(None, None, metrics.NOTHING, float("nan"), next(iter(names.values()), ""))
    own = _drawn(list(asked))
    ranks, lead = np.zeros(len(own)), np.zeros(len(own))
    for start, scores in _scores(found, [asked[place] for place in own], language, keys):
        block = own[start : start + len(scores)]
        ranks[start : start + len(block)] = ranking.gold_ranks(scores, [[place] for place in block])
        others = scores.copy()
        others[np.arange(len(block)), block] = -np.inf
        lead[start : start + len(block)] = scores[np.arange(len(block)), block] - others.max(axis=1)
    made = [Example(asked[place], keys[place], float(rank), len(keys)) for place, rank in zip(own, ranks, strict=True)]
    first = ranks == 1
    return Examples(
        made[int(np.where(first, lead, -np.inf).argmax())] if first.any() else None,
        made[int(ranks.argmax())] if not first.all() else None,
        metrics.interval(first.astype(np.float64)),
        float(np.median(ranks)),
        made[0].text,
    )


def _drawn(things: list[Any]) -> list[Any]:
    """At most ``TRIED`` of some things, drawn evenly, in their order."""
    if len(things) <= TRIED:
        return things
    places = np.random.default_rng(0).permutation(len(things))[:TRIED]
    return [things[place] for place in sorted(places.tolist())]


def _scores(
    found: Index, texts: Sequence[str], language: str, keys: Sequence[str]
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """``nearest`` of some texts, block by block: the number of its first text, and (n, n_items)."""
    for start in range(0, len(texts), BLOCK):
        yield start, nearest(found, texts[start : start + BLOCK], language, keys)
