"""What the pictures of a word show: groups of them, each with a label and the candidate that it alone would choose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import unknown_name
from cldi_core.evaluation import ranking
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.depicted import Depicted, depicted
from cldi_core.scoring.grouping import clusters
from cldi_core.scoring.imagesets import unit_rows
from cldi_core.scoring.ties import TIE

SIDES = ("source", "target")
MOST_NAMES = 3  # of one label
Ranked = Callable[[Sequence[str]], NDArray[np.floating]]


@dataclass(frozen=True)
class Group:
    """Pictures of one word that look alike.

    Attributes:
        label: what they are known to depict, at most three names, the most telling first; ``""`` where nothing is.
        pictures: their ids, in the order of the word's set.
        would_choose: the candidate that is first when the word's set is this group alone, a right answer where one
            shares the first place; ``""`` where nobody asked, or it ranks nothing.
        rank: of the best right answer then, as ``ranking.gold_ranks``; nan where unknown.
        labelled: how many of the pictures have one of the label's names.
        from_titles: whether the label is made of words of the pictures' titles, as nobody says what they depict.
    """

    label: str
    pictures: tuple[str, ...]
    would_choose: str = ""
    rank: float = math.nan
    labelled: int = 0
    from_titles: bool = False


def groups(
    pair: Pair, word: str, side: str, k: int | None = None, ranked: Ranked | None = None, gold: Collection[int] = ()
) -> tuple[Group, ...]:
    """The groups of a word's pictures (``grouping.clusters``), the largest first; none of a word without pictures.

    Args:
        side: ``"source"`` or ``"target"``: in which language ``word`` is.
        k: how many groups; ``None``: as many as there seem to be.
        ranked: of the ids of a group, the scores of all candidates, float (n_target,), when the word's set is that
            group alone; on the target side, when the right answer's set is.
        gold: the columns of the right answers.

    Raises:
        UnknownNameError: another side or word; FeatureError: ``k`` below 1, or no ids.
    """
    if side not in SIDES:
        raise unknown_name("side", side, SIDES)
    sets = pair.source if side == "source" else pair.target
    ids = sets.word_ids(word)
    found = clusters(unit_rows(sets[word]), k)
    members = [
        tuple(ids[place] for place in np.flatnonzero(found == label)) for label in range(found.max(initial=-1) + 1)
    ]
    known = depicted(pair.dataset)
    made = []
    for number, own in enumerate(members):
        others = [key for other, keys in enumerate(members) if other != number for key in keys]
        titled = telling_titles(known, own, others)
        names = titled or telling(known, own, others)
        labelled = sum(not set(names).isdisjoint(known.title_words(key) if titled else known.terms(key)) for key in own)
        chosen, rank = ("", math.nan) if ranked is None else _choice(pair, ranked(own), gold)
        made.append(Group(", ".join(names), own, chosen, rank, labelled, bool(titled)))
    return tuple(made)


def telling(known: Depicted, own: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """The names that tell a group of pictures from the word's others: at most three, the most telling first.

    A name is worth ``(p - q) · ln(N / N(name))``: ``p`` and ``q`` are the shares of the group's pictures and of the
    others that have it, ``N(name)`` of the data set's ``N`` pictures do (each plus one).  Names are those of
    ``Depicted.terms``.  Those that are not more frequent in the group are left out; where all are, the most frequent
    ones are taken: the group looks different, but shows the same.  From the second on, a name must be worth at least
    half of the first.
    """
    here, there = (Counter(term for key in keys for term in known.terms(key)) for keys in (own, others))
    if not here:
        return ()
    worth = {}
    for name, count in here.items():
        rarity = math.log((1 + len(known)) / (1 + known.frequency[name]))
        worth[name] = (count / len(own) - there[name] / max(len(others), 1)) * rarity
    if max(worth.values()) <= 0:
        worth = {name: count / len(own) for name, count in here.items()}
    ordered = sorted(worth, key=lambda name: (-worth[name], -here[name], name))
    return tuple(name for name in ordered[:MOST_NAMES] if 0 < worth[name] >= worth[ordered[0]] / 2)


def telling_titles(known: Depicted, own: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """The words of titles that tell a group of pictures from the word's others and from all others: at most three.

    Titles have words such as "of" or an author's name that say nothing, so a word must stand under two of the pictures
    (one of one), and be frequent there and rare elsewhere.  It is worth the smaller of two z: the logarithm of the odds
    that a picture of the group has it, less that of the word's other pictures, and of the data set's, each with a half
    added to its counts (Haldane 1956), over its standard error (Woolf 1955; as Monroe, Colaresi and Quinn 2008 compare
    the words of two parties).  From the second on, a word must be worth at least half of the first.
    """
    here, there = (Counter(word for key in keys for word in known.title_words(key)) for keys in (own, others))
    worth = {}
    for word, count in here.items():
        if count >= min(2, len(own)):
            all_others = known.title_frequency[word] - count, len(known) - len(own)
            rivals = [all_others, (there[word], len(others))] if others else [all_others]
            worth[word] = min(_log_odds(count, len(own), *rival) for rival in rivals)
    ordered = sorted(worth, key=lambda word: (-worth[word], -here[word], word))
    return tuple(word for word in ordered[:MOST_NAMES] if 0 < worth[word] >= worth[ordered[0]] / 2)


def _log_odds(here: int, all_here: int, there: int, all_there: int) -> float:
    """How much likelier something is here than there, in standard errors."""
    cells = [count + 0.5 for count in (here, all_here - here, there, all_there - there)]
    ratio = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return ratio / math.sqrt(sum(1 / cell for cell in cells))


def _choice(pair: Pair, row: NDArray[np.floating], gold: Collection[int]) -> tuple[str, float]:
    """The first candidate of a row of scores, and the rank of the best right answer."""
    if np.isnan(row).all():
        return "", math.nan
    if gold:
        winner, _ = ranking.winners(row[None], [gold])
        return pair.target.words[winner[0]], float(ranking.gold_ranks(row[None], [gold])[0])
    filled = np.where(np.isnan(row), -np.inf, row).astype(np.float64)
    return pair.target.words[int((filled >= filled.max() - TIE).argmax())], math.nan
