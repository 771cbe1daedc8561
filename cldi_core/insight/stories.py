"""Stories: a few words of a pair whose pictures show at a glance why they failed, or why they worked.

The rule.  A story is of a word with ``MANY`` pictures or more, of as many things where that is known, that is not
spelled like its right answer.  Missed words come first in which another word *owns* what is depicted: that is their
strongest cause, and more than half of the things stand under the rival.  They are ordered by ``gap² / things ×
margin``: how many more of the things the rival has than the right answer, what share of all that is, and by how much
its score is higher.  Only where a part of speech has none of these, such as where nothing is known of what pictures
depict, are there stories of missed words most of whose pictures have a nearer match in the rival, ordered by ``margin ×
share of these pictures``.  The same rule the other way round orders the words that were found.

A rival that is among the neighbours of many words (the cause ``"hub"``) tells more of itself than of this word, so it
makes no story.  No two stories share a word on any side, nor anything that their words' pictures depict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import causes, evidence, explanation, verdicts
from cldi_core.insight.compared import Compared
from cldi_core.scoring.imagesets import unit_rows

if TYPE_CHECKING:
    import pandas as pd

Slots: TypeAlias = tuple[tuple[str, bool, int], ...]  # part of speech, works, how many at most
SLOTS: Slots = (
    ("V", False, 3),
    ("V", True, 1),
    ("A", False, 1),
    ("N", False, 1),
)  # part of speech, works, how many at most
MANY = 4  # pictures of a word, and things that they depict: with fewer, one drawing decides
PICTURES = 6  # shown of a story


@dataclass(frozen=True)
class Told:
    """A word with all that tells its story.

    Attributes:
        query: its id; works: whether its right answer came first.
        right: the best right answer; rival: the best wrong candidate; rank: of the right answer.
        verdict: why it came out so, in one or two sentences (``verdicts.verdict``).
        pictures: some pictures of the word, ids; nearest_right, nearest_rival: of each the nearest picture in these.
        of: how many things the word's pictures depict where that is known, else how many pictures it has.
        each_thing: whether that is known; ``pictures`` are then one of each thing.
    """

    query: str
    word: str
    pos: str
    works: bool
    right: str
    rival: str
    rank: float
    verdict: str
    pictures: tuple[str, ...]
    nearest_right: tuple[str, ...]
    nearest_rival: tuple[str, ...]
    of: int
    each_thing: bool


def stories(pair: Pair, frame: pd.DataFrame, slots: Slots = SLOTS) -> list[Told]:
    """The stories of a pair under one method, with their pictures.

    Args:
        frame: its ``evidence``, with ceilings where they are known (``causes.with_ceilings``).
        slots: part of speech, whether they are found, and how many at most.
    """
    rows = {row["query"]: {str(name): row[name] for name in row} for row in frame.to_dict("records")}
    concepts = pair.dataset.pictures.concepts

    def depicted(query: str) -> Collection[str]:
        return {concepts.get(key, "") for key in pair.source.word_ids(rows[query]["word"])} - {""}

    chosen, compared = choose(frame, depicted, slots), Compared(frame)
    return [_told(pair, compared, rows[query]) for query in chosen]


def choose(frame: pd.DataFrame, depicted: Callable[[str], Collection[str]], slots: Slots = SLOTS) -> list[str]:
    """The queries that make stories, in the order of ``slots``, the most telling first; fewer where a kind is missing.

    Args:
        frame: ``evidence``; depicted: what the pictures of a query's word depict.
    """
    found: list[str] = []
    words: set[str] = set()
    things: set[str] = set()
    weighed = _weighed(frame)
    for letter, works, count in slots:
        own = weighed[(weighed["pos"] == letter) & (weighed["works"] == works)]
        taken: list[bool] = []  # of each story of this kind, whether it is about things that are owned
        for row in own.to_dict("records"):
            if len(taken) == count or (any(taken) and not row["owned"]):
                break
            sides, shown = {row["word"], row["right"], row["rival"]}, set(depicted(row["query"]))
            if not sides & words and not shown & things:
                found.append(row["query"])
                words |= sides
                things |= shown
                taken.append(bool(row["owned"]))
    return found


def _weighed(frame: pd.DataFrame) -> pd.DataFrame:
    """The words that may make a story, the most telling first: those whose things are owned, then the others."""
    kept = frame[_telling(frame)]
    works = kept["rank"] <= 1
    lead = (kept["rival_score"] - kept["right_score"]).where(~works, kept["right_score"] - kept["rival_score"])
    more = (kept["rival_things"] - kept["right_things"]).where(~works, kept["right_things"] - kept["rival_things"])
    most = kept["rival_things"].where(~works, kept["right_things"])
    votes = kept["nearer_rival"].where(~works, kept["nearer_right"])
    cause = causes.leading(frame).set_index("query")["cause"].reindex(kept["query"]).to_numpy()
    owned = kept["known"] & (2 * most > kept["things"]) & (more > 0)
    owned &= works | (cause == "owned elsewhere")
    by_things = more**2 / kept["things"].clip(lower=1) * lead
    weight = by_things.where(owned, lead * votes / kept["pictures"])
    told = kept.assign(works=works, owned=owned, weight=weight)[(lead > 0) & (owned | (2 * votes > kept["pictures"]))]
    ordered: pd.DataFrame = told.sort_values(["owned", "weight", "query"], ascending=[False, False, True])
    return ordered


def _telling(frame: pd.DataFrame) -> Any:
    """Which words are clear cases: found or missed, with enough pictures and a rival that is no hub."""
    clear = (frame["rank"] <= 1) | (frame["rank"] > explanation.NEARLY)
    alike = frame["word"].str.casefold() == frame["right"].str.casefold()
    hub = causes.CAUSES["hub"].test(frame)
    many = (frame["pictures"] >= MANY) & (~frame["known"] | (frame["things"] >= MANY))
    return clear & many & ~alike & ~hub & (frame["rival"] != "")


def _told(pair: Pair, compared: Compared, row: Mapping[str, Any]) -> Told:
    things = evidence.things(pair, row)
    places = _places(pair, row, things)
    own = unit_rows(pair.source[row["word"]])[places]
    ids = np.array(pair.source.word_ids(row["word"]), object)[places]
    nearest = {}
    for side in ("right", "rival"):
        cosines = own @ unit_rows(pair.target[row[side]]).T
        there = np.array(pair.target.word_ids(row[side]), object)
        nearest[side] = tuple(map(str, there[cosines.argmax(axis=1)]))
    return Told(
        row["query"],
        row["word"],
        row["pos"],
        bool(row["rank"] <= 1),
        row["right"],
        row["rival"],
        float(row["rank"]),
        verdicts.judged(pair, compared, row["query"])[1],
        tuple(map(str, ids)),
        nearest["right"],
        nearest["rival"],
        len(things.all) or int(row["pictures"]),
        bool(things.all),
    )


def _places(pair: Pair, row: Mapping[str, Any], things: evidence.Things) -> list[int]:
    """Which pictures of the word are shown: the first of each thing, those first that the first word alone shows; the
    first pictures where nothing is known of them."""
    if not things.all:
        return list(range(min(PICTURES, row["pictures"])))
    winner, other = (things.right, things.rival) if row["rank"] <= 1 else (things.rival, things.right)
    ordered = sorted(things.all, key=lambda thing: (thing not in winner, thing in other))
    concepts = pair.dataset.pictures.concepts
    shown = [concepts.get(key, "") for key in pair.source.word_ids(row["word"])]
    return [shown.index(thing) for thing in ordered[:PICTURES]]
