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
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Summarise rankings.

    Args:
        rankings: pair → method → the frame of ``rankings.rankings``.
        same_spelled: keep the words that are spelled alike in both languages.
        group: only this pair, or only ``"average"``; all of them without it.

    Returns:
        One record per pair (and ``"average"`` where there are several), method and setting: ``pair``, ``method``,
        ``setting``, ``mrr``, ``p@k``, each with ``…_low`` and ``…_high`` (95 % bootstrap over source words), ``n``,
        ``coverage``.  The average is the mean of the pairs' means; its n is the sum; it has the methods that all pairs
        have.
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
            records += _summary(name, setting, {pair: _only(kept[pair], letters) for pair in pairs}, ks, seed)
    return records


def against(
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    base: str = "avgmax",
    *,
    same_spelled: bool = True,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """How much higher each method's MRR is than that of ``base``, on the same words.

    Args:
        rankings: pair → method → the frame of ``rankings.rankings``.

    Returns:
        One record per other method and setting, averaged over the pairs: ``method``, ``setting``, ``mrr``,
        ``mrr_low``, ``mrr_high`` (95 %; words are resampled with their ranks under both methods and in all pairs) and
        ``n``, the words that both cover.
    """
    names = [name for name in _in_all(rankings) if name != base]
    records: list[dict[str, Any]] = []
    for setting, letters in SETTINGS.items():
        kept = {
            pair: _only(frames if same_spelled else _differently(frames), letters) for pair, frames in rankings.items()
        }
        ranks = {name: rank_table({pair: kept[pair][name] for pair in kept}) for name in (base, *names)}
        for name in names:
            both = 1 / ranks[name] - 1 / ranks[base]
            found = metrics.paired(1 / ranks[name], 1 / ranks[base], seed=seed)
            record = {"method": name, "setting": setting, "mrr": found.value, "mrr_low": found.low}
            records.append(record | {"mrr_high": found.high, "n": int((~np.isnan(both)).sum())})
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
    group: str, setting: str, frames: Mapping[str, Mapping[str, pd.DataFrame]], ks: Sequence[int], seed: int
) -> list[dict[str, Any]]:
    """All methods that every pair of a group has, in one setting, on the same resamples."""
    methods = _in_all(frames)
    ranks = {name: rank_table({pair: by_method[name] for pair, by_method in frames.items()}) for name in methods}
    records: list[dict[str, Any]] = []
    for name in methods:
        figures = metrics.figures(ranks[name], ks)
        found = metrics.intervals(np.stack(list(figures.values()), axis=2), seed=seed)
        asked = sum(len(by_method[name]) for by_method in frames.values())
        covered = int((~np.isnan(ranks[name])).sum())
        record: dict[str, Any] = {"pair": group, "method": name, "setting": setting}
        for figure, interval in zip(figures, found, strict=True):
            record |= {figure: interval.value, f"{figure}_low": interval.low, f"{figure}_high": interval.high}
        records.append(record | {"n": covered, "coverage": covered / asked if asked else float("nan")})
    return records


def interval_of(record: Mapping[str, Any], figure: str) -> metrics.Interval:
    """One figure (``"mrr"``, ``"p@1"``, …) of a record of ``table``, with its interval."""
    return metrics.Interval(record[figure], record[f"{figure}_low"], record[f"{figure}_high"])


def rank_table(frames: Mapping[str, pd.DataFrame]) -> NDArray[np.float64]:
    """Ranks of the same queries in several pairs: float64 (n_queries, n_pairs), nan where a pair lacks one."""
    columns = [(frame["query"].tolist(), frame["rank"].to_numpy(np.float64)) for frame in frames.values()]
    place = {
        query: row for row, query in enumerate(dict.fromkeys(query for queries, _ in columns for query in queries))
    }
    ranks = np.full((len(place), len(columns)), np.nan)
    for column, (queries, values) in enumerate(columns):
        ranks[[place[query] for query in queries], column] = values
    return ranks


def chance(pair: Pair) -> float:
    """The MRR of a random order of the candidates that have pictures: the mean over the covered queries of a pair."""
    has_pictures = pair.target.sizes > 0
    candidates = int(has_pictures.sum())
    asked = pair.source.sizes[pair.rows] > 0
    right = [int(has_pictures[list(gold)].sum()) for gold, covered in zip(pair.gold, asked, strict=True) if covered]
    known = {count: metrics.chance(candidates, count) for count in set(right) if count}
    return float(np.mean([known[count] for count in right if count])) if known else float("nan")


def noun_gap(frames: Mapping[str, pd.DataFrame], against: str, *, seed: int = 0) -> metrics.Interval:
    """How much higher the nouns' MRR is than that of ``against`` (``"V"`` or ``"A"``), averaged over the pairs."""
    tables = [
        1 / rank_table({pair: frame[frame["pos"] == letter] for pair, frame in frames.items()})
        for letter in ("N", against)
    ]
    if any(not table.size for table in tables):
        return metrics.NOTHING
    return metrics.gap(tables[0], tables[1], seed=seed)
