"""``score`` and ``evaluate``: features become scores, ranks and tables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands import terminal
from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, DeviceOption, JsonOption
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.evaluation.ranker import Scored


MethodsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        help="A method, also a composed one (maxmax+csls, rrf=avgmax,cnn-mean); may be repeated; all without it.",
    ),
]


def score(
    dataset: DatasetOption,
    pair: Annotated[
        list[str] | None, typer.Option("--pair", help="A language pair; may be repeated; all of them without it.")
    ] = None,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: MethodsOption = None,
    precision: Annotated[
        str | None, typer.Option(help="Does nothing any more: scores are exact. It goes with the next release.")
    ] = None,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Score all word pairs and keep scores, ranks and evidence of what decided them, so that pages open at once.

    What is stored and still true is not computed again; where something cannot be kept, it ends with 1.
    """
    from cldi_core import rankers
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.evaluation.rankings import rankings
    from cldi_core.evaluation.stored_scores import scored as scores_of
    from cldi_core.features import shards
    from cldi_core.insight.ceiling import keep_ceilings
    from cldi_core.insight.evidence import keep_evidence
    from cldi_core.insight.hubs import keep_hubs
    from cldi_core.scoring.hardware import check_device

    if precision is not None:
        print("--precision does nothing any more: scores are exact; leave it out", file=sys.stderr)
    asked = [rankers.ranker(name) for name in dict.fromkeys(method or ())]
    check_device(device)
    opened = open_dataset(dataset)
    loaded = shards.open_features(opened, backbone)
    records: list[dict[str, object]] = []
    for name in _pairs(opened, pair):
        joined = open_pair(opened, backbone, name, loaded)
        wanted = asked or rankers.available(opened, backbone, name, rankers.IMAGES, rankers.TRAINED)
        beside = [] if asked else rankers.available(opened, backbone, name, rankers.CONTROL)
        with progress(f"scoring {name}") as report:
            scored = scores_of(joined, wanted, device, report, must_keep=True)
        rankings(joined, [*wanted, *beside], scored, must_keep=True)
        explained = [ranker for ranker in wanted if ranker.kind != rankers.CONTROL]
        keep_evidence(joined, explained, scored, must_keep=True)
        keep_hubs(joined, explained, scored, must_keep=True)
        keep_ceilings(joined, must_keep=True)
        records += [_scored_record(name, way, one) for way, one in scored.items()]
        if not as_json:
            _print_scored(name, (len(joined.source), len(joined.target)), scored)
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "scored": records})


def evaluate(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", help="A language pair; may be repeated; all and their average without it."),
    ] = None,
    method: MethodsOption = None,
    same_spelled: Annotated[bool, typer.Option(help="Keep words spelled alike in both languages.")] = True,
    as_json: JsonOption = False,
) -> None:
    """MRR, P@1 and P@10 by method and part of speech, with 95 % intervals.

    Intervals are over English words: a word counts with all its queries and pairs. Below 20 words there is none.
    """
    from cldi_core import rankers
    from cldi_core.evaluation import tables
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.evaluation.rankings import rankings
    from cldi_core.features import shards

    asked = [rankers.ranker(name) for name in dict.fromkeys(method or ())]
    opened = open_dataset(dataset)
    loaded = shards.open_features(opened, backbone)
    frames, candidates = {}, {}
    for name in _pairs(opened, pair):
        joined = open_pair(opened, backbone, name, loaded)
        wanted = asked or rankers.available(opened, backbone, name, rankers.IMAGES, rankers.TRAINED)
        frames[name] = rankings(joined, wanted)
        candidates[name] = int((joined.target.sizes > 0).sum())
    # There is one way to compute scores; the key stays for those who read it.
    records = [
        {**record, "precision": "exact", "error": _error(frames, record)}
        for record in tables.table(frames, same_spelled=same_spelled)
    ]
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "candidates": candidates, "results": records})
        return
    for line in terminal.results(records):
        print(line)


def _error(frames: dict[str, dict[str, pd.DataFrame]], record: dict[str, Any]) -> float:
    """The largest error that the method of a record left in the scores of its pairs."""
    own = [frames[record["pair"]]] if record["pair"] in frames else list(frames.values())
    return max(float(pair[record["method"]].attrs.get("error", 0.0)) for pair in own)


def _scored_record(pair: str, method: str, scored: Scored) -> dict[str, object]:
    how = {name: getattr(scored, name) for name in ("device", "seconds", "computed", "error", "found")}
    return {"pair": pair, "method": method, "shape": list(scored.matrix.shape), "precision": "exact", **how}


def _print_scored(pair: str, words: tuple[int, int], scored: dict[str, Scored]) -> None:
    """One line: what was computed, how, and what was there already."""
    fresh = {name: one for name, one in scored.items() if not one.found}
    how = " and ".join(sorted({one.device for one in fresh.values()}))
    done = f"computed {', '.join(fresh)} on {how}" if fresh else "nothing to compute"
    print(
        f"{pair}: {words[0]} × {words[1]} words, {done}; {len(scored) - len(fresh)} of {len(scored)} methods were there"
    )


def _pairs(dataset: Dataset, pairs: list[str] | None) -> list[str]:
    if pairs:
        for pair in pairs:
            dataset.lexicon(pair)
        return list(dict.fromkeys(pairs))
    if not dataset.pairs:
        raise UnknownNameError(
            f"the data set {dataset.name!r} has no word list; add one: {dataset.command('import-lists FILE')}"
        )
    return list(dataset.pairs)
