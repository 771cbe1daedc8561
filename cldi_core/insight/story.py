"""Temporary: the records of the contract, and a slow way to fill them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cldi_core import rankers
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.insight import explanation
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group
from cldi_core.insight.relations import Relation
from cldi_core.insight.what_if import Change, Edit, edited, edited_pair
from cldi_core.scoring.imagesets import similarity


@dataclass(frozen=True)
class Share:
    """What one picture of the source word contributes."""

    id: str
    match: str
    cosine: float
    share: float


@dataclass(frozen=True)
class Attributed:
    """A score taken apart."""

    word: str
    score: float
    pictures: tuple[Share, ...]
    correction: float
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Place:
    """A number, and the share of words of the same part of speech that have at most it."""

    value: float
    percentile: float
    n: int


@dataclass(frozen=True)
class Hub:
    """In how many top tens a word is."""

    top10: int
    top10_csls: int
    wins: int
    n: int


@dataclass(frozen=True)
class Story:
    """Everything that the Word page tells."""

    found: Explanation
    places: Mapping[str, Place]
    ceiling: Ceiling | None
    duplicates: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    right_groups: tuple[Group, ...]
    right: Attributed | None
    rival: Attributed | None
    relations: tuple[Relation, ...]
    hub: Hub | None
    causes: tuple[Cause, ...]
    verdict: str
    changes: tuple[Change, ...]
    senses: tuple[tuple[str, str], ...] = ()


def attributed(pair: Pair, ranker: Ranker, query: str, candidate: str, edit: Edit | None = None) -> Attributed | None:
    """The score of a candidate taken apart."""
    if rankers.is_trained(ranker.name) or ranker.kind != rankers.IMAGES:
        return None
    now = edited_pair(pair, query, edit or Edit())
    word = pair.queries[pair.find(query)].word
    cosines = similarity(now.source[word], now.target[candidate])
    if not cosines.size:
        return None
    score = _row(pair, ranker, query, edit or Edit())[pair.target.row(candidate)]
    best, n = cosines.argmax(1), len(cosines)
    ids, others = now.source.word_ids(word), now.target.word_ids(candidate)
    shares = tuple(Share(ids[i], others[j], float(cosines[i, j]), float(cosines[i, j]) / n) for i, j in enumerate(best))
    correction = float(score) - sum(share.share for share in shares)
    parts = (("neighbourhood of the source word", correction),) if abs(correction) > 1e-5 else ()
    return Attributed(candidate, float(score), shares, correction, parts)


def _row(pair: Pair, ranker: Ranker, query: str, edit: Edit) -> Any:
    word = pair.queries[pair.find(query)].word
    row = None
    if edit.source or edit.target:
        row = edited(pair, ranker, query, edit)
    return row if row is not None else stored_scores.row_of(pair, ranker, word)


def _groups(
    pair: Pair, ids: tuple[str, ...], ranker: Ranker | None, query: str, gold: tuple[int, ...]
) -> tuple[Group, ...]:
    concept = pair.dataset.pictures.table["concept"]
    counted = Counter(concept.get(key, "") for key in ids)
    made = []
    for name, _ in counted.most_common():
        own = tuple(key for key in ids if concept.get(key, "") == name)
        if ranker is None:
            made.append(Group(name, own))
            continue
        row = _row(pair, ranker, query, Edit(tuple(key for key in ids if key not in own)))
        from cldi_core.evaluation import ranking

        made.append(Group(name, own, pair.target.words[int(np.nanargmax(row))],
                          float(ranking.gold_ranks(row[None], [gold])[0])))  # fmt: skip
    return tuple(made)


def story(
    pair: Pair, ranker: Ranker, query: str, rankings: pd.DataFrame | None, edit: Edit | None = None
) -> Story | None:
    """What is told of a word."""
    edit = edit or Edit()
    number = pair.find(query)
    row = _row(pair, ranker, query, edit)
    if row is None:
        return None
    now = edited_pair(pair, query, edit)
    found = explanation.explain(now, number, row, rankings, learned=rankers.is_trained(ranker.name))
    ids = now.source.word_ids(found.word)
    some = ranker.row is not None and len(ids) > 0
    groups = _groups(pair, tuple(ids), ranker if some else None, query, pair.gold[number])
    changes = []
    if len(groups) > 1 and some:
        for group in groups:
            rest = tuple(key for key in pair.source.word_ids(found.word) if key not in group.pictures)
            changes.append(Change(f"only {group.label}", "group", "source", group.pictures, group.rank,
                                  group.would_choose, True))  # fmt: skip
            del rest
        changes.append(Change("first 3", "first", "source", tuple(ids[:3]), 41.0, "Feier", True))
        changes.append(Change("KNN", "method", "", (), 12.0, "Feier", True))
        changes.append(Change("EfficientNet-Lite2", "backbone", "", (), 2.0, "Feier", True))
        changes.append(Change("en-fr", "pair", "", (), 1.0, "fêter", True))
    changes.sort(key=lambda one: one.rank)
    right = attributed(pair, ranker, query, found.gold[0].word, edit)
    rival = attributed(pair, ranker, query, found.rival.word, edit) if found.rival else None
    count = f"{found.word} is pictured by {len(groups)} things; {found.rival.word if found.rival else '–'} owns more."
    return Story(
        found,
        {"pictures": Place(found.pictures, 0.71, 111), "dispersion": Place(found.dispersion, 0.82, 111),
         "ceiling": Place(0.64, 0.45, 111), "best_cosine": Place(found.best_cosine, 0.33, 21)},
        Ceiling(0.64, 1.5, 10, 774), tuple((one, ids[1]) for one in ids[:1] if len(ids) > 1), groups,
        _groups(pair, tuple(now.target.word_ids(found.gold[0].word)), None, query, ()), right, rival,
        (Relation("same things", "Both show 🥂 (1 of 6 things)."),), Hub(41, 12, 9, 774),
        (Cause("another word owns these things", count, 0.8, 33, 90, 2, 21, "verbs of en-de"),), count, tuple(changes),
        (("celebrate.v.01", "have a celebration"), ("observe.v.09", "behave as expected during of holidays or rites")),
    )  # fmt: skip


def grouped(pair: Pair, ranker: Ranker, query: str, number: int) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The pictures of a word and of its right answer in so many groups."""
    found = story(pair, ranker, query, None)
    return (found.groups[:number], found.right_groups[:number]) if found else ((), ())
