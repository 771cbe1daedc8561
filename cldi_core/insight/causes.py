"""Causes: what could have kept a word from being found, and how much rarer that is among the words that were.

A cause is a test of a word's evidence (``evidence``) and a sentence with its numbers (``cause_texts``).  It is named
of a word only if the test holds, and only where found words have it more rarely than missed ones: those of the same
part of speech, pair and method, or all words of the pair where fewer than ``FEW`` of either are there.  *Missed* is
covered and not first, *found* is first.

Some causes say less of what another says better, or are only looked for where nothing better is found: they are counted
among the words of which no such cause holds that stands out (``Kind.unless``).  Else a cause would borrow the missed
words of another: many words have few of their things under the right answer because another word owns them.

No test may say again that the word lost, so none looks at how the two scores compare, except ``"tie"``, which says that
the word lost to nobody.  What each looks at instead:

- ``"same pictures"``, ``"owned elsewhere"``, ``"as many"``, ``"other things"``: which pictures and things the data set
  files under the words; no cosine enters.
- ``"look-alikes"``: of those pictures only whose thing the right answer shows too, whether something *else* is nearer.
- ``"tie"``: nothing is above the right answer, and the first place is shared.  No found word ties, by definition.
- ``"near-copies"``, ``"unlike"``: single cosines; ``"unlike"`` without the rival.  One in ten found words has it by
  construction, as the bar is set there.
- ``"one picture"``, ``"larger set"``: sizes.  ``"hub"``, ``"anti-hub"``: ranks that the candidates have for *other*
  words.  ``"other part of speech"``: the word list.  ``"cannot find itself"``: the word's pictures alone.
- ``"most pictures"``: how many pictures have their nearest match in the rival, not by how much, of
  three at least.  It comes closest to the score, so it is the last.

Not among them: dispersion.  Under AVGMAX on the demo as many found verbs of en-de (10 of 21) as missed ones (36 of 90)
are above ½, and it is no different in the other pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cldi_core.errors import unknown_name
from cldi_core.insight import cause_texts as texts
from cldi_core.insight.cause_texts import KINDS, Row, quoted
from cldi_core.insight.evidence import TOP

if TYPE_CHECKING:
    import pandas as pd


STANDS = 0.5  # a cause of this strength stands out; chosen on en-de and en-fr of the demo
FEW = 10  # found or missed words of a part of speech; with fewer, all words of the pair are counted
LARGER = 2  # a rival with so many times the pictures of the right answer
HUB = 5  # a rival in so many times as many neighbourhoods as candidates are on average
UNLIKE = 0.1  # the share of found words that are below the bar of "unlike"
MOST_OF = 3  # fewer pictures have no majority that is not their whole score
FAR = 10  # a ceiling beyond this rank: the word does not find itself


@dataclass(frozen=True)
class Cause:
    """A cause that holds of a word.

    Attributes:
        cause: its name in ``CAUSES``; text: one plain sentence with the numbers of this word.
        strength: in [0, 1], how much rarer it is among found words: ``1 - found share / missed share``, with ½ added to
            the words that have it and 1 to all of them (Jeffreys), so that no share is 0 or 1 by chance.  Of the missed
            words that have it, that part would not, if it were as common as among found ones.  1 where no found word
            can have it (``Kind.certain``).
        missed, missed_of: how many of the missed words have it; found, found_of: of the found ones.  Of a word that is
            not covered, missed words are those not covered.
        among: which words these are: ``"verbs of en-de"``.
    """

    cause: str
    text: str
    strength: float
    missed: int
    missed_of: int
    found: int
    found_of: int
    among: str

    @property
    def missed_share(self) -> float:
        """In [0, 1], nan where no word was missed."""
        return self.missed / self.missed_of if self.missed_of else float("nan")

    @property
    def found_share(self) -> float:
        """In [0, 1], nan where no word was found."""
        return self.found / self.found_of if self.found_of else float("nan")


@dataclass(frozen=True)
class Kind:
    """What a cause is.

    Attributes:
        label: for people, such as in a legend.
        test: of rows of ``evidence``, which have it.
        text: of one row that has it, a sentence.
        unless: causes that are more telling: where one of them stands out and holds of a word, this one is not looked
            for.  They stand before it in ``CAUSES``.
        of_pictures: it is about pictures, so it is none where a method compares the words as texts.
        certain: no found word can have it, so that there is nothing to be estimated.
        within: it means something among words of one part of speech only, so it is not named where all are counted.
    """

    label: str
    test: Callable[[pd.DataFrame], pd.Series[bool]]
    text: Callable[[Row], str]
    unless: tuple[str, ...] = ()
    of_pictures: bool = True
    certain: bool = False
    within: bool = False


def causes(frame: pd.DataFrame, query: str) -> tuple[Cause, ...]:
    """The causes that hold of a query, strongest first: only those that are rarer among found words than among missed.

    Args:
        frame: all rows of ``evidence`` of a pair and a method, with a column ``ceiling`` where that is known
            (``with_ceilings``).
        query: its id; of a found one these are the causes that it overcame.

    Raises:
        UnknownNameError: no such query.
    """
    rows = frame[frame["query"] == query]
    if rows.empty:
        raise unknown_name("word", query, frame["query"])
    row: Row = dict(zip(rows.columns, rows.iloc[0], strict=True))
    if np.isnan(row["rank"]):
        return uncovered(frame, row)
    return Group(frame, row["pos"]).causes(rows.index[0])


def with_ceilings(frame: pd.DataFrame, ceilings: pd.DataFrame | None) -> pd.DataFrame:
    """Evidence with a column ``ceiling``, float: the rank at which half of a word's pictures find the other half.

    Args:
        ceilings: a row per source word, with ``word`` and ``rank``; ``None`` where they are not known: all nan.
    """
    ranks = {} if ceilings is None else dict(zip(ceilings["word"], ceilings["rank"], strict=True))
    joined = frame.assign(ceiling=[float(ranks.get(word, np.nan)) for word in frame["word"]])
    joined.attrs = dict(frame.attrs)
    return joined


def leading(frame: pd.DataFrame) -> pd.DataFrame:
    """Of every covered query its strongest cause, if one stands out: query, word, pos, rank, cause ("" for none).

    A found word has the cause that it overcame.
    """
    import pandas as pd

    records = []
    covered = frame[frame["rank"].notna()]
    for pos, own in covered.groupby("pos", sort=False):
        group = Group(frame, str(pos))
        for place, row in zip(own.index, own[["query", "word", "pos", "rank"]].to_dict("records"), strict=True):
            first = next(iter(group.causes(place, worded=False)), None)
            stands = first is not None and first.strength >= STANDS
            records.append({**row, "cause": first.cause if first is not None and stands else ""})
    return pd.DataFrame(records, columns=["query", "word", "pos", "rank", "cause"])


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """How many words of each part of speech have which cause as their strongest: pos, cause, label, words, found.

    ``words`` counts the missed ones; ``found`` the found ones that have it all the same.  The cause is "" where none
    stands out.  Rows are in the order of the word list's parts of speech, then of ``CAUSES``, those of none last; what
    no word has is left out.
    """
    import pandas as pd

    own = leading(frame)
    records = []
    for pos in KINDS:
        for name in [*CAUSES, ""]:
            rank = own.loc[(own["pos"] == pos) & (own["cause"] == name), "rank"]
            if len(rank):
                label = CAUSES[name].label if name else "no single cause stands out"
                counts = {"words": int((rank > 1).sum()), "found": int((rank <= 1).sum())}
                records.append({"pos": pos, "cause": name, "label": label, **counts})
    return pd.DataFrame(records, columns=["pos", "cause", "label", "words", "found"])


def strength(missed: int, missed_of: int, found: int, found_of: int) -> float:
    """As ``Cause.strength``, of a cause that found words may have."""
    ratio = (found + 0.5) / (found_of + 1) * (missed_of + 1) / (missed + 0.5)
    return float(np.clip(1 - ratio, 0, 1))


class Group:
    """The words that a word is set against, and which of them have which cause."""

    def __init__(self, frame: pd.DataFrame, pos: str) -> None:
        self.frame, self.among, self._one_kind = _among(frame, pos)
        missed, found = self.frame["rank"] > 1, self.frame["rank"] <= 1
        self._holds: dict[str, pd.Series[bool]] = {}
        self._counts: dict[str, tuple[int, int, int, int]] = {}
        self._having: dict[str, frozenset[Any]] = {}  # labels of the rows that have it
        self._fewer: set[str] = set()  # causes that are not counted among all words
        self._bar = _bar(self.frame)
        for name, kind in CAUSES.items():
            holds, asked = _holds(self.frame, kind), missed | found
            for other in kind.unless:
                if self._stands_out(other):
                    asked = asked & ~self._holds[other]
            if not asked.equals(missed | found):
                self._fewer.add(name)
            self._holds[name] = holds & asked
            sets = (holds & asked & missed, asked & missed, holds & asked & found, asked & found)
            self._having[name] = frozenset(self.frame.index[self._holds[name]])
            having, of, too, too_of = (int(each.sum()) for each in sets)
            self._counts[name] = having, of, too, too_of

    def _rarer(self, name: str) -> bool:
        missed, missed_of, found, found_of = self._counts[name]
        if name in self._fewer and min(missed_of, found_of) < FEW:
            return False  # too few are left to tell
        if CAUSES[name].within and not self._one_kind:
            return False
        return found * missed_of < missed * found_of  # whole numbers: equal shares must not differ by rounding

    def _stands_out(self, name: str) -> bool:
        return self._rarer(name) and self._strength(name) >= STANDS

    def _strength(self, name: str) -> float:
        return 1.0 if CAUSES[name].certain else strength(*self._counts[name])

    def causes(self, place: Any, *, worded: bool = True) -> tuple[Cause, ...]:
        """Of the row with this label; ``worded``: with their sentences."""
        row: Row = {}
        if worded:
            values = zip(self.frame.columns, self.frame.loc[place], strict=True)
            row = {**dict(values), "bar": self._bar, "among": self.among}
        known = []
        for name, counts in self._counts.items():
            if place in self._having[name] and self._rarer(name):
                among = f"{self.among} without a more telling cause" if name in self._fewer else self.among
                text = CAUSES[name].text(row) if worded else ""
                known.append(Cause(name, text, self._strength(name), *counts, among))
        return tuple(sorted(known, key=lambda cause: -cause.strength))  # between equals in the order of CAUSES


def _among(frame: pd.DataFrame, pos: str) -> tuple[pd.DataFrame, str, bool]:
    """The words that one of a part of speech is set against, what they are called, and whether they are of it alone."""
    own, kind = frame[frame["pos"] == pos], KINDS.get(pos, ("", "words"))[1]
    if min((own["rank"] > 1).sum(), (own["rank"] <= 1).sum()) < FEW:
        return frame, _of_pair(frame, "words"), False
    return own, _of_pair(frame, kind), True


def _of_pair(frame: pd.DataFrame, kind: str) -> str:
    return f"{kind} of {frame.attrs['pair']}" if "pair" in frame.attrs else kind


def _holds(frame: pd.DataFrame, kind: Kind) -> pd.Series[bool]:
    holds = kind.test(frame)
    return holds & ~frame["texts"] if kind.of_pictures else holds


def _bar(frame: pd.DataFrame) -> float:
    """The best cosine that all but ``UNLIKE`` of the found words reach; nan where none was found."""
    found = frame.loc[frame["rank"] <= 1, "best_right"].dropna()
    return float(found.quantile(UNLIKE, interpolation="lower")) if len(found) else float("nan")


def uncovered(frame: pd.DataFrame, row: Row) -> tuple[Cause, ...]:
    """Why a word has no rank: no counts would tell more, as no found word can have this."""
    name = "no pictures" if not row["pictures"] else "no pictures of the answer"
    own = frame[frame["pos"] == row["pos"]]
    lost = own[own["rank"].isna()]
    having = int(((lost["pictures"] == 0) == (not row["pictures"])).sum())
    among = _of_pair(frame, KINDS.get(row["pos"], ("", "words"))[1])
    text = UNCOVERED[name](row)
    return (Cause(name, text, 1.0, having, len(lost), 0, int((own["rank"] <= 1).sum()), among),)


def _other_pos(frame: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    pairs = zip(frame["pos"], frame["rival_pos"], frame["rival"], strict=True)
    # Of a word that is none of the three nobody knows whether another is of its kind.
    other = [bool(rival) and pos not in kinds and {pos, *kinds} <= KINDS.keys() for pos, kinds, rival in pairs]
    return pd.Series(other, frame.index, dtype=bool)


def _is_hub(frame: pd.DataFrame) -> pd.Series[bool]:
    count = frame["rival_top10"].where(~frame["corrected"], frame["rival_top10_csls"])
    return (frame["rival"] != "") & (count * frame["n_candidates"] >= HUB * TOP * frame["n_words"]) & (count > 0)


def _is_far(frame: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    return frame["ceiling"] > FAR if "ceiling" in frame else pd.Series(False, frame.index)


SPECIFIC = ("same pictures", "owned elsewhere", "look-alikes", "tie", "as many", "other things", "near-copies")
LOOSER = (*SPECIFIC, "cannot find itself", "one picture")
CAUSES: dict[str, Kind] = {
    "same pictures": Kind(
        "same pictures as a wrong answer", lambda f: f["same_pictures"], texts.same_pictures, certain=True
    ),
    "owned elsewhere": Kind(
        "another word owns the depicted things",
        lambda f: f["known"] & (f["rival_things"] > f["right_things"]),
        texts.owned_elsewhere,
    ),
    "look-alikes": Kind("look-alikes", lambda f: f["known"] & (2 * f["astray"] > f["shown_right"]), texts.look_alikes),
    "tie": Kind("a tie", lambda f: f["tied"], texts.tie, ("same pictures",), of_pictures=False, certain=True),
    "as many": Kind(
        "two words own as many of the things",
        lambda f: f["known"] & (f["right_things"] == f["rival_things"]) & (f["right_things"] > 0),
        texts.as_many,
        ("same pictures", "tie"),
    ),
    "other things": Kind(
        "the right answer shows other things",
        lambda f: f["known"] & (2 * f["right_things"] < f["things"]),
        texts.other_things,
        ("owned elsewhere",),
    ),
    "near-copies": Kind(
        "near-copies with a wrong answer",
        lambda f: (f["copies_rival"] > 0) & (f["copies_right"] == 0),
        texts.near_copies,
    ),
    "cannot find itself": Kind("cannot find itself", _is_far, texts.cannot_find_itself),
    "one picture": Kind(
        "only one picture", lambda f: (f["pictures"] == 1) | (f["right_pictures"] == 1), texts.one_picture
    ),
    "unlike": Kind("unlike pictures", lambda f: f["best_right"] < _bar(f), texts.unlike, LOOSER),
    "anti-hub": Kind("nobody's neighbour", lambda f: f["right_top10"] == 0, texts.anti_hub, LOOSER, of_pictures=False),
    "hub": Kind("a hub", _is_hub, texts.hub, LOOSER, of_pictures=False),
    "larger set": Kind(
        "a rival with more pictures",
        lambda f: (f["right_pictures"] > 0) & (f["rival_pictures"] >= LARGER * f["right_pictures"]),
        texts.larger_set,
        LOOSER,
    ),
    # More verbs than nouns are missed, and most candidates are nouns: among all words that would be blamed.
    "other part of speech": Kind(
        "another part of speech", _other_pos, texts.other_kind, LOOSER, of_pictures=False, within=True
    ),
    "most pictures": Kind(
        "most pictures are nearer to a wrong answer",
        lambda f: (f["pictures"] >= MOST_OF) & (2 * f["nearer_rival"] > f["pictures"]),
        texts.most_pictures,
        (*LOOSER, "unlike", "anti-hub", "hub", "larger set", "other part of speech"),
    ),
}
UNCOVERED: dict[str, Callable[[Row], str]] = {
    "no pictures": lambda row: f"There is no picture of {quoted(row['word'])}.",
    "no pictures of the answer": lambda row: f"There is no picture of a right answer, such as {quoted(row['right'])}.",
}
