"""People against methods, on the same choices: which answers count, and how often each was right.

An answer counts once with what its player chose and once with what each method would have chosen among the same
options.  Intervals are over words (``metrics``): the answers of several players to one word are one cluster.  So they
say how far other words could be, and nothing of other players.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import wordlists
from cldi_core.data.answers import Answer
from cldi_core.data.dataset import SETTINGS
from cldi_core.errors import CldiError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import play

PEOPLE, CHANCE = "people", "chance"  # beside the names of methods


@dataclass(frozen=True)
class Counted:
    """The answers about one pair and backbone.

    Attributes:
        answers: those that count, in the order in which they were given.
        again: how many do not because their player had seen the word before.
        changed: how many do not because the pictures or right answers are not what they were.
    """

    answers: tuple[Answer, ...]
    again: int
    changed: int


@dataclass(frozen=True)
class Line:
    """How often somebody was right.

    Attributes:
        setting: ``"ALL"``, ``"NN"``, ``"VB"`` or ``"ADJ"``.
        who: ``"people"``, ``"chance"`` or the name of a method.
        right, answers: the right choices (halves and thirds where a method's first place is shared) of all.
        share: right / answers, with its interval over words; its n are words.
        behind: by how much people were right more often on the same choices, with its interval; nothing of people.
    """

    setting: str
    who: str
    right: float
    answers: int
    share: Interval
    behind: Interval


@dataclass(frozen=True)
class Player:
    """One row of the table of players: games are rounds of ten or fewer with one seed."""

    name: str
    games: int
    answers: int
    right: int
    share: float
    seconds: float


def counted(pair: Pair, answers: Sequence[Answer]) -> Counted:
    """Which of all answers count for a pair and its backbone.

    Of a player's answers about one source word the first alone, in whatever pair of that language and with whatever
    backbone it was given: after that the word is known.
    """
    seen: set[tuple[str, str, str]] = set()
    kept, again, changed = [], 0, 0
    for answer in answers:
        known = (answer.player, _source(answer.pair), answer.query.rpartition(".")[0])
        is_first = known not in seen
        seen.add(known)
        if (answer.pair, answer.backbone) != (pair.name, pair.backbone):
            continue
        if not is_first:
            again += 1
        elif not _stands(pair, answer):
            changed += 1
        else:
            kept.append(answer)
    return Counted(tuple(kept), again, changed)


def _source(pair: str) -> str:
    try:
        return wordlists.pair_languages(pair)[0]
    except CldiError:  # a line of the file may hold any text
        return pair


def _stands(pair: Pair, answer: Answer) -> bool:
    """Whether the data set still has what was shown, and the answer that was right still is, and is alone in that."""
    if answer.query not in pair.index:
        return False
    query = pair.queries[pair.index[answer.query]]
    is_right = [word in query.right for word in answer.options] == [word == answer.right for word in answer.options]
    return is_right and answer.pictures == play.digest(pair, query, answer.options)


def compared(answers: Sequence[Answer], hits: Sequence[Mapping[str, float]]) -> tuple[Line, ...]:
    """People, chance and each method on the same choices, by part of speech.

    Args:
        answers: those that count; hits: for each of them method → share of right choices (``Choice.hit``).  Only
            methods that choose in all of them are compared.
    """
    methods = [name for name in (hits[0] if hits else {}) if all(name in own for own in hits)]
    lines = []
    for setting, letters in SETTINGS.items():
        of = [place for place, answer in enumerate(answers) if answer.query.rpartition(".")[2] in letters]
        words = np.array([answers[place].query.rpartition(".")[0] for place in of], object)
        people = np.array([float(answers[place].hit) for place in of])
        columns = {PEOPLE: people, CHANCE: np.array([1 / len(answers[place].options) for place in of])}
        columns |= {name: np.array([hits[place][name] for place in of]) for name in methods}
        lines += [_line(setting, who, own, people, words) for who, own in columns.items()]
    return tuple(lines)


def _line(
    setting: str, who: str, own: NDArray[np.float64], people: NDArray[np.float64], words: NDArray[np.object_]
) -> Line:
    if not len(own):
        return Line(setting, who, 0.0, 0, metrics.NOTHING, metrics.NOTHING)
    names = words.astype(str)
    behind = metrics.NOTHING if who == PEOPLE else metrics.paired(people, own, names)
    return Line(setting, who, float(own.sum()), len(own), metrics.interval(own, names), behind)


def players(answers: Sequence[Answer]) -> tuple[Player, ...]:
    """The players of some answers, those with the most right choices first; ``seconds``: the median of a choice."""
    own: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        own[answer.player].append(answer)
    found = []
    for name, given in own.items():
        right, times = sum(one.hit for one in given), [one.milliseconds for one in given if one.milliseconds]
        seconds = float(np.median(times)) / 1000 if times else float("nan")
        games = len({one.seed for one in given})
        found.append(Player(name, games, len(given), right, right / len(given), seconds))
    return tuple(sorted(found, key=lambda one: (-one.right, -one.share, one.name)))
