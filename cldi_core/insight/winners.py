"""Who beats whom: the best wrong candidates of missed words by part of speech, and what they have to do with the word.

Most candidates are nouns, so most winners would be nouns if they were drawn at random: a share says something beside
that of the wrong candidates only.  *Excess* is the one less the other, with an interval over words.

``RELATIONS`` in their order; the first that holds counts.  What a random wrong candidate of the same query would give
stands beside each, of one such candidate a query, drawn with a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import wordlists, wordnet, wordnet_senses
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.errors import DatasetError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import predictors

if TYPE_CHECKING:
    import pandas as pd

SEED = 0
REMEMBERED = 1 << 16  # words, pairs of words, and synsets
NONE = "none"
RELATIONS = {
    "same pictures": "it has exactly the pictures of the right answer",
    "things": "its pictures depict things that the right answer's depict too",
    "synonym": "it is a right answer of a synonym: of a word that shares a right answer or a WordNet synset",
    "WordNet": "it is a right answer of a word that WordNet relates to this one",
    "same spelling": "it is spelled as the word itself",
    NONE: "none of these",
}
COLUMNS = ("pair", "query", "word", "pos", "answer", "right", "rank", "rival", "rival_pos", "relation", "random")


@dataclass(frozen=True)
class Flow:
    """How many of the missed words of one part of speech lose to a candidate of another.

    Attributes:
        pos: of the words; rival_pos: under which the winner is listed, such as ``"N"`` or ``"NV"``.
        count: missed queries that do; of: all missed ones of this part of speech.
        share: count / of; chance: the share of such candidates among the wrong ones of these queries.
        excess: share less chance, in [-1, 1].
    """

    pos: str
    rival_pos: str
    count: int
    of: int
    share: Interval
    chance: float
    excess: Interval

    @property
    def id(self) -> str:
        """``"V-NV"``: stable in URLs."""
        return f"{self.pos}-{self.rival_pos}"


@dataclass(frozen=True)
class Kind:
    """How many of the missed words of one part of speech lose to a candidate that is so related; as ``Flow``.

    Attributes:
        relation: one of ``RELATIONS``; chance: of one random wrong candidate a query.
    """

    pos: str
    relation: str
    count: int
    of: int
    share: Interval
    chance: float
    excess: Interval

    @property
    def id(self) -> str:
        """``"V:synonym"``: stable in URLs."""
        return f"{self.pos}:{self.relation}"


def table(evidence: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """A row for each missed query of a pair that has a winner, with the columns ``COLUMNS``.

    Columns: those of ``evidence``; rival_pos with its letters in the order of ``POS``; relation: one of ``RELATIONS``,
    and random: that of a random wrong candidate that has pictures; ``chance N``, ``chance NV``, …: the shares of the
    wrong candidates that have pictures and are listed so.
    """
    import pandas as pd

    rows = evidence[(evidence["rank"] > 1) & (evidence["rival"] != "")].reset_index(drop=True)
    numbers = [pair.index[query] for query in rows["query"]]
    there = np.flatnonzero(pair.target.sizes > 0)
    letters = np.array([_letters(pair.target_pos[word]) for word in pair.target.words], np.str_)
    listed, codes = np.unique(letters, return_inverse=True)
    drawn, others, shares = np.random.default_rng(SEED), [], []
    for number in numbers:
        wrong = there[~np.isin(there, pair.gold[number])]
        others.append(pair.target.words[int(drawn.choice(wrong))])
        counts = np.bincount(codes[wrong], minlength=len(listed))
        shares.append(dict(zip(map(str, listed), counts / len(wrong), strict=True)))
    related = _Related(pair)
    same = rows["same_pictures"].tolist()
    asked = list(zip(numbers, rows["right"], rows["rival"], others, strict=True))
    made = rows[["query", "word", "pos", "right", "rank", "rival"]].assign(
        pair=pair.name,
        answer=predictors.answers(rows, pair),
        rival_pos=rows["rival_pos"].map(_letters).astype(object),
        relation=[
            "same pictures" if own else related.kind(number, right, rival)
            for own, (number, right, rival, _) in zip(same, asked, strict=True)
        ],
        random=[
            "same pictures" if related.same_pictures(right, other) else related.kind(number, right, other)
            for number, right, _, other in asked
        ],
    )[list(COLUMNS)]
    chances = pd.DataFrame(shares, index=made.index).fillna(0.0).add_prefix("chance ")
    return pd.concat([made, chances], axis=1)


def together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables of several pairs, one below the other; what a pair has no such candidates of is 0."""
    import pandas as pd

    made = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    chances = [name for name in made if str(name).startswith("chance ")]
    return made.assign(**{str(name): made[name].fillna(0.0) for name in chances})


def flows(rows: pd.DataFrame) -> tuple[Flow, ...]:
    """Of each part of speech who beats it, those that beat most words first.

    Args:
        rows: of ``table`` or ``together``.
    """
    found = []
    for pos, own, words in _by_pos(rows):
        for kind in own["rival_pos"].value_counts().index:
            wins = (own["rival_pos"] == kind).to_numpy().astype(np.float64)
            chance = own[f"chance {kind}"].to_numpy(np.float64)
            numbers = _against(wins, chance, words)
            found.append(Flow(pos, str(kind), int(wins.sum()), len(own), *numbers))
    return tuple(found)


def kinds(rows: pd.DataFrame) -> tuple[Kind, ...]:
    """Of each part of speech what its winners have to do with the words, in the order of ``RELATIONS``; what neither a
    winner nor a random candidate is, is left out."""
    found = []
    for pos, own, words in _by_pos(rows):
        for relation in RELATIONS:
            wins, random = ((own[name] == relation).to_numpy().astype(np.float64) for name in ("relation", "random"))
            if wins.any() or random.any():
                found.append(Kind(pos, relation, int(wins.sum()), len(own), *_against(wins, random, words)))
    return tuple(found)


def of(rows: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """The rows of one ``Flow.id`` or ``Kind.id``, the best rank first; none where it is neither."""
    for mark, column in (("-", "rival_pos"), (":", "relation")):
        pos, found, kind = chosen.partition(mark)
        if found and pos in POS:
            return rows[(rows["pos"] == pos) & (rows[column] == kind)].sort_values(["rank", "query"])
    return rows.iloc[:0]


def sentence(found: Sequence[Flow], pos: str) -> str:
    """Who beats most words of a part of speech, beside what a random winner would be; ``""`` where none is missed."""
    own = [flow for flow in found if flow.pos == pos]
    if not own:
        return ""
    first, kind = own[0], f"{POS[pos]}s"
    share = f"{first.share.value:.0%}{_bounds(first.share)}"
    told = f"{share} of {first.of} missed {kind} lose to {named(first.rival_pos)}"
    beside = f"{first.chance:.0%} of their wrong candidates are that"
    side = first.excess.side(3)
    if first.excess.why:
        return f"{told}; {beside} (n = {first.excess.n}: too few or too alike to compare)."
    points = f"{100 * first.excess.value:+.1f} [{100 * first.excess.low:.1f}, {100 * first.excess.high:.1f}] points"
    points = points.replace("-", "−")
    if not side:
        return f"{told}; {beside}, so they win no more often than by chance, as far as can be told ({points})."
    return f"{told}; {beside}, so they win {'more' if side > 0 else 'less'} often than by chance ({points})."


def named(letters: str) -> str:
    """``"NV"`` → ``"a noun, also verb"``."""
    first, *others = (POS[letter] for letter in letters)
    if letters[0] not in CLASSES:
        return "a word of another kind"
    article = "an" if first[0] == "a" else "a"
    return f"{article} {first}" + (f", also {' and '.join(others)}" if others else "")


def _bounds(interval: Interval) -> str:
    return "" if interval.why else f" [{interval.low:.0%}, {interval.high:.0%}]"


def _letters(kinds: str) -> str:
    return "".join(letter for letter in POS if letter in kinds)


def _by_pos(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, NDArray[np.int64]]]:
    """Each part of speech that has tables with its rows, and the word of each."""
    for pos in CLASSES:
        own = rows[rows["pos"] == pos]
        if len(own):
            yield pos, own, predictors.clusters(own)[0]


def _against(
    wins: predictors.Column, chance: predictors.Column, words: NDArray[np.int64]
) -> tuple[Interval, float, Interval]:
    excess = metrics.interval(wins - chance, words, span=metrics.DIFFERENCES)
    return metrics.interval(wins, words), float(chance.mean()), excess


class _Related:
    """What candidates have to do with words: looked up once for all queries of a pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.things = pair, pair.concepts[1]
        self.right: dict[str, set[str]] = {}
        for query in pair.queries:
            self.right.setdefault(query.word, set()).update(query.right)
        self.words: dict[str, list[str]] = {}  # candidate → the words that it is a right answer of
        for word, answers in self.right.items():
            for answer in answers:
                self.words.setdefault(answer, []).append(word)
        self.senses: _Remembering | None = None
        if pair.languages[0] == predictors.ENGLISH:
            with suppress(DatasetError):  # a broken WordNet is told of where senses are counted
                senses = wordnet_senses.installed()
                self.senses = None if senses is None else _remembering(senses)

    def same_pictures(self, one: str, other: str) -> bool:
        own, others = (set(self.pair.target.word_ids(word)) for word in (one, other))
        return bool(own) and own == others

    def kind(self, number: int, right: str, candidate: str) -> str:
        """The first of ``RELATIONS`` that holds, but for ``"same pictures"``."""
        word = self.pair.queries[number].word
        if self.things[self.pair.target.row(right)] & self.things[self.pair.target.row(candidate)]:
            return "things"
        others = [other for other in self.words.get(candidate, ()) if other != word]
        if any(self.right[other] & self.right[word] for other in others):
            return "synonym"
        wordnet = {self._wordnet(other, word) for other in others} - {""}
        if wordnet:
            return "synonym" if wordnet_senses.SAME in wordnet else "WordNet"
        return "same spelling" if wordlists.is_same_spelled(word, candidate) else NONE

    def _wordnet(self, one: str, other: str) -> str:
        with suppress(DatasetError):
            return "" if self.senses is None else self.senses.related(one, other)
        return ""


class _Remembering(wordnet_senses.Senses):
    """Keeps the synsets of words and what words are to each other: to find a word, a file of 5 MB is read through."""

    def __init__(self, counts: wordnet.WordNet) -> None:
        super().__init__(counts)
        self._synset = lru_cache(REMEMBERED)(self._read_synset)
        self._of_word = lru_cache(REMEMBERED)(super().synsets)
        self._of_two = lru_cache(REMEMBERED)(super().related)

    def synsets(self, word: str, pos: str = "") -> tuple[wordnet_senses.Synset, ...]:
        return self._of_word(word, pos)

    def related(self, one: str, other: str) -> str:
        return self._of_two(one, other)


@lru_cache(1)
def _remembering(senses: wordnet_senses.Senses) -> _Remembering:
    return _Remembering(senses.counts)
