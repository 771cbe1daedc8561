"""The story of one word, in the order in which a person asks: could it be found, what do its pictures show, who won and
with which pictures, what is the winner, what would have saved the word, and what does that come to.

Everything here is put together from what the other files of this folder find; nothing is computed twice, and nothing
that only all words together would tell is computed at all: it is taken from what ``score`` has kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import wordnet_senses
from cldi_core.data.queries import Query
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import IMAGES, Ranker
from cldi_core.insight import changes as changing
from cldi_core.insight import explanation
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling, by_word
from cldi_core.insight.changes import Answer, Asked, Change, Source, row_of
from cldi_core.insight.compared import Compared
from cldi_core.insight.evidence import NEAR_COPY
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group, groups
from cldi_core.insight.relations import Relation, relations
from cldi_core.insight.verdicts import judged
from cldi_core.scoring import Scores
from cldi_core.scoring.attribution import attribution
from cldi_core.scoring.imagesets import similarity
from cldi_core.scoring.word_facts import Facts, facts_of

if TYPE_CHECKING:
    import pandas as pd

PLACES = {"pictures": "pictures", "dispersion": "dispersion", "best_cosine": "best_right"}  # columns of evidence
SHARED, FEWEST = 0.05, 10  # a picture of so large a share of a language's words, and of so many, is a placeholder


@dataclass(frozen=True)
class Share:
    """A source picture: the candidate's picture that it is set beside, their cosine, and its part of the score."""

    id: str
    match: str
    cosine: float
    share: float


@dataclass(frozen=True)
class Attributed:
    """A candidate's score taken apart: Σ ``share`` of the pictures + ``correction`` = ``score``.

    Attributes:
        pictures: of the source word, in the order of its set.
        parts: what the correction is the sum of, by name (see ``scoring.attribution``).
    """

    word: str
    score: float
    pictures: tuple[Share, ...]
    parts: tuple[tuple[str, float], ...]

    @property
    def correction(self) -> float:
        """What is no picture's part of the score."""
        return sum(amount for _, amount in self.parts)


@dataclass(frozen=True)
class Place:
    """A figure of a word among the words of its part of speech: the share of them that have at most as much."""

    value: float
    percentile: float
    n: int


@dataclass(frozen=True)
class Hub:
    """In how many other words' ten best candidates one stands, before and after CSLS, and how many it wins wrongly.

    ``n`` is the number of other words with pictures.
    """

    top10: int
    top10_csls: int
    wins: int
    n: int


@dataclass(frozen=True)
class Asking:
    """A word under one method, and what is at hand for its story.

    Attributes:
        row: its scores, float32 (n_target,).
        bases: the whole matrices that the method is made from, by name (``what_if.edited_bases``).
        evidence: of all queries under the method (``evidence.evidence``), with ceilings where they are known
            (``causes.with_ceilings``); ``None`` where it is not stored.
        ceilings: of all source words (``ceiling.ceilings``); ``None`` where they are not stored.
        elsewhere: what became of the word under other methods, backbones and pairs (``elsewhere.elsewhere``).
        compared: evidence and ceilings once more, where many words are asked of.
        apart: candidate → its score taken apart (``attributed``), where that is done already.
        facts: of the word, or of the candidates, to be kept where more is asked for.
        found: what became of the word, where that is known already.
    """

    pair: Pair
    number: int
    ranker: Ranker
    row: NDArray[np.float32]
    bases: Mapping[str, Scores] = field(default_factory=dict)
    evidence: pd.DataFrame | None = None
    ceilings: pd.DataFrame | None = None
    elsewhere: Sequence[Change] = ()
    compared: Compared | None = None
    apart: Mapping[str, Attributed | None] = field(default_factory=dict)
    facts: Facts | None = None
    found: Explanation | None = None

    @property
    def query(self) -> Query:
        """The word with its part of speech and right answers."""
        return self.pair.queries[self.number]

    @property
    def known(self) -> Compared | None:
        """What is known of all words; ``None`` where no evidence is."""
        if self.compared is not None or self.evidence is None:
            return self.compared
        return Compared(self.evidence, self.ceilings)

    @property
    def of_pictures(self) -> bool:
        """Whether pictures make the scores."""
        return self.ranker.kind == IMAGES


@dataclass(frozen=True)
class Story:
    """Everything there is to tell of one word under one method.

    Attributes:
        typical: the median best cosine of found words of its part of speech with their right answers; nan if unknown.
        places: figures of the word beside those of its part of speech: ``"pictures"``, ``"dispersion"``,
            ``"ceiling"`` (MRR), ``"best_cosine"``; without those that nothing is known of.
        lacking: pictures that the word has without features; duplicates: pairs of ids of near-duplicates (cosine above
            0.98); placeholders: ids of pictures that very many words of the language have.
        right, rival: the scores of the best right answer and of the best wrong candidate, taken apart; ``None`` where
            there is none, or no picture makes the score.
        relations: of the rival to the right answer and to the word.
        hub: of the rival; ``None`` where nothing is stored of it.
        causes: strongest first; verdict: what they come to, in a sentence or two.
        changes: what would have saved it, the best first.
        senses: of an English word with its part of speech, where a WordNet is at hand: lemmas and gloss of each.
    """

    found: Explanation
    typical: float = float("nan")
    places: Mapping[str, Place] = field(default_factory=dict)
    ceiling: Ceiling | None = None
    lacking: int = 0
    duplicates: tuple[tuple[str, str], ...] = ()
    placeholders: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    right_groups: tuple[Group, ...] = ()
    right: Attributed | None = None
    rival: Attributed | None = None
    relations: tuple[Relation, ...] = ()
    hub: Hub | None = None
    causes: tuple[Cause, ...] = ()
    verdict: str = ""
    changes: tuple[Change, ...] = ()
    senses: tuple[tuple[str, str], ...] = ()


def tell(asking: Asking) -> Story:
    """The story of a word under a method."""
    pair, number, query = asking.pair, asking.number, asking.query
    asking = replace(asking, facts=facts_of(pair.source, pair.target, query.word, asking.facts))
    found = asking.found or explanation.explain(pair, number, asking.row, learned=not asking.of_pictures)
    right, rival = found.gold[0].word, found.rival
    known = asking.known
    causes, said = ((), "") if known is None else judged(pair, known, query.id)
    own, others, made = _of_pictures(asking, found) if asking.of_pictures else ((), (), ())
    return Story(
        found,
        typical=float("nan") if known is None else known.typical(query.pos),
        places={} if known is None else places(known, query.id),
        ceiling=_ceiling(asking, query.word),
        lacking=lacking(pair, query.word),
        duplicates=duplicates(pair, query.word),
        placeholders=placeholders(pair, query.word),
        groups=own,
        right_groups=others,
        right=_apart(asking, right),
        rival=_apart(asking, rival.word) if rival else None,
        relations=relations(pair, number, rival.word) if rival else (),
        hub=None if known is None else hub(known, query.id),
        causes=causes,
        verdict=said,
        changes=changing.ordered([*made, *asking.elsewhere]),
        senses=senses(pair, query),
    )


def _of_pictures(asking: Asking, found: Explanation) -> tuple[tuple[Group, ...], tuple[Group, ...], tuple[Change, ...]]:
    """The groups of the word's pictures and of the right answer's, and what other pictures would have changed."""
    own, others = grouped(asking, found.gold[0].word)
    return own, others, changing.changes(_asked(asking), found.gold[0].word, own, others)


def grouped(asking: Asking, right: str, k: int | None = None) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The groups of a word's pictures, and of those of a right answer: as many as there seem to be, or ``k``.

    Nothing for a method that looks at no picture.
    """
    if not asking.of_pictures:
        return (), ()
    pair, asked = asking.pair, _asked(asking)
    own = groups(pair, asking.query.word, "source", k, partial(row_of, Source(asked)), asked.gold)
    answer = Answer(asked, right)
    # Where each of its groups would need all words scored anew, nobody waits for that.
    ranked = partial(row_of, answer) if answer.cost and len(pair.source.rows(asking.query.word)) else None
    return own, groups(pair, right, "target", k, ranked, asked.gold)


def _asked(asking: Asking) -> Asked:
    return Asked(asking.pair, asking.number, asking.ranker.name, asking.row, asking.bases, asking.facts)


def attributed(asking: Asking, candidate: str) -> Attributed | None:
    """A candidate's score taken apart; ``None`` where it has none, or no picture makes it."""
    pair, word = asking.pair, asking.query.word
    score = float(asking.row[pair.target.row(candidate)])
    if not asking.of_pictures or np.isnan(score):
        return None
    made = attribution(pair.source, pair.target, word, candidate, asking.ranker.name, asking.bases, asking.facts)
    own, others = pair.source.word_ids(word), pair.target.word_ids(candidate)
    columns = zip(own, made.match.tolist(), made.cosines.tolist(), made.shares.tolist(), strict=True)
    pictures = tuple(Share(key, others[place], cosine, share) for key, place, cosine, share in columns)
    return Attributed(candidate, score, pictures, made.parts)


def _apart(asking: Asking, candidate: str) -> Attributed | None:
    return asking.apart[candidate] if candidate in asking.apart else attributed(asking, candidate)


def places(known: Compared, query: str) -> dict[str, Place]:
    """The figures of a query among the words of its part of speech, as far as they are known of it."""
    row, ceiling = known.row(query), known.ceiling(known.row(query)["word"])
    values = {name: float(row[column]) for name, column in PLACES.items()}
    if ceiling is not None:
        values["ceiling"] = ceiling.mrr
    found = {}
    for name, value in values.items():
        if not np.isnan(value):
            others = known.values(PLACES.get(name, name), row["pos"])
            found[name] = Place(value, float(np.searchsorted(others, value, "right") / len(others)), len(others))
    return found


def _ceiling(asking: Asking, word: str) -> Ceiling | None:
    """The stored ceiling of a word; ``None`` where it has fewer than two pictures."""
    if asking.compared is not None:
        return asking.compared.ceiling(word)
    return None if asking.ceilings is None else by_word(asking.ceilings).get(word)


def senses(pair: Pair, query: Query) -> tuple[tuple[str, str], ...]:
    """What WordNet has of an English word under its part of speech, or under each where the list names none: lemmas and
    gloss of each sense."""
    with suppress(DatasetError):  # a broken WordNet is no reason to tell nothing of a word
        known = wordnet_senses.installed() if pair.languages[0] == "en" else None
        kinds = [wordnet_senses.POS[query.pos]] if query.pos in wordnet_senses.POS else wordnet_senses.POS.values()
        found = [sense for kind in kinds for sense in known.synsets(query.word, kind)] if known else []
        return tuple((", ".join(one.lemmas), one.gloss) for one in found)
    return ()


def lacking(pair: Pair, word: str) -> int:
    """How many of a source word's pictures have no features, so that no method sees them."""
    return len(pair.dataset.members(pair.languages[0]).get(word, ())) - len(pair.source.rows(word))


def duplicates(pair: Pair, word: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a source word's pictures that hardly differ: their ids."""
    rows, ids = pair.source[word], pair.source.word_ids(word)
    close = np.triu(similarity(rows, rows) > NEAR_COPY, 1) if len(ids) else np.zeros((0, 0), bool)
    return tuple((ids[one], ids[other]) for one, other in np.argwhere(close))


def placeholders(pair: Pair, word: str) -> tuple[str, ...]:
    """The ids of a source word's pictures that so many words have that they can stand for none, as "not available"."""
    sets, rows = pair.source, pair.source.rows(word)
    places = np.flatnonzero(np.isin(sets.members, rows))
    whose = np.searchsorted(sets.offsets, places, "right") - 1
    owners = np.bincount(np.unique(np.stack([sets.members[places], whose]), axis=1)[0], minlength=len(sets.features))
    common = owners[rows] >= max(SHARED * np.count_nonzero(sets.sizes), FEWEST)
    return tuple(key for key, is_common in zip(sets.word_ids(word), common, strict=True) if is_common)


def hub(known: Compared, query: str) -> Hub | None:
    """How often a query's rival stands among the best candidates of other words; ``None`` where it has no rival."""
    row = known.row(query)
    if not row["rival"]:
        return None
    return Hub(*(int(row[name]) for name in ("rival_top10", "rival_top10_csls", "rival_wins", "n_words")))
