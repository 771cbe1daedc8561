"""What explains failure: everything that is known of the words against what became of them, in one record.

``of_pairs`` makes it of what is stored, ``explain_failure`` of any frame of ``predictors.frame``.  The parts:
``failure_models`` (regressions, and how well they tell unseen words apart), ``failure_gap`` (the gap between parts of
speech before and after the rest is held), ``failure_matching`` (verbs against nouns like them), ``failure_sentences``.

All of it is association.  What is held may itself come of the part of speech, or of whoever chose the pictures, and the
hub and the right answer's neighbourhoods are counted in the scores of the same method; where holding something closes
a gap, the two go together, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cldi_core.data.dataset import POS, Dataset
from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import failure_design, failure_matching, failure_models, predictors
from cldi_core.insight.failure_gap import Gap, gaps
from cldi_core.insight.failure_matching import Matched
from cldi_core.insight.failure_models import Auc, Model
from cldi_core.insight.failure_sentences import Sentence, sentence

if TYPE_CHECKING:
    import pandas as pd

SEED = 0


@dataclass(frozen=True)
class Count:
    """How many rows of a part of speech there are: queries, distinct words, and how many queries are found."""

    pos: str
    queries: int
    words: int
    found: int


@dataclass(frozen=True)
class Failure:
    """What the section "What predicts failure" shows.

    Attributes:
        pairs: the language pairs; method, backbone: what was asked, ``""`` where a frame was given.
        counts: of the rows that the models have, by part of speech; words: how many distinct ones, the clusters.
        lacking: covered queries that are not among them, as a predictor is not known of them.
        names: the predictors in the models; left_out: the others, name → why.
        found, rank: the logistic model of found, the linear one of log₁₀ rank.
        aucs: of three models on unseen words; adds: what part of speech adds to the others.
        gaps: (part of speech, ``"found"`` or ``"log_rank"``) → gap; matched: part of speech → comparison.
        sentences: verbs first.
        draws, seed: of all intervals that are made of drawn words.
    """

    pairs: tuple[str, ...]
    counts: tuple[Count, ...]
    words: int
    lacking: int
    names: tuple[str, ...]
    left_out: dict[str, str]
    found: Model
    rank: Model
    aucs: tuple[Auc, ...]
    adds: Interval
    gaps: dict[tuple[str, str], Gap]
    matched: dict[str, Matched]
    sentences: tuple[Sentence, ...]
    draws: int
    seed: int
    method: str = ""
    backbone: str = ""

    @property
    def queries(self) -> int:
        """How many rows the models have."""
        return sum(count.queries for count in self.counts)


def explain_failure(frame: pd.DataFrame, *, draws: int = failure_design.DRAWS, seed: int = SEED) -> Failure:
    """Everything, of a frame with the columns of ``predictors.frame``, of one pair or several; some of ``PREDICTORS``
    may not be there.  The same frame and seed give the same numbers."""
    used = predictors.used(frame)
    rows = used.rows
    n_words = predictors.clusters(rows)[1] if len(rows) else 0
    weights = failure_design.drawn(n_words, draws, seed)
    aucs, adds = failure_models.aucs(used, seed) if len(rows) else ((), NOTHING)
    found = gaps(used, weights) if n_words else {}
    kinds = dict.fromkeys(pos for pos, _ in found)
    matched = {pos: failure_matching.matched(used, pos, weights) for pos in kinds}
    return Failure(
        tuple(dict.fromkeys(frame["pair"])),
        _counts(rows),
        n_words,
        used.lacking,
        used.names,
        used.left_out,
        failure_models.logistic(used),
        failure_models.linear(used),
        aucs,
        adds,
        found,
        matched,
        tuple(sentence(found[pos, "found"], found[pos, "log_rank"], matched[pos]) for pos in kinds),
        draws,
        seed,
    )


def of_pairs(dataset: Dataset, backbone: str, pairs: Sequence[str], method: str) -> Failure:
    """Everything of some language pairs of one source language under one method, from what is stored.

    Raises:
        DatasetError: there is no evidence of a pair; it says what makes it.
    """
    made = explain_failure(predictors.of_pairs(dataset, backbone, pairs, method))
    return replace(made, pairs=tuple(pairs), method=method, backbone=backbone)


def of_evidence(frames: Sequence[tuple[pd.DataFrame, Pair]], method: str) -> Failure:
    """As ``of_pairs``, of evidence that is at hand: with its pair each, at least one."""
    import pandas as pd

    made = explain_failure(pd.concat([predictors.frame(own, pair) for own, pair in frames], ignore_index=True))
    return replace(made, pairs=tuple(pair.name for _, pair in frames), method=method, backbone=frames[0][1].backbone)


def _counts(rows: pd.DataFrame) -> tuple[Count, ...]:
    found = []
    for pos in POS:
        own = rows[rows["pos"] == pos]
        if len(own):
            found.append(Count(pos, len(own), failure_design.words_of(rows, pos), int(own["found"].sum())))
    return tuple(found)
