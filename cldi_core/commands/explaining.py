"""``explain``: why a word came out as it did."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, JsonOption, PairOption
from cldi_core.commands.terminal import QUIET, print_json, progress
from cldi_core.data.counting import counted
from cldi_core.data.dataset import open_dataset

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from cldi_core.evaluation.pairs import Pair
    from cldi_core.evaluation.ranker import Ranker
    from cldi_core.insight.story import Asking, Story

SAVING = 5  # of the changes that would have saved a word, printed


def explain(
    dataset: DatasetOption,
    pair: PairOption,
    word: Annotated[str, typer.Option("--word", help="A word of the pair's first language, such as shake or shake.V.")],
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: Annotated[str, typer.Option("--method")] = "avgmax",
    top: Annotated[int, typer.Option(min=1, help="How many candidates are listed.")] = 10,
    wordnet: Annotated[
        str,
        typer.Option("--wordnet", envvar="WNSEARCHDIR", help="A WordNet folder, where the data set has no senses.tsv."),
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write all of it, with pictures, into one HTML file as well."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Why a word came out as it did: ranks, candidates, causes, and what would have saved it.

    Scores and evidence are computed for all words where they are not stored, and kept.
    """
    from cldi_core import rankers
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.insight import story_json
    from cldi_core.insight.story import tell

    if wordnet:
        os.environ["WNSEARCHDIR"] = wordnet
    if report is not None:
        _check(report)
    joined = open_pair(open_dataset(dataset), backbone, pair)
    ranker = rankers.ranker(method)
    story = tell(_asking(joined, joined.find(word), ranker))
    if as_json:
        print_json(story_json.as_json(story, top))
    else:
        _print_explained(story, top)
    if report is not None:
        _write(report, story, joined, ranker)


def _check(file: Path) -> None:
    """Whether a report can be put there, before anything is computed for it."""
    if file.is_dir():
        raise typer.BadParameter(f"{str(file)!r} is a folder; name a file in it", param_hint="--report")
    if not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(file.parent)!r}; make it first", param_hint="--report")


def _write(file: Path, story: Story, pair: Pair, ranker: Ranker) -> None:
    """Write the report; what was there is replaced at once or not at all."""
    from cldi_core.data import disk, storage
    from cldi_core.data.thumbnails import Shelf, data_url
    from cldi_core.insight.report import word_report

    shelf = Shelf(pair.dataset.pictures)
    text = word_report(story, pair, ranker, lambda ids: {key: data_url(made) for key, made in shelf.get(ids).items()})
    try:
        storage.write_text(file, text)
    except OSError as error:
        raise disk.cannot_write_file(file, error) from error
    print(f"report: {file} ({len(text.encode()) / 1000:.0f} kB)", file=sys.stderr)


def _asking(pair: Pair, number: int, ranker: Ranker) -> Asking:
    """A word with everything that its story needs; what all words have to be scored for is computed and kept."""
    from cldi_core import rankers
    from cldi_core.evaluation.ranker import with_bases
    from cldi_core.evaluation.stored_scores import scored as scores_of
    from cldi_core.insight import evidence
    from cldi_core.insight.causes import with_ceilings
    from cldi_core.insight.ceiling import stored_ceilings
    from cldi_core.insight.elsewhere import elsewhere
    from cldi_core.insight.story import Asking

    bases = with_bases(ranker.bases)
    with progress(f"scoring {pair.name}", delay=QUIET) as bar:
        needed = scores_of(pair, [ranker, *bases], progress=bar)
    with progress(f"evidence of {pair.name}", "words", delay=QUIET):
        known = {} if ranker.kind == rankers.CONTROL else evidence.keep_evidence(pair, [ranker], needed)
    query, ceilings = pair.queries[number], stored_ceilings(pair)
    own = known.get(ranker.name)
    return Asking(
        pair,
        number,
        ranker,
        needed[ranker.name].matrix[pair.rows[number]],
        {base.name: needed[base.name].matrix for base in bases},
        None if own is None else with_ceilings(own, ceilings),
        ceilings,
        elsewhere(pair.dataset, pair.backbone, pair.name, ranker.name, query.id, _frames(pair)),
    )


def _frames(pair: Pair) -> Callable[[str, str, str], pd.DataFrame | None]:
    """Gives the stored rankings of a backbone, a pair and a method; pairs are opened once."""
    from cldi_core import rankers
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.evaluation.rankings import stored_rankings

    opened = {(pair.backbone, pair.name): pair}

    def frame(backbone: str, name: str, method: str) -> pd.DataFrame | None:
        if (backbone, name) not in opened:
            opened[backbone, name] = open_pair(pair.dataset, backbone, name)
        ranker = rankers.ranker(method)
        return stored_rankings(opened[backbone, name], [ranker]).get(method)

    return frame


def _print_explained(story: Story, top: int) -> None:
    """What became of a word, the verdict, the causes, what would have saved it, and the best candidates."""
    from cldi_core.insight.explanation import shown_rank

    found = story.found
    print(f"outcome: {'no pictures' if math.isnan(found.rank) else found.outcome}")
    for right in found.gold:
        print(f"right answer: {right.word}, rank {shown_rank(right.rank)} of {found.ranked}")
    if found.shared and found.rival:
        print(f"tied with it: {found.rival.word} ({found.rival.pos}), rank {shown_rank(found.rival.rank)}")
    elif found.winner and not found.winner.gold:
        print(f"winner: {found.winner.word} ({found.winner.pos}), rank {shown_rank(found.winner.rank)}")
    if story.verdict:
        print(f"verdict: {story.verdict}")
    for cause in story.causes:
        counts = f"{cause.missed} of {cause.missed_of} missed {cause.among}, {cause.found} of {cause.found_of} found"
        print(f"cause: {cause.cause}, strength {cause.strength:.2f} ({counts})")
    _print_pictures(story)
    for change in story.changes[:SAVING]:
        first = "shares the first place" if change.right and change.rank > 1 else "wins"
        print(f"what if: {change.change}: rank {shown_rank(change.rank)}, {change.winner} {first}")
    for candidate in found.candidates[:top]:
        mark = "✓" if candidate.gold else " "
        print(f"{shown_rank(candidate.rank):>5} {mark} {candidate.score:6.3f}  {candidate.word}")


def _print_pictures(story: Story) -> None:
    """The figures of a word's pictures."""

    def shown(figure: float) -> str:
        return "unknown" if math.isnan(figure) else f"{figure:.2f}"

    found = story.found
    print(f"best cosine {shown(found.best_cosine)}, typical of found words {shown(story.typical)}")
    senses = "unknown" if found.senses is None else found.senses
    print(f"pictures {found.pictures}, dispersion {shown(found.dispersion)}, senses {senses}")
    if story.ceiling is not None:
        print(
            f"ceiling: MRR {shown(story.ceiling.mrr)}, half of its pictures looking for the other half "
            f"({counted(story.ceiling.splits, 'split')}, {counted(story.ceiling.candidates, 'candidate')})"
        )
