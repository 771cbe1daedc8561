"""What there is to say of a data set as a whole: its counts, figures of dispersions, comparisons of methods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import CLASSES, POS, Dataset
from cldi_core.evaluation import metrics, tables
from cldi_core.insight import explanation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Counts:
    """What a data set holds.

    Attributes:
        words: language → words with pictures.
        licences: licence → pictures, the most frequent first; ``""`` for none.
        queries: pair → part of speech → queries.
    """

    words: dict[str, int]
    pictures: int
    licences: dict[str, int]
    queries: dict[str, Counter[str]]


def counts(dataset: Dataset) -> Counts:
    """How much there is of what in a data set."""
    licences: Counter[str] = Counter()
    for frame in dataset.pictures.each(["licence"]):
        licences.update({str(one): int(n) for one, n in frame["licence"].value_counts(sort=False).items()})
    return Counts(
        {language: len(dataset.members(language)) for language in dataset.languages},
        len(dataset.pictures.ids),
        dict(licences.most_common()),
        {pair: Counter(query.pos for query in dataset.queries(pair)) for pair in dataset.pairs},
    )


def by_rank(rankings: pd.DataFrame, letters: str, outcome: str = "all") -> pd.DataFrame:
    """The rankings of some parts of speech, of one outcome or ``"all"``, the best rank first and nan last."""
    rows = rankings[rankings["pos"].isin(list(letters))]
    if outcome != "all":
        rows = rows[rows["rank"].map(explanation.outcome) == outcome]
    return rows.sort_values(["rank", "query"])


SPANS = {"dispersion": (0.0, 2.0), "senses": metrics.ANY}  # between what bounds a word's figures can lie
STEP = 0.05  # of dispersion, in which words are counted


def means_by_pos(
    frame: pd.DataFrame, column: str = "dispersion", letters: Iterable[str] = CLASSES
) -> list[tuple[str, metrics.Interval]]:
    """The mean of a column of ``dispersions.dispersions`` for some parts of speech: [(letter, interval)]."""
    found = []
    for letter in letters:
        rows = frame[(frame["pos"] == letter) & frame[column].notna()]
        values = rows[column].to_numpy(np.float64)
        found.append((letter, metrics.interval(values, rows["word"].to_numpy(np.str_), span=SPANS[column])))
    return found


def shares(frame: pd.DataFrame, letter: str) -> NDArray[np.float64]:
    """The share of the words of a part of speech in each ``STEP`` of dispersion from 0 to 2: float64 (40,).

    A word between two steps counts in the upper one, one at 2 in the last.  Their sum is 1, or 0 without words.
    """
    values = frame.loc[frame["pos"] == letter, "dispersion"].dropna().to_numpy(np.float64)
    steps = round(2 / STEP)
    # Half a millionth: 0.3 / 0.05 is a little below 6.
    places = np.clip(np.floor(values / STEP + 5e-7).astype(np.int64), 0, steps - 1)
    return np.bincount(places, minlength=steps) / max(len(values), 1)


def extremes(frame: pd.DataFrame, letter: str, count: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The words of a part of speech with the lowest and the highest dispersion, as many of the one as of the other.

    Below ``2 * count`` words these are fewer, so that none is both; one word alone is neither.
    """
    rows = frame[(frame["pos"] == letter) & frame["dispersion"].notna()].sort_values(["dispersion", "word"])
    each = min(count, len(rows) // 2)
    return rows.head(each), rows.tail(each)[::-1]


def as_dispersed(frame: pd.DataFrame, letters: Iterable[str]) -> list[str]:
    """Which of some other parts of speech have no higher a mean dispersion than nouns; none without nouns."""
    means = {letter: found.value for letter, found in means_by_pos(frame, letters=letters) if found.n}
    return [letter for letter, value in means.items() if letter != "N" and value <= means.get("N", -1)]


def compare(frames: Mapping[str, pd.DataFrame], letters: str) -> pd.DataFrame:
    """Ranks of the same queries under several contenders: columns query, word, pos, then one per contender.

    Only queries that all contenders cover are kept, so that figures are of the same words.
    """
    import pandas as pd

    first = next(iter(frames.values()))
    table = first[["query", "word", "pos"]].set_index("query")
    ranks = pd.concat({name: frame.set_index("query")["rank"] for name, frame in frames.items()}, axis=1)
    joined = table.join(ranks)
    return joined[joined["pos"].isin(list(letters))].dropna().reset_index()


def figures(table: pd.DataFrame, contender: str) -> dict[str, Any]:
    """MRR and P@k of one contender on the queries of ``compare``: the record of ``tables.table`` for all of them."""
    frames = {"": {contender: table.assign(rank=table[contender], same_spelled=False)}}
    return next(record for record in tables.table(frames) if record["setting"] == "ALL")


def over_all(rankings: pd.DataFrame, letters: str) -> dict[str, Any]:
    """The record of ``tables.table`` for one contender and all queries of some parts of speech.

    What other contenders cover is nothing to it: its ``coverage`` and ``mrr_all`` are the contender's own.
    """
    rows = rankings[rankings["pos"].isin(list(letters))]
    return next(record for record in tables.table({"": {"": rows}}) if record["setting"] == "ALL")


def parts(letters: str) -> list[tuple[str, str]]:
    """What a comparison is made for: all of some parts of speech together, and each of the three: [(name, letters)]."""
    each = [(f"{POS[letter]}s", letter) for letter in letters if letter in CLASSES or len(letters) == 1]
    return each if len(letters) == 1 else [("together", letters), *each]


def wins(table: pd.DataFrame, one: str, other: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``compare`` where ``one`` ranks the right answer higher, and where ``other`` does, clearest first."""
    advantage = 1 / table[one] - 1 / table[other]
    ordered = table.assign(advantage=advantage).sort_values(["advantage", "query"], ascending=[False, True])
    won, lost = ordered[ordered["advantage"] > 0], ordered[ordered["advantage"] < 0][::-1]
    return won.drop(columns="advantage"), lost.drop(columns="advantage")


def with_dispersion(rankings: pd.DataFrame, frame: pd.DataFrame, letters: str) -> pd.DataFrame:
    """Rankings joined with the dispersion of the source words: columns query, word, pos, rank, dispersion, number."""
    language = frame["language"].iloc[0] if len(frame) else ""
    values = frame[frame["language"] == language].drop_duplicates("word").set_index("word")["dispersion"]
    table = rankings[rankings["pos"].isin(list(letters))].join(values, on="word")
    table = table.dropna(subset=["rank", "dispersion"])[["query", "word", "pos", "rank", "dispersion"]]
    return table.reset_index(drop=True).assign(number=range(len(table)))


def rank_correlation(table: pd.DataFrame) -> metrics.Interval:
    """Spearman's rho between dispersion and 1/rank, with its interval; nan below three words."""
    words = table["word"].to_numpy(np.str_)
    return metrics.correlation(table["dispersion"].to_numpy(), -table["rank"].to_numpy(), words, ranks=True)
