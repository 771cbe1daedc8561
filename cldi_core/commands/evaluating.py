"""``evaluate``: scores and ranks become tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands import terminal
from cldi_core.commands.options import (
    DEFAULT_BACKBONE,
    BackboneOption,
    DatasetOption,
    Direction,
    DirectionOption,
    JsonOption,
)
from cldi_core.commands.scoring import MethodsOption, pairs_of
from cldi_core.commands.terminal import QUIET, print_json
from cldi_core.data.counting import counted
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.data.judgements import Judgement
    from cldi_core.evaluation.pairs import Pair
    from cldi_core.evaluation.ranker import Ranker

Frames = Mapping[str, Mapping[str, "pd.DataFrame"]]  # pair → method → rankings


@dataclass(frozen=True)
class _Wish:
    """What is asked for.

    Attributes:
        rankers: of these; of all without any.
        contenders: methods that are set against each other.
        judgements: figures with these too; ``None`` without a judge.
        clean: figures of clean words too.
    """

    rankers: Sequence[Ranker]
    contenders: Sequence[str]
    same_spelled: bool
    judgements: Sequence[Judgement] | None
    clean: bool


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
    clean: Annotated[
        bool,
        typer.Option(
            "--clean",
            help="Also the figures without words that may mislead: few or tiny pictures, placeholders, pictures that "
            "both languages have, words spelled alike or otherwise than their folder (see check).",
        ),
    ] = False,
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
    names = pairs_of(opened, pair, direction)
    given = None if judge is None else judgements.judgements(opened, judgements.known(opened, judge))
    wish = _Wish(asked, contenders, same_spelled, given, clean)
    answer: dict[str, Any] = {"dataset": opened.name, "backbone": backbone}
    answer |= {} if judge is None else {"judge": judge}
    for group in dict.fromkeys(tuple(one for one in opened.alike(name) if one in names) for name in names):
        pairs = {name: open_pair(opened, backbone, name, loaded) for name in names if name in group}
        for part, found in _evaluated(pairs, wish).items():
            answer[part] = answer.get(part, {}) | found if isinstance(found, dict) else answer.get(part, []) + found
    if as_json:
        print_json(answer)
    else:
        _print_evaluated(answer, len(given or ()))


def _print_evaluated(answer: Mapping[str, Any], judged: int) -> None:
    """The figures, the comparisons, and the figures with judgements and of clean words, as far as they are there."""
    lines = [*terminal.results(answer["results"])]
    if "comparisons" in answer:
        lines += terminal.comparisons(answer["comparisons"])
    if "judge" in answer:
        lines += ["", f"with {counted(judged, 'judgement')} of {answer['judge']!r}"]
        lines += terminal.results(answer["with_judgements"])
    if "clean" in answer:
        lines += ["", *terminal.suspected(answer["suspected"]), *terminal.results(answer["clean"])]
    for line in lines:
        print(line)
    if not all(one["complete"] for one in answer.get("suspected", {}).values()):
        print("not all pictures have been compared yet, so there may be more; run check", file=sys.stderr)


def _evaluated(pairs: Mapping[str, Pair], wish: _Wish) -> dict[str, Any]:
    """The figures of pairs of one direction, and those of their average, as far as they are asked for."""
    from cldi_core import rankers
    from cldi_core.evaluation import tables
    from cldi_core.insight import clean

    wanted = {name: wish.rankers or rankers.shown(pair) for name, pair in pairs.items()}
    found = {name: _ranked(pair, wanted[name]) for name, pair in pairs.items()}
    frames, names = tables.together(pairs, found), list(pairs)
    direction = (Direction.FORWARD if names[0] in pairs[names[0]].dataset.pairs else Direction.BACK).value

    def records(frames: Frames) -> list[dict[str, Any]]:
        # There is one way to compute scores; the key "precision" stays for those who read it.
        return [
            {**record, "direction": direction, "precision": "exact", "error": _error(frames, record)}
            for record in tables.table(frames, same_spelled=wish.same_spelled)
        ]

    answer: dict[str, Any] = {
        "candidates": {name: int((pair.target.sizes > 0).sum()) for name, pair in pairs.items()},
        "results": records(frames),
    }
    if wish.contenders:
        compared = tables.compared(frames, wish.contenders, same_spelled=wish.same_spelled)
        over = tables.AVERAGE if len(names) > 1 else names[0]
        answer["comparisons"] = [{"pair": over, "direction": direction, **record} for record in compared]
    if wish.judgements is not None:
        judged = {name: _judged(pair, wanted[name], found[name], wish.judgements) for name, pair in pairs.items()}
        answer["with_judgements"] = records(tables.together(pairs, judged))
    if wish.clean:
        suspected = {name: clean.of_pair(pair) for name, pair in pairs.items()}
        cleaned = {name: tables.only(own, suspected[name].kept) for name, own in frames.items()}
        told = ("queries", "taken", "findings", "complete")
        answer["suspected"] = {name: {part: getattr(one, part) for part in told} for name, one in suspected.items()}
        answer["clean"] = records(cleaned)
    return answer


def _ranked(pair: Pair, wanted: Sequence[Ranker]) -> dict[str, pd.DataFrame]:
    """The rankings of a pair; what has to be scored for them is scored, and kept."""
    from cldi_core.evaluation.rankings import rankings

    with terminal.progress(f"scoring {pair.name}", delay=QUIET) as bar:
        return rankings(pair, wanted, progress=bar)


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
