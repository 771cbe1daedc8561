"""Tables of results: MRR and P@k by method, pair and part of speech, with intervals (the paper's Table 2)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import metrics, significance

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.evaluation.pairs import Pair

AVERAGE = "average"
ALL = "_all"  # at the end of a figure's name: words without pictures are counted as 0


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
        none), ``n`` (covered queries), ``clusters`` (their words, which the intervals are of), ``coverage``.
        Each figure ``x`` also as ``x_all``, over all ``asked`` queries (of ``asked_clusters`` words): those without
        pictures, which no method can find, count as 0.
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
        ``mrr_low``, ``mrr_high`` and ``mrr_why`` (a word counts with its ranks under both methods and in all pairs),
        ``n``, the queries that both cover, ``clusters``, their words, ``p`` (``significance.flipped``), and ``p_holm``,
        that after Holm's correction: all records are one family.
    """
    names = [name for name in _in_all(rankings) if name != base]
    records: list[dict[str, Any]] = []
    for setting, letters in SETTINGS.items():
        kept = {
            pair: _only(frames if same_spelled else _differently(frames), letters) for pair, frames in rankings.items()
        }
        words, ranks = rank_tables(kept, [base, *names])
        ps = significance.p_values([1 / ranks[name] - 1 / ranks[base] for name in names], words)
        for name, p in zip(names, ps.tolist(), strict=True):
            found = metrics.paired(1 / ranks[name], 1 / ranks[base], words)
            both = ~np.isnan(ranks[name]) & ~np.isnan(ranks[base])
            record = {"method": name, "setting": setting, **found.record("mrr")}
            records.append(record | {"n": int(both.sum()), "clusters": found.n, "p": p})
    return _corrected(records)


def compared(
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    methods: Sequence[str],
    *,
    settings: Mapping[str, Iterable[str]] = SETTINGS,
    same_spelled: bool = True,
) -> list[dict[str, Any]]:
    """Each of some methods set against each that follows it, on the words that all of them cover.

    Args:
        rankings: pair → method → the frame of ``rankings.rankings``; methods: two or more that all pairs have.
        settings: what a setting is called → its parts of speech.

    Returns:
        One record per setting and two methods, averaged over the pairs: ``setting``, ``one``, ``other``, ``mrr``, by
        how much that of ``one`` is higher, with the bounds of a bootstrap over words, ``n`` (queries that all cover),
        ``clusters`` (their words), ``won``, ``lost`` and ``level`` (of these), ``p`` and ``p_holm``, that after Holm's
        correction: all records are one family.
    """
    records: list[dict[str, Any]] = []
    for setting, letters in settings.items():
        frames = {pair: own if same_spelled else _differently(own) for pair, own in rankings.items()}
        words, ranks = rank_tables({pair: _only(own, letters) for pair, own in frames.items()}, methods)
        covered = ~np.isnan(np.stack([ranks[name] for name in methods])).any(axis=0)
        figures = {name: 1 / ranks[name] for name in methods}
        for one, other, found in significance.every_pair(figures, words):
            record = {"setting": setting, "one": one, "other": other, **found.difference.record("mrr")}
            record |= {"n": int(covered.sum()), "clusters": found.difference.n, "p": found.p}
            records.append(record | {"won": found.won, "lost": found.lost, "level": found.level})
    return _corrected(records)


def settings_of(letters: str, kinds: Iterable[str]) -> list[str]:
    """The settings of some parts of speech: each that has one of its own, and all words where none is left out.

    Args:
        letters: the parts of speech; kinds: those of the data set.
    """
    every = set(kinds) <= set(letters)
    own = [name for name, parts in SETTINGS.items() if (every if parts == tuple(POS) else set(parts) <= set(letters))]
    return own or ["ALL"]  # other parts of speech have figures among those of all words alone


def group_of(pairs: Sequence[str]) -> str:
    """The ``pair`` of the records of some pairs together: the only one, or ``"average"`` of several."""
    return AVERAGE if len(pairs) > 1 else pairs[0]


def family(records: Sequence[Mapping[str, Any]]) -> int:
    """How many comparisons the records of ``against`` or ``compared`` are, which Holm's correction is for."""
    return sum(not math.isnan(record["p"]) for record in records)


def _corrected(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records with ``p``, as one family."""
    holm = significance.holm([record["p"] for record in records]).tolist()
    return [record | {"p_holm": p} for record, p in zip(records, holm, strict=True)]


def survives(record: Mapping[str, Any]) -> int:
    """1 or -1 where a difference of ``against`` or ``compared`` is a finding: its p after Holm's correction is below
    .05, and its interval lies above or below 0 also as it is written (``Interval.side``); 0 elsewhere."""
    sure = not math.isnan(record["p_holm"]) and record["p_holm"] < significance.ALPHA
    return interval_of(record, "mrr").side() if sure else 0


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
    every = rank_tables(frames, methods, missing=math.inf)[1]
    numbers = np.unique(words, return_inverse=True)[1]  # faster than names, and there are many figures
    records: list[dict[str, Any]] = []
    for name in methods:
        asked = sum(len(by_method[name]) for by_method in frames.values())
        covered = int((~np.isnan(ranks[name])).sum())
        record: dict[str, Any] = {"pair": group, "method": name, "setting": setting}
        clusters = of_all = 0
        zeros = metrics.figures(every[name], ks)
        for figure, values in metrics.figures(ranks[name], ks).items():
            found = metrics.interval(values, numbers)
            total = found if covered == asked else metrics.interval(zeros[figure], numbers)
            record |= found.record(figure) | total.record(f"{figure}{ALL}")
            clusters, of_all = found.n, total.n
        coverage = covered / asked if asked else float("nan")
        counts = {"n": covered, "clusters": clusters, "asked": asked, "asked_clusters": of_all}
        records.append(record | counts | {"coverage": coverage})
    return records


def interval_of(record: Mapping[str, Any], figure: str) -> metrics.Interval:
    """One figure (``"mrr"``, ``"p@1"``, ``"mrr_all"`` …) of a record of ``table``, with its interval.

    Records without ``clusters`` are of ``n`` items, each a cluster of its own.
    """
    count = "asked_clusters" if figure.endswith(ALL) else "clusters"
    n = record[count] if count in record else record["n"]
    return metrics.Interval(record[figure], record[f"{figure}_low"], record[f"{figure}_high"], n)


def by_english(pair: Pair, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The rankings of a pair that is asked in another language, to be averaged with such of other languages.

    They get a column ``cluster``: the first right answer in the list.  One English word's pictures stand behind the
    ranks of its translations in all languages, so that in an average these are one cluster; and two words of different
    languages that happen to be spelled alike are not the same query.
    """
    first = {query.id: query.right[0] for query in pair.queries}
    return {name: frame.assign(cluster=frame["query"].map(first)) for name, frame in frames.items()}


def together(
    pairs: Mapping[str, Pair], rankings: Mapping[str, Mapping[str, pd.DataFrame]]
) -> dict[str, dict[str, pd.DataFrame]]:
    """Rankings of some pairs as all of this takes them: ``by_english`` where several translate into one language."""
    sources, targets = zip(*(pair.languages for pair in pairs.values()), strict=True) if pairs else ((), ())
    into_one = len(set(sources)) > 1 == len(set(targets))
    return {name: by_english(pairs[name], own) if into_one else dict(own) for name, own in rankings.items()}


def rank_tables(
    frames: Mapping[str, Mapping[str, pd.DataFrame]], methods: Sequence[str], missing: float = math.nan
) -> tuple[NDArray[np.str_], dict[str, NDArray[np.float64]]]:
    """Ranks of the same queries in several pairs and under several methods.

    Args:
        frames: pair → method → frame, all methods of a pair; several pairs asked in different languages as
            ``by_english`` gives them.
        missing: the rank of a query that is not covered.

    Returns:
        The cluster of each query, (n_queries,): the word that is asked, or the English one of ``by_english`` where
        there are several pairs; method → float64 (n_queries, n_pairs), nan where a pair lacks the query.
    """
    # Frames in the order of the columns below; rows go by the queries' ids.
    parts = {name: [by_method[name] for by_method in frames.values()] for name in methods}
    apart = len(frames) > 1 and all("cluster" in frame for own in parts.values() for frame in own)
    rows = {
        name: [
            [(column if apart else 0, query) for query in frame["query"].tolist()] for column, frame in enumerate(own)
        ]
        for name, own in parts.items()
    }
    cluster: dict[tuple[int, str], str] = {}
    for name, own in parts.items():
        for frame, keys in zip(own, rows[name], strict=True):
            cluster.update(zip(keys, frame["cluster" if apart else "word"].tolist(), strict=True))
    place = {key: row for row, key in enumerate(cluster)}
    ranks = {}
    for name, own in parts.items():
        ranks[name] = np.full((len(place), len(own)), np.nan)
        for column, (frame, keys) in enumerate(zip(own, rows[name], strict=True)):
            ranks[name][[place[key] for key in keys], column] = frame["rank"].fillna(missing)
    return np.array(list(cluster.values()), np.str_), ranks


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
