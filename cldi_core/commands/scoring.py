"""``score`` and ``evaluate``: features become scores, ranks and tables."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands import terminal
from cldi_core.commands.options import (
    DEFAULT_BACKBONE,
    BackboneOption,
    Candidates,
    DatasetOption,
    DeviceOption,
    Direction,
    DirectionOption,
    JsonOption,
)
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from cldi_core.data.judgements import Judgement
    from cldi_core.evaluation.pairs import Pair
    from cldi_core.evaluation.ranker import Ranker, Scored


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
        list[str] | None,
        typer.Option(
            "--pair", help="A language pair, also asked the other way (de-en); may be repeated; all without it."
        ),
    ] = None,
    direction: DirectionOption = Direction.FORWARD,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: MethodsOption = None,
    precision: Annotated[
        str | None, typer.Option(help="Does nothing any more: scores are exact. It goes with the next release.")
    ] = None,
    device: DeviceOption = "cpu",
    candidates: Annotated[
        Candidates | None,
        typer.Option(
            help="Among which words an answer is sought, here and from now on: those of the list, or all of that "
            "language that have pictures; as before without it, and listed at first."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score all word pairs and keep scores, ranks and evidence of what decided them, so that pages open at once.

    What is stored and still true is not computed again; where something cannot be kept, it ends with 1.
    """
    from cldi_core import rankers
    from cldi_core.data.candidates import choose
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.features import shards
    from cldi_core.scoring.hardware import check_device

    if precision is not None:
        print("--precision does nothing any more: scores are exact; leave it out", file=sys.stderr)
    asked = [rankers.ranker(name) for name in dict.fromkeys(method or ())]
    check_device(device)
    opened = open_dataset(dataset)
    if candidates:
        opened = choose(opened, candidates.value)
    loaded = shards.open_features(opened, backbone)
    records: list[dict[str, object]] = []
    among: dict[str, dict[str, object]] = {}
    for name in _pairs(opened, pair, direction):
        joined = open_pair(opened, backbone, name, loaded)
        wanted = asked or rankers.available(opened, backbone, name, rankers.IMAGES, rankers.TRAINED)
        beside = [] if asked else rankers.available(opened, backbone, name, rankers.CONTROL)
        scored = _score(joined, wanted, beside, device)
        records += [_scored_record(name, way, one) for way, one in scored.items()]
        among[name] = _candidates(joined)
        if not as_json:
            _print_scored(name, (len(joined.source), len(joined.target)), scored)
            _print_candidates(joined, among[name])
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "candidates": among, "scored": records})


def _score(pair: Pair, wanted: Sequence[Ranker], beside: Sequence[Ranker], device: str) -> dict[str, Scored]:
    """The scores of a pair; with its ranks, evidence, hubs and ceilings they are kept.  ``beside``: ranks alone."""
    from cldi_core import rankers
    from cldi_core.evaluation.rankings import rankings
    from cldi_core.evaluation.stored_scores import scored as scores_of
    from cldi_core.insight.ceiling import keep_ceilings
    from cldi_core.insight.evidence import keep_evidence
    from cldi_core.insight.hubs import keep_hubs

    with progress(f"scoring {pair.name}") as report:
        scored = scores_of(pair, wanted, device, report, must_keep=True)
    rankings(pair, [*wanted, *beside], scored, must_keep=True)
    explained = [ranker for ranker in wanted if ranker.kind != rankers.CONTROL]
    keep_evidence(pair, explained, scored, must_keep=True)
    keep_hubs(pair, explained, scored, must_keep=True)
    keep_ceilings(pair, must_keep=True)
    return scored


def evaluate(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", help="A language pair; may be repeated; all and their average without it."),
    ] = None,
    direction: DirectionOption = Direction.FORWARD,
    method: MethodsOption = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            help="Methods to set against each other, separated by commas (one with commas in its name by a --compare "
            "of its own): difference of their MRR, p by permutation and after Holm's correction, words won and lost.",
        ),
    ] = None,
    same_spelled: Annotated[bool, typer.Option(help="Keep words spelled alike in both languages.")] = True,
    judge: Annotated[
        str | None, typer.Option("--judge", help="Also the figures with the judgements of this name (page Judge).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """MRR, P@1 and P@10 by method and part of speech, with 95 % intervals.

    Intervals are over words: a word counts with all its queries and pairs. Below 20 words there is none. All figures
    are also given over all queries, those without pictures counted as 0. Each direction has an average of its own.
    """
    from cldi_core import rankers
    from cldi_core.data import judgements
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.features import shards

    contenders = _contenders(compare)
    # What is compared is shown, and nothing else unless it is asked for.
    asked = [rankers.ranker(name) for name in dict.fromkeys([*(method or ()), *contenders])]
    opened = open_dataset(dataset)
    loaded = shards.open_features(opened, backbone)
    names = _pairs(opened, pair, direction)
    answer: dict[str, Any] = {"dataset": opened.name, "backbone": backbone, "candidates": {}, "results": []}
    if contenders:
        answer["comparisons"] = []
    given = None if judge is None else judgements.judgements(opened, judgements.known(opened, judge))
    if given is not None:
        answer |= {"judge": judge, "with_judgements": []}
    for group in dict.fromkeys(tuple(one for one in opened.alike(name) if one in names) for name in names):
        pairs = {name: open_pair(opened, backbone, name, loaded) for name in names if name in group}
        of_group = _evaluated(pairs, asked, contenders, same_spelled, given)
        answer["candidates"] |= of_group["candidates"]
        for part in ("results", "comparisons", "with_judgements"):
            if part in answer:
                answer[part] += of_group[part]
    if as_json:
        print_json(answer)
    else:
        _print_evaluated(answer, len(given or ()))


def _print_evaluated(answer: Mapping[str, Any], judged: int) -> None:
    """The figures, the comparisons and the figures with judgements, as far as they are asked for."""
    lines = [*terminal.results(answer["results"])]
    if "comparisons" in answer:
        lines += terminal.comparisons(answer["comparisons"])
    if "judge" in answer:
        lines += ["", f"with the {judged} judgements of {answer['judge']!r}"]
        lines += terminal.results(answer["with_judgements"])
    for line in lines:
        print(line)


def _evaluated(
    pairs: Mapping[str, Pair],
    asked: Sequence[Ranker],
    contenders: Sequence[str],
    same_spelled: bool,
    given: Sequence[Judgement] | None,
) -> dict[str, Any]:
    """The figures of pairs of one direction, and those of their average; also with judgements, where some are given."""
    from cldi_core import rankers
    from cldi_core.evaluation import tables
    from cldi_core.evaluation.rankings import rankings

    kinds = (rankers.IMAGES, rankers.TRAINED)
    wanted = {
        name: asked or rankers.available(pair.dataset, pair.backbone, name, *kinds) for name, pair in pairs.items()
    }
    found = {name: rankings(pair, wanted[name]) for name, pair in pairs.items()}
    frames, names = tables.together(pairs, found), list(pairs)
    direction = (Direction.FORWARD if names[0] in pairs[names[0]].dataset.pairs else Direction.BACK).value
    compared = tables.compared(frames, contenders, same_spelled=same_spelled) if contenders else []
    over = tables.AVERAGE if len(names) > 1 else names[0]

    def records(frames: Mapping[str, Mapping[str, pd.DataFrame]]) -> list[dict[str, Any]]:
        # There is one way to compute scores; the key "precision" stays for those who read it.
        return [
            {**record, "direction": direction, "precision": "exact", "error": _error(frames, record)}
            for record in tables.table(frames, same_spelled=same_spelled)
        ]

    judged = {name: _judged(pair, wanted[name], found[name], given or ()) for name, pair in pairs.items()}
    return {
        "candidates": {name: int((pair.target.sizes > 0).sum()) for name, pair in pairs.items()},
        "results": records(frames),
        "comparisons": [{"pair": over, "direction": direction, **record} for record in compared],
        "with_judgements": records(tables.together(pairs, judged)) if given is not None else [],
    }


def _judged(
    pair: Pair, wanted: Sequence[Ranker], frames: Mapping[str, pd.DataFrame], given: Sequence[Judgement]
) -> dict[str, pd.DataFrame]:
    """Rankings with judgements; what has to be scored for them is scored, and kept."""
    from cldi_core.evaluation.judged import right_answers, with_judgements
    from cldi_core.evaluation.stored_scores import scored as scores_of

    if not right_answers(pair, given):
        return dict(frames)
    scored = scores_of(pair, wanted)

    def row(ranker: Ranker, word: str) -> Any:
        return scored[ranker.name].matrix[pair.source.row(word)]

    return {one.name: with_judgements(pair, one, frames[one.name], given, partial(row, one)) for one in wanted}


def _contenders(given: list[str] | None) -> list[str]:
    """The methods of ``--compare``; a fusion has commas in its name (``rrf=avgmax,knn``)."""
    found = [name.strip() for one in given or () for name in ([one] if "=" in one else one.split(","))]
    names = list(dict.fromkeys(name for name in found if name))
    if given and len(names) < 2:
        raise UnknownNameError("--compare takes at least two methods, such as --compare avgmax,cnn-mean")
    return names


def _error(frames: Mapping[str, Mapping[str, pd.DataFrame]], record: dict[str, Any]) -> float:
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


def _candidates(pair: Pair) -> dict[str, object]:
    """Among what the answers of a pair are sought: ``choice``; ``listed``, the words of its list with pictures;
    ``further``, candidates that are not in it; ``unlisted``, words of their language with pictures in no list at all.
    """
    from cldi_core.data import candidates

    listed = {answer for query in pair.queries for answer in query.right}
    pictured = [word for word, size in zip(pair.target.words, pair.target.sizes, strict=True) if size]
    language = pair.languages[1]
    members = pair.dataset.members(language)
    return {
        "choice": candidates.choice(pair.dataset),
        "listed": sum(word in listed for word in pictured),
        "further": sum(word not in listed for word in pictured),
        "unlisted": sum(word in members for word in pair.dataset.spellings(language).unlisted),
    }


def _print_candidates(pair: Pair, among: Mapping[str, object]) -> None:
    """One line, where words have pictures that are in no list."""
    if among["further"]:
        print(f"{pair.name}: {among['further']} candidates are not in its list, {among['listed']} are")
    elif among["unlisted"]:
        language = pair.languages[1]
        print(
            f"{pair.name}: {among['unlisted']} words of {language!r} with pictures are in no list and no candidates; "
            f"to have them among the wrong answers: {pair.dataset.command('score', '--candidates', 'all')}"
        )


def _pairs(dataset: Dataset, pairs: list[str] | None, direction: Direction) -> list[str]:
    """The pairs that are named, or all word lists, in the direction that is meant."""
    if not pairs and not dataset.pairs:
        raise UnknownNameError(
            f"the data set {dataset.name!r} has no word list; add one: {dataset.command('import-lists FILE')}"
        )
    forward = list(dict.fromkeys(pairs or dataset.pairs))
    for pair in forward:
        dataset.lexicon(pair)
    back = [turned for turned in map(dataset.back, forward) if turned]
    meant = {Direction.FORWARD: forward, Direction.BACK: back, Direction.BOTH: [*forward, *back]}
    return list(dict.fromkeys(meant[direction]))
