"""Cached loading of judgements and of what is made of them; each is kept until the one who judges judges again."""

from __future__ import annotations

import pandas as pd

from cldi_core import rankers
from cldi_core.data import judgements as files
from cldi_core.evaluation import judged
from cldi_core.evaluation.ranker import Ranker
from cldi_core.insight import judging

from . import load


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


def with_judgements(
    name: str, backbone: str, pair: str, ranker: Ranker, frame: pd.DataFrame, judge: str
) -> pd.DataFrame | None:
    """Stored rankings with what somebody has judged; ``None`` where that needs scores that are not stored."""
    opened, given = load.pair_of(name, backbone, pair), judgements(name, judge=judge)
    if not judged.right_answers(opened, given):
        return frame
    try:
        return judged.with_judgements(opened, ranker, frame, given, word_scores(name, backbone, pair, ranker.name))
    except judged.NotJudgedError:
        return None


def ways(name: str, backbone: str, pair: str) -> tuple[str, ...]:
    """The methods whose winners are judged: all that rank with pictures or were trained, and are scored for the pair.

    Not those that name one answer alone: they have no MRR that a judgement could move.
    """
    there = (rankers.ranker(way) for way in load.ways(name, backbone, (pair,)))
    return tuple(one.name for one in there if one.kind != rankers.CONTROL and one.ranks_all)


def frames(name: str, backbone: str, pair: str, judge: str) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The rankings with what somebody has judged: method → frame; and the scored methods that have none."""
    found, missing = {}, []
    for way in ways(name, backbone, pair):
        frame = load.rankings(name, backbone, pair, way, judge=judge)
        if frame is not None:
            found[way] = frame
        elif judge and load.rankings(name, backbone, pair, way) is not None:
            missing.append(way)
    return found, missing


@load.cached(resource=True, max_entries=20, also=load.RANKINGS, spinner=load.SPINNER)
def order(name: str, backbone: str, pair: str, *, judge: str) -> pd.DataFrame:
    """What is worth a judgement, as ``judging.order`` has it; not to be changed."""
    return judging.order(
        pair, frames(name, backbone, pair, judge)[0], {one.key for one in judgements(name, judge=judge)}
    )
