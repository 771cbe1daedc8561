"""``explain`` and ``project``: why a word came out as it did, and the maps."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, JsonOption, PairOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import open_dataset

if TYPE_CHECKING:
    from cldi_core.insight.explanation import Explanation


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
    scored = scores_of(joined, [chosen])
    frame = rankings(joined, [chosen], scored)[method]
    row = scored[method].matrix[joined.rows[number]]
    found = explanation.explain(joined, number, row, frame, learned=rankers.is_trained(method))
    if as_json:
        print_json(explanation.as_json(found, top))
    else:
        _print_explained(found, top)


def _print_explained(found: Explanation, top: int) -> None:
    """The facts of an explanation, a line each, and the best candidates."""
    from cldi_core.insight.explanation import shown_rank

    def shown(figure: float) -> str:
        return "unknown" if math.isnan(figure) else f"{figure:.2f}"

    print(f"outcome: {found.outcome}")
    for right in found.gold:
        print(f"right answer: {right.word}, rank {shown_rank(right.rank)} of {found.ranked}")
    if found.reason:
        if found.winner:
            beside = f", shared with {found.rival.word}" if found.shared and found.rival else ""
            print(f"winner: {found.winner.word} ({found.winner.pos}), rank {shown_rank(found.winner.rank)}{beside}")
        print(f"reason: {found.reason}")
    print(f"best cosine {shown(found.best_cosine)}, typical of found words {shown(found.typical)}")
    senses = "unknown" if found.senses is None else found.senses
    print(f"pictures {found.pictures}, dispersion {shown(found.dispersion)}, senses {senses}")
    for candidate in found.candidates[:top]:
        mark = "✓" if candidate.gold else " "
        print(f"{shown_rank(candidate.rank):>5} {mark} {candidate.score:6.3f}  {candidate.word}")
