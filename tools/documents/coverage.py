"""How often 95 % intervals hold the truth: words are drawn again and again from the demo's own ranks.

The demo's words are taken for all there are, so that the truth is known; of them n are drawn with replacement, and
``metrics`` makes an interval of these.  The way it does so was chosen on EfficientNet-Lite0's ranks of en-de, en-es and
the average (``metrics`` says what it was chosen from); here are other pairs, other features and other draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import metrics, tables
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight import dispersions, overview

from .form import table
from .results import Set

SIZES, DRAWS = (20, 40, 100), 1000
OTHER = "efficientnet-lite2"
Values = NDArray[np.float64]
Sample = Callable[[NDArray[np.intp]], Interval]  # the numbers of the drawn words → the interval


def ranks(one: Set, method: str, letters: str, pairs: Iterable[str]) -> Values:
    """Ranks of the queries of some parts of speech: float64 (n_queries, n_pairs)."""
    frames = {pair: one.frames[pair][method] for pair in pairs}
    kept = {pair: {method: frame[frame["pos"].isin(list(letters))]} for pair, frame in frames.items()}
    found = tables.rank_tables(kept, [method])[1][method]
    return found[~np.isnan(found).all(axis=1)]


def held(truth: float, sample: Sample, words: int, n: int) -> str:
    """The share of draws of ``n`` words whose interval holds the truth; 1 - share is the error of a 95 % interval."""
    rng = np.random.default_rng([n, 2])
    found = [sample(rng.integers(0, words, n)) for _ in range(DRAWS)]
    return f"{np.mean([one.low <= truth <= one.high for one in found]):.2f}".lstrip("0")


def row(label: str, truth: float, sample: Sample, words: int) -> list[str]:
    """A row of the table."""
    return [label, *(held(truth, sample, words, n) for n in SIZES)]


def mean(label: str, values: Values, span: tuple[float, float] = metrics.SHARES) -> list[str]:
    """A row for the mean over pairs of the means over words."""
    truth = metrics.interval(values, span=span).value
    return row(label, truth, lambda drawn: metrics.interval(values[drawn], span=span), len(values))


def coverage(easy: Set) -> Iterable[str]:
    """The table: what is measured, and how often its interval held the truth with n words."""
    easy2, hard2 = Set("demo", OTHER), Set("demo-hard", OTHER)
    nouns, verbs = (ranks(easy, "avgmax", letter, ["en-it"]) for letter in "NV")
    hard = ranks(hard2, "avgmax", "V", hard2.pairs)
    russian = {name: ranks(easy2, name, "V", ["en-ru"]) for name in ("avgmax", "avgmax+csls", "avgmax-typical")}
    rows = [
        mean("MRR of nouns, en-it", 1 / nouns),
        mean("MRR of verbs, en-it", 1 / verbs),
        mean("MRR of verbs, average of five pairs, demo-hard", 1 / hard),
        mean("P@1 of verbs, en-it", (verbs <= 1).astype(float)),
        mean("P@1 of verbs, average of five pairs, demo-hard", np.where(np.isnan(hard), np.nan, hard <= 1)),
        mean("P@10 of nouns, en-it", (nouns <= 10).astype(float)),
    ]
    for name, label in (("avgmax+csls", "CSLS"), ("avgmax-typical", "AVGMAX, weighted")):
        less = 1 / russian[name] - 1 / russian["avgmax"]
        rows.append(mean(f"difference of {label} to AVGMAX (MRR), verbs, en-ru", less, metrics.DIFFERENCES))
    rows += [_gap(1 / nouns, 1 / verbs), _spearman(easy)]
    return table(["", *(f"n = {n}" for n in SIZES)], *rows)


def _gap(nouns: Values, verbs: Values) -> list[str]:
    """Nouns above verbs: n of each are drawn."""
    rng = np.random.default_rng(5)

    def sample(drawn: NDArray[np.intp]) -> Interval:
        return metrics.gap(nouns[drawn], verbs[rng.integers(0, len(verbs), len(drawn))])

    truth = metrics.gap(nouns, verbs).value
    return row("nouns above verbs (MRR), en-it", truth, sample, len(nouns))


def _spearman(easy: Set) -> list[str]:
    """Dispersion against 1/rank."""
    spread = dispersions.dispersions(easy.pairs["en-fr"])
    joined = overview.with_dispersion(easy.frames["en-fr"]["avgmax"], spread, "NVA")
    one, other = joined["dispersion"].to_numpy(), -joined["rank"].to_numpy()
    truth = metrics.correlation(one, other, ranks=True).value
    sample = lambda drawn: metrics.correlation(one[drawn], other[drawn], ranks=True)  # noqa: E731
    return row("Spearman's ρ of dispersion and 1/rank, en-fr", truth, sample, len(joined))
