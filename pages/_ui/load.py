"""Cached loading.  Caches are keyed on names and the data set's stamp, never on arrays or frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from cldi_core import rankers
from cldi_core.data import dataset as datasets
from cldi_core.data import thumbnails as small
from cldi_core.evaluation import metrics, tables
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.features import provenance, shards
from cldi_core.insight import causes, health, maps
from cldi_core.insight import dispersions as spread
from cldi_core.insight import evidence as evidence_files
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.pivot import translation
from cldi_core.scoring.methods import METHODS

from .keep import RANKINGS, SCORES, cached, listed, one_run

# What other parts of pages know them by.
__all__ = ["RANKINGS", "SCORES", "cached", "listed", "one_run"]

SPINNER = "Computing this once; it is kept …"


def names() -> list[str]:
    """The data sets to choose from, the default first and those that cannot be opened last."""
    found = listed()
    first = [name for name in (*datasets.requested(), "demo") if name in found.opened]
    return list(dict.fromkeys([*first, *found.opened, *found.failed]))


def titles() -> dict[str, str]:
    """What people see of each data set: name → title, with the name where several have that title."""
    own = {name: one.title for name, one in listed().opened.items()}
    shared = Counter(own.values())
    return {name: f"{title} ({name})" if shared[title] > 1 else title for name, title in own.items()}


@cached(resource=True, max_entries=6)
def opened(name: str) -> datasets.Dataset:
    """A data set by name; read anew when one of its files changes."""
    return datasets.Dataset(listed().find(name).path)


def command(name: str, do: str, *options: str) -> str:
    """What is to be typed into a shell to do something with a data set: ``"… score --dataset demo --pair en-de"``.

    Args:
        do: the command, such as ``"pivot train"``; options: quoted here.
    """
    return opened(name).command(do, *options)


@cached(max_entries=20)
def choices(name: str) -> dict[str, list[str]]:
    """What a data set offers the view: pairs in both directions, parts of speech, backbones, and trained models as
    "backbone/pair/model"."""
    dataset = opened(name)
    return {
        "pair": list(dataset.directions),
        "pos": list(dataset.kinds),
        "backbone": list(dataset.backbones),
        "learned": translation.offers(dataset),
    }


@cached(max_entries=60)
def offered(name: str, backbone: str, pair: str) -> list[str]:
    """The names that a list of methods shows."""
    return rankers.offered(opened(name), backbone, pair)


@cached(max_entries=60)
def learned(name: str, backbone: str, pair: str) -> list[str]:
    """The learned methods that have been trained for a pair."""
    return [one.name for one in rankers.available(opened(name), backbone, pair, rankers.TRAINED)]


@cached(max_entries=60)
def ways(name: str, backbone: str, pairs: Sequence[str]) -> list[str]:
    """Everything that can rank all of some pairs, as it is shown in tables."""
    there = [{one.name for one in rankers.available(opened(name), backbone, pair)} for pair in pairs]
    return [way for way in rankers.RANKERS if all(way in own for own in there)]


@cached(resource=True, max_entries=4)
def features(name: str, backbone: str) -> shards.Features:
    """The features of all pictures."""
    return shards.open_features(opened(name), backbone)


@cached(resource=True, max_entries=12)
def pair_of(name: str, backbone: str, pair: str) -> Pair:
    """A language pair with its features."""
    return open_pair(opened(name), backbone, pair, features(name, backbone))


@cached(resource=True, max_entries=200, also=RANKINGS)
def rankings(name: str, backbone: str, pair: str, method: str, *, judge: str = "") -> pd.DataFrame | None:
    """What became of every query under one method or control; not to be changed.

    ``None`` where the method has not been scored: that can take minutes, and is for ``python -m cldi_core score``.
    With what ``judge`` has judged it is ``None``, too, where that needs scores that are not stored.
    """
    ranker = rankers.ranker(method)
    opened_pair = pair_of(name, backbone, pair)
    ranker.key(opened_pair)  # says what is wrong with a ranker that cannot rank this pair
    frame = stored_rankings(opened_pair, [ranker]).get(method)
    if frame is not None and judge:
        from . import judge_load  # which is made of what is here

        return judge_load.with_judgements(name, backbone, pair, ranker, frame, judge)
    return frame


@cached(max_entries=12)
def unranked(name: str, backbone: str, pair: str) -> pd.DataFrame:
    """The queries as ``rankings`` has them, without a rank."""
    columns = ["query", "word", "pos", "rank"]
    asked = pair_of(name, backbone, pair).queries
    return pd.DataFrame([(query.id, query.word, query.pos, float("nan")) for query in asked], columns=columns)


@cached(max_entries=12)
def never_seen(name: str, backbone: str, pair: str) -> frozenset[str]:
    """The queries of which no learned method of the pair saw anything in training."""
    return translation.never_seen(pair_of(name, backbone, pair), learned(name, backbone, pair))


def complete(
    name: str, backbone: str, pairs: Sequence[str], ways: Sequence[str], judge: str = ""
) -> dict[str, dict[str, pd.DataFrame]]:
    """The stored rankings of those of ``ways`` that all pairs have: pair → way → frame; nothing is computed.

    Scoring several pairs by all methods can take minutes: that is for ``python -m cldi_core score``.
    """
    opened_pairs = {pair: pair_of(name, backbone, pair) for pair in pairs}
    stored = {pair: stored_rankings(one, map(rankers.ranker, ways)) for pair, one in opened_pairs.items()}
    if judge:
        with_them = {
            pair: {way: rankings(name, backbone, pair, way, judge=judge) for way in stored[pair]} for pair in pairs
        }
        stored = {pair: {way: one for way, one in own.items() if one is not None} for pair, own in with_them.items()}
    complete = [way for way in ways if all(way in frames for frames in stored.values())]
    kept = {pair: {way: frames[way] for way in complete} for pair, frames in stored.items()} if complete else {}
    return tables.together(opened_pairs, kept)


@cached(max_entries=40, also=RANKINGS, spinner=SPINNER)
def table(
    name: str,
    backbone: str,
    pairs: Sequence[str],
    *,
    same_spelled: bool = True,
    ways: Sequence[str] = tuple(METHODS),
    group: str | None = None,
    unseen_alone: bool = False,
    judge: str = "",
) -> list[dict[str, Any]]:
    """The records of ``tables.table`` for those of ``ways`` that are scored on all the pairs; nothing is computed.

    ``unseen_alone``: only of the words that the learned methods saw nothing of in training; ``judge``: with what this
    name has judged, without methods of which that is not known.
    """
    frames = complete(name, backbone, pairs, ways, judge)
    if unseen_alone:
        frames = {pair: tables.only(own, never_seen(name, backbone, pair)) for pair, own in frames.items()}
    return tables.table(frames, same_spelled=same_spelled, group=group)


@cached(max_entries=20, also=RANKINGS, spinner=SPINNER)
def against(
    name: str,
    backbone: str,
    pairs: Sequence[str],
    base: str = "avgmax",
    *,
    same_spelled: bool = True,
    ways: Sequence[str] = tuple(METHODS),
    judge: str = "",
) -> list[dict[str, Any]]:
    """The records of ``tables.against`` for those of ``ways`` that are scored on all pairs; nothing is scored.

    Methods that name one answer only have no MRR, and are left out of the family.
    """
    frames = complete(name, backbone, pairs, [way for way in ways if rankers.ranker(way).ranks_all], judge)
    known = all(base in own for own in frames.values())
    return tables.against(frames, base, same_spelled=same_spelled) if frames and known else []


@cached(max_entries=40, also=RANKINGS)
def errors(name: str, backbone: str, pairs: Sequence[str], ways: Sequence[str]) -> dict[str, float]:
    """The largest error that each of ``ways`` which iterates has left in the scores of the pairs."""
    frames = complete(name, backbone, pairs, ways).values()
    found = {way: max(float(own[way].attrs.get("error", 0)) for own in frames) for way in next(iter(frames), {})}
    return {way: error for way, error in found.items() if error}


def chance(name: str, backbone: str, pairs: Sequence[str]) -> float:
    """The MRR of a random order, the mean over pairs."""
    return sum(tables.chance(pair_of(name, backbone, pair)) for pair in pairs) / len(pairs)


@cached(max_entries=40, also=RANKINGS, spinner=SPINNER)
def noun_gap(
    name: str,
    backbone: str,
    pairs: Sequence[str],
    method: str,
    letter: str,
    *,
    same_spelled: bool = True,
    judge: str = "",
) -> metrics.Interval:
    """How much higher the nouns' MRR is than that of verbs or adjectives; nothing where a pair is not scored."""
    frames = complete(name, backbone, pairs, [method], judge)
    kept = {pair: own[method] for pair, own in frames.items()}
    if not same_spelled:
        kept = {pair: frame[~frame["same_spelled"]] for pair, frame in kept.items()}
    return tables.noun_gap(kept, letter) if kept else metrics.NOTHING


@cached(resource=True, max_entries=20, spinner=SPINNER)
def dispersions(name: str, backbone: str, pair: str) -> pd.DataFrame | None:
    """Dispersion of every word of a pair (``dispersions.dispersions``); not to be changed.

    ``None`` where they are of so many pictures that they have to be made ahead: ``python -m cldi_core prepare``.
    """
    return spread.at_hand(pair_of(name, backbone, pair))


@cached(resource=True, max_entries=6, spinner=SPINNER)
def coordinates(name: str, backbone: str, kind: str) -> pd.DataFrame:
    """The stored map of words or pictures, or PCA; not to be changed."""
    return maps.coordinates(opened(name), backbone, kind)


@cached(max_entries=6, spinner="Looking through the data set …")
def findings(name: str) -> list[health.Finding]:
    """What ``check`` says."""
    return health.findings(opened(name))


@cached(max_entries=20)
def provenance_of(name: str, backbone: str) -> provenance.Provenance:
    """Where a backbone's features come from."""
    return provenance.provenance_of(opened(name), backbone)


@cached(resource=True, max_entries=4)
def shelf(name: str) -> small.Shelf:
    """The small pictures of a data set."""
    return small.Shelf(opened(name).pictures)


def thumbnails(name: str, ids: Sequence[str]) -> dict[str, str]:
    """Small pictures as data URLs: id → URL; missing and broken ones are left out.

    Data URLs, because Streamlit would decode, shrink and encode the files again and keep them for each session.
    """
    return {key: small.data_url(file) for key, file in shelf(name).get(ids).items()}


def strip(name: str, ids: Sequence[str]) -> str | None:
    """Some pictures side by side as one data URL, one that is listed twice twice; missing and broken ones left out.

    ``None`` where there is nothing to show.  It is soon put together, and not kept: it is larger than its pictures.
    """
    found = shelf(name).get(ids)
    files = [found[key] for key in ids if key in found]
    return small.data_url(small.strip(files), "svg+xml") if files else None


EVIDENCE = (*RANKINGS, "evidence/*/*/*")


@cached(resource=True, max_entries=60, also=EVIDENCE)
def evidence(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
    """The stored evidence of every word under one method, with ceilings where they are stored; not to be changed.

    ``None`` where there is none: it is made by ``python -m cldi_core score``.
    """
    opened_pair, ranker = pair_of(name, backbone, pair), rankers.ranker(method)
    ranker.key(opened_pair)  # says what is wrong with a ranker that cannot rank this pair
    found = evidence_files.stored_evidence(opened_pair, [ranker]).get(method)
    return None if found is None else causes.with_ceilings(found, ceilings(name, backbone, pair))


@cached(resource=True, max_entries=12, also=EVIDENCE)
def ceilings(name: str, backbone: str, pair: str) -> pd.DataFrame | None:
    """The stored ceilings of all source words; not to be changed, and ``None`` where there are none."""
    return stored_ceilings(pair_of(name, backbone, pair))
