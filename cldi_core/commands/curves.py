"""``learning-curve``: how well words translate with few and with many of their pictures."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import (
    DEFAULT_BACKBONE,
    ActorsOption,
    AddressOption,
    BackboneOption,
    DatasetOption,
    Engine,
    EngineOption,
    JsonOption,
    place_of,
)
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.evaluation.pairs import Pair


def learning_curve(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    pair: Annotated[
        list[str] | None, typer.Option("--pair", help="A language pair; may be repeated; all of them without it.")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="An image method; may be repeated; the paper's six without it."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, max=1000, help="How often pictures are drawn for each size.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    engine: EngineOption = Engine.LOCAL,
    address: AddressOption = None,
    actors: ActorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """MRR and P@1 with 1, 2, 5, 10, 20 and all pictures of each word; kept for the dashboard.

    The pictures of both languages are drawn at random, by a seed; a word that has fewer keeps all. What is stored and
    still true is not computed again, and what is ended early goes on from the last size that was finished.
    """
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.features import shards
    from cldi_core.insight import learning, ray_curves
    from cldi_core.scoring.scores import check_choices

    names = list(dict.fromkeys(method or learning.METHODS))
    check_choices(names, "cpu")
    opened = open_dataset(dataset)
    for name in pair or ():
        opened.lexicon(name)
    loaded = shards.open_features(opened, backbone)
    records: list[dict[str, object]] = []
    if not opened.pairs:
        raise UnknownNameError(
            f"the data set {opened.name!r} has no word list; add one: {opened.command('import-lists FILE')}"
        )
    with ExitStack() as stack:
        elsewhere = None
        if engine == Engine.RAY:
            place = place_of(dataset, opened.path)
            elsewhere = stack.enter_context(ray_curves.curves_on(place, backbone, address=address, actors=actors))
        for name in dict.fromkeys(pair or opened.pairs):
            joined = open_pair(opened, backbone, name, loaded)
            with progress(f"learning curve {name}") as report:
                curve = learning.keep_curve(
                    joined, names, draws=draws, seed=seed, progress=report, must_keep=True, elsewhere=elsewhere
                )
            found = _records(joined, names, curve)
            records += found
            if not as_json:
                _print(found)
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "draws": draws, "seed": seed, "curve": records})


def _records(pair: Pair, names: list[str], curve: pd.DataFrame) -> list[dict[str, object]]:
    """What is told of a pair: a record for each method, size and part of speech."""
    from cldi_core.insight import learning

    whole = learning.kept_whole(pair)
    return [
        {"pair": pair.name, "method": one, "pictures": point.size or "all", "setting": point.setting}
        | {"n": point.mrr.n, **point.mrr.record("mrr"), **point.p1.record("p@1")}
        | {"kept_all_source": whole[point.size][0], "kept_all_target": whole[point.size][1]}
        for one in names
        for point in learning.points(curve, one)
    ]


def _print(records: list[dict[str, object]]) -> None:
    """MRR of all parts of speech: a line for each method, a column for each size."""
    rows: dict[tuple[object, object], list[str]] = {}
    for record in records:
        line = rows.setdefault((record["pair"], record["method"]), [])
        if record["setting"] == "ALL":
            line.append(f"{record['pictures']}: {record['mrr']:.2f}")
    for (pair, method), line in rows.items():
        print(f"{pair} {method}, MRR by pictures per word: {', '.join(line)}")
