"""Tables of results: MRR and P@k by method, pair and part of speech, with intervals (the paper's Table 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.evaluation.pairs import Pair

AVERAGE = "average"


def table(
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    *,
    ks: Sequence[int] = (1, 10),
    same_spelled: bool = True,
    group: str | None = None,
) -> list[dict[str, Any]]:
    """Summarise rankings.

    Args:
        rankings: pair → method → the frame of ``rankings.rankings``.
        same_spelled: keep the words that are spelled alike in both languages.
        group: only this pair, or only ``"average"``; all of them without it.

    Returns:
        One record per pair (and ``"average"`` where there are several), method and setting: ``pair``, ``method``,
        ``setting``, ``mrr``, ``p@k``, each with ``…_low``, ``…_high`` and ``…_why`` (its 95 % interval, or why it has
        none), ``n`` (covered queries), ``clusters`` (their English words, which the intervals are of), ``coverage``.
        The average is the mean of the pairs' means; its n is the sum; it has the methods that all pairs have.
    """
    kept = {pair: dict(frames) if same_spelled else _differently(frames) for pair, frames in rankings.items()}
    groups = {pair: [pair] for pair in kept}
    if len(kept) > 1:
        groups[AVERAGE] = list(kept)
    records: list[dict[str, Any]] = []
    for name, pairs in groups.items():
        if group not in (None, name):
            continue
        for setting, letters in SETTINGS.items():
            records += _summary(name, setting, {pair: _only(kept[pair], letters) for pair in pairs}, ks)
    return records


def against(
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    base: str = "avgmax",
    *,
    same_spelled: bool = True,
) -> list[dict[str, Any]]:
    """How much higher each method's MRR is than that of ``base``, on the same words.

    Args:
        rankings: pair → method → the frame of ``rankings.rankings``.

    Returns:
        One record per other method and setting, averaged over the pairs: ``method``, ``setting``, ``mrr`` with
        ``mrr_low``, ``mrr_high`` and ``mrr_why`` (an English word counts with its ranks under both methods and in all
        pairs), ``n``, the queries that both cover, and ``clusters``, their English words.
    """
    names = [name for name in _in_all(rankings) if name != base]
    records: list[dict[str, Any]] = []
    for setting, letters in SETTINGS.items():
        kept = {
            pair: _only(frames if same_spelled else _differently(frames), letters) for pair, frames in rankings.items()
        }
        words, ranks = rank_tables(kept, [base, *names])
        for name in names:
            found = metrics.paired(1 / ranks[name], 1 / ranks[base], words)
            both = ~np.isnan(ranks[name]) & ~np.isnan(ranks[base])
            record = {"method": name, "setting": setting, **found.record("mrr")}
            records.append(record | {"n": int(both.sum()), "clusters": found.n})
    return records


def _differently(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Without the words that are spelled alike in both languages."""
    return {name: frame[~frame["same_spelled"]] for name, frame in frames.items()}


def only(frames: Mapping[str, pd.DataFrame], queries: Collection[str]) -> dict[str, pd.DataFrame]:
    """The rankings of some queries alone: method → frame."""
    return {name: frame[frame["query"].isin(queries)] for name, frame in frames.items()}


def _only(frames: Mapping[str, pd.DataFrame], letters: Iterable[str]) -> dict[str, pd.DataFrame]:
    if set(letters) == set(POS):
        return dict(frames)
    return {name: frame[frame["pos"].isin(list(letters))] for name, frame in frames.items()}


def _in_all(frames: Mapping[str, Mapping[str, pd.DataFrame]]) -> list[str]:
    """The methods that every pair has: learned ones are there only where they have been trained."""
    every = dict.fromkeys(name for by_method in frames.values() for name in by_method)
    return [name for name in every if all(name in by_method for by_method in frames.values())]


def _summary(
    group: str, setting: str, frames: Mapping[str, Mapping[str, pd.DataFrame]], ks: Sequence[int]
) -> list[dict[str, Any]]:
    """All methods that every pair of a group has, in one setting."""
    methods = _in_all(frames)
    words, ranks = rank_tables(frames, methods)
    numbers = np.unique(words, return_inverse=True)[1]  # faster than names, and there are many figures
    records: list[dict[str, Any]] = []
    for name in methods:
        asked = sum(len(by_method[name]) for by_method in frames.values())
        covered = int((~np.isnan(ranks[name])).sum())
        record: dict[str, Any] = {"pair": group, "method": name, "setting": setting}
        clusters = 0
        for figure, values in metrics.figures(ranks[name], ks).items():
            found = metrics.interval(values, numbers)
            record, clusters = record | found.record(figure), found.n
        records.append(
            record | {"n": covered, "clusters": clusters, "coverage": covered / asked if asked else float("nan")}
        )
    return records


def interval_of(record: Mapping[str, Any], figure: str) -> metrics.Interval:
    """One figure (``"mrr"``, ``"p@1"``, …) of a record of ``table``, with its interval.

    Records without ``clusters`` are of ``n`` items, each a cluster of its own.
    """
    n = record["clusters"] if "clusters" in record else record["n"]
    return metrics.Interval(record[figure], record[f"{figure}_low"], record[f"{figure}_high"], n)


def rank_tables(
    frames: Mapping[str, Mapping[str, pd.DataFrame]], methods: Sequence[str]
) -> tuple[NDArray[np.str_], dict[str, NDArray[np.float64]]]:
    """Ranks of the same queries in several pairs and under several methods.

    Args:
        frames: pair → method → frame, all methods of a pair.

    Returns:
        The English word of each query, (n_queries,); method → float64 (n_queries, n_pairs), nan where a pair lacks one.
    """
    # Frames in the order of the columns below; rows go by the queries' ids.
    parts = {name: [by_method[name] for by_method in frames.values()] for name in methods}
    word: dict[str, str] = {}
    for frame in (frame for own in parts.values() for frame in own):
        word.update(zip(frame["query"].tolist(), frame["word"].tolist(), strict=True))
    place = {query: row for row, query in enumerate(word)}
    ranks = {}
    for name, own in parts.items():
        ranks[name] = np.full((len(place), len(own)), np.nan)
        for column, frame in enumerate(own):
            ranks[name][[place[query] for query in frame["query"].tolist()], column] = frame["rank"]
    return np.array(list(word.values()), np.str_), ranks


def chance(pair: Pair) -> float:
    """The MRR of a random order of the candidates that have pictures: the mean over the covered queries of a pair."""
    has_pictures = pair.target.sizes > 0
    candidates = int(has_pictures.sum())
    asked = pair.source.sizes[pair.rows] > 0
    right = [int(has_pictures[list(gold)].sum()) for gold, covered in zip(pair.gold, asked, strict=True) if covered]
    known = {count: metrics.chance(candidates, count) for count in set(right) if count}
    return float(np.mean([known[count] for count in right if count])) if known else float("nan")


def noun_gap(frames: Mapping[str, pd.DataFrame], against: str) -> metrics.Interval:
    """How much higher the nouns' MRR is than that of ``against`` (``"V"`` or ``"A"``), averaged over the pairs."""
    words, ranks = zip(
        *(
            rank_tables({pair: {"": frame[frame["pos"] == letter]} for pair, frame in frames.items()}, [""])
            for letter in ("N", against)
        ),
        strict=True,
    )
    return metrics.gap(1 / ranks[0][""], 1 / ranks[1][""], words)
