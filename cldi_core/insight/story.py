"""The story of one word, in the order in which a person asks: could it be found, what do its pictures show, who won and
with which pictures, what is the winner, what would have saved the word, and what does that come to.

Everything here is put together from what the other files of this folder find; nothing is computed twice, and nothing
that only all words together would tell is computed at all: it is taken from what ``score`` has kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core import rankers
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import IMAGES, Ranker
from cldi_core.insight import causes as causing
from cldi_core.insight import changes as changing
from cldi_core.insight import explanation, what_if
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling
from cldi_core.insight.changes import Change
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group, groups
from cldi_core.insight.relations import Relation, relations
from cldi_core.scoring import Scores
from cldi_core.scoring.attribution import attribution
from cldi_core.scoring.imagesets import similarity

if TYPE_CHECKING:
    import pandas as pd

COPY = 0.98  # pictures with a higher cosine are near-duplicates
PLACES = {"pictures": "pictures", "dispersion": "dispersion", "ceiling": "ceiling", "best_cosine": "best_right"}
SHARED = 0.05  # a picture of so large a share of a language's words, and of TEN at least, is a placeholder
TEN = 10


@dataclass(frozen=True)
class Share:
    """A picture of the source word: the candidate's picture that it is set beside, their cosine, its part of a score."""

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
        row: its scores, float32 (n_target,); rankings: of all queries under the method, ``None`` where not stored.
        evidence: of all queries under the method (``evidence.evidence``); ``None`` where not stored.
        ceilings: of all source words (``ceiling.ceilings``); ``None`` where not stored.
        bases: gives the whole matrix of a ranker that the method is made from.
        elsewhere: what became of the word under other methods, backbones and pairs.
    """

    pair: Pair
    number: int
    ranker: Ranker
    row: NDArray[np.float32]
    rankings: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    ceilings: pd.DataFrame | None = None
    bases: what_if.Bases = lambda ranker: None
    elsewhere: Sequence[Change] = ()


@dataclass(frozen=True)
class Story:
    """Everything there is to tell of one word under one method.

    Attributes:
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
    """

    found: Explanation
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
