"""Cached loading of judgements and of what is made of them; each is kept until the one who judges judges again."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cldi_core import rankers
from cldi_core.data import judgements as files
from cldi_core.evaluation import judged
from cldi_core.evaluation.ranker import Ranker
from cldi_core.insight import judging

from . import load

COMPUTED = 25  # queries whose scores are computed while a page is drawn, where they are not stored


@load.cached(max_entries=20, also=(f"{files.FOLDER}/*",))
def judges(name: str) -> list[str]:
    """Who has judged."""
    return list(files.names(load.opened(name)))


@load.cached(resource=True, max_entries=40)
def judgements(name: str, *, judge: str) -> tuple[files.Judgement, ...]:
    """What somebody has judged, in all pairs."""
    return files.judgements(load.opened(name), judge) if judge else ()


@load.cached(resource=True, max_entries=100, also=load.SCORES)
def word_scores(name: str, backbone: str, pair: str, method: str) -> judged.WordScores:
    """The scores of single words under a method, remembered."""
    return judged.WordScores(load.pair_of(name, backbone, pair), rankers.ranker(method))


def _is_known(name: str, backbone: str, pair: str, ranker: Ranker, queries: int) -> bool:
    """Whether rankings with judgements of so many queries are at hand: the scores are stored, or soon computed."""
    scores = word_scores(name, backbone, pair, ranker.name)
    return scores.stored or (ranker.row is not None and ranker.kind == rankers.IMAGES and queries <= COMPUTED)


def with_judgements(
    name: str, backbone: str, pair: str, ranker: Ranker, frame: pd.DataFrame, judge: str
) -> pd.DataFrame | None:
    """Stored rankings with what somebody has judged; ``None`` where that needs scores that are not stored."""
    opened, given = load.pair_of(name, backbone, pair), judgements(name, judge=judge)
    changed = judged.right_answers(opened, given)
    if not changed:
        return frame
    if not _is_known(name, backbone, pair, ranker, len(changed)):
        return None
    return judged.with_judgements(opened, ranker, frame, given, word_scores(name, backbone, pair, ranker.name))


def ways(name: str, backbone: str, pair: str) -> tuple[str, ...]:
    """The methods whose winners are judged: all that rank with pictures or were trained, and are scored for the pair.

    Not those that name one answer alone: they have no MRR that a judgement could move.
    """
    there = (rankers.ranker(way) for way in load.ways(name, backbone, (pair,)))
    return tuple(one.name for one in there if one.kind != rankers.CONTROL and one.ranks_all)


@dataclass(frozen=True)
class Asked:
    """What is worth a judgement.

    Attributes:
        order: of ``judging.order``; not to be changed.
        frames: method → the rankings that it is made of.
        closed: the methods under which judged words are not asked again, as their scores are not stored.
    """

    order: pd.DataFrame
    frames: dict[str, pd.DataFrame]
    closed: tuple[str, ...]


@load.cached(resource=True, max_entries=20, also=load.SCORES, spinner=load.SPINNER)
def asked(name: str, backbone: str, pair: str, *, judge: str) -> Asked:
    """What is worth a judgement, under all methods that are scored; nothing is computed for it."""
    given, opened = judgements(name, judge=judge), load.pair_of(name, backbone, pair)
    changed = judged.right_answers(opened, given)
    frames, closed = {}, []
    for way in ways(name, backbone, pair):
        known = not changed or word_scores(name, backbone, pair, way).stored
        frame = load.rankings(name, backbone, pair, way, judge=judge if known else "")
        if frame is not None:
            frames[way] = frame
            closed += [] if known else [way]
    order = judging.order(pair, frames, {one.key for one in given}, dict.fromkeys(closed, changed))
    return Asked(order, frames, tuple(closed))
