"""``explain`` and ``project``: why a word came out as it did, and the maps."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, JsonOption, PairOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import open_dataset


def project(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    force: Annotated[bool, typer.Option("--force", help="Compute again what is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the maps of words and pictures (UMAP; minutes for thousands of pictures)."""
    from cldi_core.insight import maps

    done = maps.project(open_dataset(dataset), backbone, force=force)
    if as_json:
        print_json(done)
    else:
        print(", ".join(f"{kind}: {how}" for kind, how in done.items()))


def explain(
    dataset: DatasetOption,
    pair: PairOption,
    word: Annotated[str, typer.Option("--word", help="An English word, such as shake or shake.V.")],
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: Annotated[str, typer.Option("--method")] = "avgmax",
    top: Annotated[int, typer.Option(min=1, help="How many candidates are listed.")] = 10,
    wordnet: Annotated[
        str,
        typer.Option("--wordnet", envvar="WNSEARCHDIR", help="A WordNet folder, where the data set has no senses.tsv."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Why a word came out as it did: ranks, candidates, dispersion, senses."""
    from cldi_core import rankers
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.evaluation.rankings import rankings
    from cldi_core.evaluation.stored_scores import scored as scores_of
    from cldi_core.insight import explanation

    if wordnet:
        os.environ["WNSEARCHDIR"] = wordnet
    joined = open_pair(open_dataset(dataset), backbone, pair)
    number = joined.find(word)
    chosen = rankers.ranker(method)
    scored = scores_of(joined, [chosen, rankers.ranker("maxmax")])
    frame = rankings(joined, [chosen], scored)[method]
    found = explanation.explain(joined, number, scored[method].matrix, scored["maxmax"].matrix, frame)
    if as_json:
        print_json(explanation.as_json(found, top))
        return
    print(explanation.verdict(found, method))
    senses = "unknown" if found.senses is None else found.senses
    print(f"pictures {found.pictures}, dispersion {found.dispersion:.2f}, senses {senses}")
    for candidate in found.candidates[:top]:
        mark = "✓" if candidate.gold else " "
        print(f"{explanation.shown_rank(candidate.rank):>5} {mark} {candidate.score:6.3f}  {candidate.word}")
    for candidate in found.gold:
        print(f"right: {candidate.word}, rank {explanation.shown_rank(candidate.rank)} of {len(found.candidates)}")
