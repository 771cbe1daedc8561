"""Can people do it?  Ten choices between the pictures of ten candidates, and what each method would have chosen.

Everything is drawn by digests of the seed and of names: the same seed and data set make the same game everywhere.

The ten are the right answer, the four wrong candidates with the best mean rank under the paper's six methods, and five
others at random.  Wrong candidates that one method ranks high would be unfair to that method; the mean of all six is
unfair to none of them in particular, but a little to all: the four are what methods take for right, not what people do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.data.queries import Query
from cldi_core.evaluation import paper, stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.evaluation.ranking import rank
from cldi_core.scoring.ties import TIE

ROUNDS, OPTIONS, HIGH = 10, 10, 4
SHOWN = 12  # pictures of a word that people see, the first ones; methods look at all
SIX = tuple(paper.TABLE_2)  # the methods whose mean rank chooses the four
RIGHT, HIGH_RANKED, AT_RANDOM = "right", "high", "random"  # how an option was chosen
MOST_SEED = 999_999_999
_VERSION = 1  # raise it when the same seed makes another game
Rows = Mapping[str, NDArray[np.floating]]  # method → the scores of one source word with all candidates
Marks = frozenset[frozenset[str]]


@dataclass(frozen=True)
class Round:
    """One choice.

    Attributes:
        number: from 1; query: its id.
        pictures: ids of the word's pictures, all of them, in the order in which they are shown.
        options: the candidates, shuffled; sets: the ids of each one's pictures.
        right: the place of the right answer among them, from 0.
        how: of each option how it was chosen: ``"right"``, ``"high"`` or ``"random"``.
    """

    number: int
    query: str
    word: str
    pos: str
    pictures: tuple[str, ...]
    options: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    right: int
    how: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The right answer."""
        return self.options[self.right]


@dataclass(frozen=True)
class Choice:
    """What a method chooses among some options.

    Attributes:
        words: the option with the highest score, or all that share it.
        hit: the expected share of right choices: 1, 0, or 1/n where the right answer shares the first place of n.
    """

    words: tuple[str, ...]
    hit: float


def seed_of(typed: str) -> int:
    """The seed that a text means, 0 … ``MOST_SEED``: a number of at most nine digits is itself, all else its digest."""
    text = typed.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    # Not storage.digest's JSON: a text from a URL may hold anything.
    return int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12], 16) % 1_000_000


def scores_of(pair: Pair, rankers: Sequence[Ranker], word: str) -> dict[str, NDArray[np.float32]]:
    """The scores of one source word under those of some rankers that tell them (``stored_scores.row_of``)."""
    found = {ranker.name: stored_scores.row_of(pair, ranker, word) for ranker in rankers}
    return {name: row for name, row in found.items() if row is not None}


def game(pair: Pair, rankers: Sequence[Ranker], seed: int, letters: str = "") -> tuple[Round, ...]:
    """Ten rounds, or as many as there are words.

    Args:
        rankers: those whose mean rank chooses the four: the paper's six (``SIX``).
        seed: 0 … ``MOST_SEED``; letters: the parts of speech, each of which gets its share of the rounds; "" for all.
    """
    return tuple(
        round_of(pair, scores_of(pair, rankers, query.word), seed, number, query)
        for number, query in enumerate(words(pair, seed, letters), 1)
    )


def words(pair: Pair, seed: int, letters: str = "") -> tuple[Query, ...]:
    """The queries of a game, in the order of its rounds.

    Of three parts of speech the first gets four rounds and the others three; where there are too few words of one, the
    others get more.  No word comes twice, nor two with the same pictures.
    """
    known = _Known(pair)
    there = [letter for letter in POS if letter in CLASSES or any(query.pos == letter for query in pair.queries)]
    kinds = [letter for letter in there if letter in letters] or there
    playable = {query.id: query for query in pair.queries if query.pos in kinds and known.is_playable(query)}
    taken: set[frozenset[str]] = set()
    chosen: list[str] = []

    def take(pile: Sequence[str], count: int) -> None:
        for one in pile:
            own = _marks(pair.source.word_ids(playable[one].word))
            if count > 0 and not own & taken:
                taken.update(own)
                chosen.append(one)
                count -= 1

    # In an order of the seed: else a word of two parts of speech would always be asked as the first of them.
    for kind in _shuffled(kinds, seed, pair.name, "kinds"):
        pile = _shuffled([one for one in playable if playable[one].pos == kind], seed, pair.name, "words")
        take(pile, ROUNDS // len(kinds) + (kinds.index(kind) < ROUNDS % len(kinds)))
    take(_shuffled(playable, seed, pair.name, "more words"), ROUNDS - len(chosen))
    return tuple(playable[one] for one in _shuffled(chosen, seed, pair.name, "order"))


def round_of(pair: Pair, rows: Rows, seed: int, number: int, query: Query) -> Round:
    """One round of a game.

    One of the word's right answers is drawn.  Others, also as another part of speech, are no options, nor is a
    candidate with the same pictures as one of them or as another option: nobody could tell the two apart.

    Args:
        rows: the scores of the query's word under the methods whose mean rank chooses the four.
    """
    known = _Known(pair)
    answer = _shuffled([word for word in query.right if word in known.marks], seed, query.id, "right")[0]
    taken, how = known.of_right(query.word), {answer: RIGHT}

    def take(pile: Sequence[str], count: int, chosen: str) -> None:
        for word in pile:
            if count > 0 and not known.marks[word] & taken:
                taken.update(known.marks[word])
                how[word] = chosen
                count -= 1

    others = _shuffled(known.marks, seed, query.id, "random")
    take(_best_first(pair, rows, others), HIGH, HIGH_RANKED)
    take(others, OPTIONS - len(how), AT_RANDOM)
    options = tuple(_shuffled(how, seed, query.id, "shown"))
    return Round(
        number, query.id, query.word, query.pos, tuple(pair.source.word_ids(query.word)), options,
        tuple(tuple(pair.target.word_ids(word)) for word in options), options.index(answer),
        tuple(how[word] for word in options),
    )  # fmt: skip


class _Known:
    """What is looked up again and again while rounds are made.

    Attributes:
        marks: candidate → its ``_marks``, of those with pictures.
    """

    def __init__(self, pair: Pair) -> None:
        sizes = zip(pair.target.words, pair.target.sizes, strict=True)
        self.marks = {word: _marks(pair.target.word_ids(word)) for word, size in sizes if size}
        self._source = pair.source
        self._right: dict[str, set[str]] = {}
        for query in pair.queries:  # of all parts of speech: a word's pictures do not tell which is asked
            self._right.setdefault(query.word, set()).update(query.right)

    def of_right(self, word: str) -> set[frozenset[str]]:
        """The marks of all right answers of a source word."""
        return {mark for answer in self._right[word] for mark in self.marks.get(answer, ())}

    def is_playable(self, query: Query) -> bool:
        """Whether the word and a right answer have pictures, and another candidate has others."""
        if not self._source.word_ids(query.word) or not any(word in self.marks for word in query.right):
            return False
        taken = self.of_right(query.word)
        return any(not own & taken for own in self.marks.values())


def _best_first(pair: Pair, rows: Rows, others: Sequence[str]) -> list[str]:
    """Candidates by their mean rank under several methods; of equal ones those first that stand first in ``others``."""
    if not rows:
        return []
    total = np.sum([rank(row) for row in rows.values()], axis=0)  # halves: their sums are exact
    by_word = {word: total[pair.target.row(word)] for word in others}
    return sorted((word for word in others if not np.isnan(by_word[word])), key=by_word.__getitem__)


def machine(pair: Pair, options: Sequence[str], right: str, rows: Rows) -> dict[str, Choice]:
    """What each method chooses among some candidates: method → the best by its scores of one source word.

    Args:
        rows: method → the scores of the word; a method under which an option has none is left out.
    """
    columns = [pair.target.row(word) for word in options]
    found = {}
    for name, row in rows.items():
        own = np.asarray(row, np.float64)[columns]
        if np.isnan(own).any():
            continue
        first = tuple(word for word, score in zip(options, own, strict=True) if score >= own.max() - TIE)
        found[name] = Choice(first, 1 / len(first) if right in first else 0.0)
    return found


def digest(pair: Pair, query: Query, options: Sequence[str]) -> str:
    """A digest of the pictures that people see of a word and of some candidates; ``""`` where one is not there."""
    if query.word not in pair.source or any(word not in pair.target for word in options):
        return ""
    sets = [pair.source.word_ids(query.word), *(pair.target.word_ids(word) for word in options)]
    return storage.digest(query.id, list(options), [ids[:SHOWN] for ids in sets], [len(ids) for ids in sets])


def _marks(ids: Sequence[str]) -> Marks:
    """What two words must not share that people have to tell apart: all their pictures, or all that are shown."""
    return frozenset((frozenset(ids), frozenset(ids[:SHOWN])))


def _shuffled(names: Iterable[str], *key: object) -> list[str]:
    """Distinct names in an order that the key decides, whatever order they come in."""
    return sorted(names, key=lambda name: storage.digest(_VERSION, *key, name))
