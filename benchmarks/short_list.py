"""``python -m benchmarks.short_list``: what a short list of candidates changes of optimal transport, on the demo.

Every candidate's transport score is computed once; that of a short list is made of them, to the last bit as
``transport_short.settle_short`` has it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from benchmarks import report
from cldi_core.data.dataset import open_dataset
from cldi_core.evaluation import metrics, tables
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.rankings import ranked
from cldi_core.features.shards import open_features
from cldi_core.scoring.methods import SHORT_BASE
from cldi_core.scoring.scores import score_all
from cldi_core.scoring.transport_short import below, listed

NAME = "short-list"
SETS = ("demo", "demo-hard")
BACKBONE = "efficientnet-lite0"
SIZES = (1, 5, 10, 20, 50, 100)
WHOLE, BASE = "sinkhorn", SHORT_BASE


def measure(name: str) -> list[dict[str, Any]]:
    """A record for each length k of the list, of all pairs of a data set, in the direction of its lists.

    ``queries`` of ``words`` words have pictures; of these ``moved`` have another rank than with all candidates, and
    ``lost`` another winner.  ``mrr`` and ``p@1``: by how much it is higher than with all candidates, with its interval.
    """
    dataset = open_dataset(name)
    features = open_features(dataset, BACKBONE)
    frames: dict[int, dict[str, dict[str, Any]]] = {k: {} for k in SIZES}
    for each in dataset.pairs:
        pair = open_pair(dataset, BACKBONE, each, features)
        found = score_all(pair.source, pair.target, [WHOLE, BASE])
        whole = ranked(pair, found[WHOLE])
        for k in SIZES:
            short = below(found[BASE], listed(found[BASE], k), found[WHOLE])
            frames[k][each] = {WHOLE: whole, "short": ranked(pair, short)}
        print(f"{name}, {each}: done", file=sys.stderr)
    return [{"kind": "short", "dataset": name, "k": k, **_record(own)} for k, own in frames.items()]


def _record(frames: dict[str, dict[str, Any]]) -> dict[str, Any]:
    words, ranks = tables.rank_tables(frames, [WHOLE, "short"])
    whole, short = ranks[WHOLE], ranks["short"]
    known = ~np.isnan(whole)
    other = sum(int((own[WHOLE]["winner"] != own["short"]["winner"]).sum()) for own in frames.values())
    figures = {"mrr": (1 / short, 1 / whole), "p@1": tuple(np.where(known, one == 1, np.nan) for one in (short, whole))}
    record = {"queries": int(known.sum()), "moved": int((short != whole)[known].sum()), "lost": other}
    for figure, (ours, theirs) in figures.items():
        found = metrics.paired(ours, theirs, words)
        record |= {"words": found.n, figure: found.value, f"{figure}_low": found.low, f"{figure}_high": found.high}
    return record


def main() -> None:
    """Measure, and keep it in ``benchmarks/results/short-list.json``."""
    records = [record for name in SETS for record in measure(name)]
    print(report.keep(NAME, records))


if __name__ == "__main__":
    main()
