"""``export``, ``import`` and ``export-lexicon``: a whole data set as one file, and the dictionary that it induces."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DatasetOption, JsonOption, PairOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import QUIET, number, print_json, progress
from cldi_core.data import disk, storage
from cldi_core.data.counting import counted
from cldi_core.data.dataset import locate, open_dataset
from cldi_core.errors import unknown_name

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset
    from cldi_core.insight.lexicon import Entry, Threshold

JUDGED = "the words of the list alone; of other words nothing is known, and theirs may be lower"


def export(
    dataset: DatasetOption,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The zip to write; replaced if it is there.")
    ],
    pictures: Annotated[
        str,
        typer.Option(
            help="Whose files go along: all; licensed, those whose licence is known; none. The others keep their row, "
            "features and results."
        ),
    ] = "licensed",
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="The words and pictures of this language alone; may be repeated."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="Left behind: pictures, features, scores, rankings, evidence, hubs, curves, projections, pivot, "
            "senses, descriptions, concreteness, fingerprints or licences; may be repeated."
        ),
    ] = None,
    with_people: Annotated[
        bool, typer.Option("--with-people", help="Take answers and judgements along, which people gave under a name.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a whole data set into one file, which `import` reads: with pictures as their licences allow."""
    from cldi_core.imports.whole_export import export_whole

    opened = open_dataset(dataset)
    check_output(output, opened)
    with progress("exporting", unit="MB") as bar:
        report = export_whole(
            opened, output, pictures=pictures, languages=language or (), without=without or (), with_people=with_people,
            progress=bar,
        )  # fmt: skip
    size, files = report.counts["bytes"] / 1_000_000, report.counts["files"]
    tell(
        [report],
        [f"{counted(files, 'file')}, {counted(report.counts['pictures'], 'picture')}: {output} ({size:.1f} MB)"],
        as_json=as_json,
    )


def import_(
    file: Annotated[Path, typer.Argument(help="What `export` has written.")],
    dataset: DatasetOption,
    title: Annotated[str, typer.Option(help="What people see; without it the title that it had.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a data set of a file that `export` wrote; all of it or nothing."""
    from cldi_core.imports.whole import import_whole

    path = locate(dataset)
    with progress("importing", unit="MB") as bar:
        report = import_whole(path, file, title=title, progress=bar)
    tell([report], [f"{counted(report.counts['files'], 'file')}: {path}"], as_json=as_json)


def check_output(file: Path, dataset: Dataset) -> None:
    """Whether a file can be put there, before anything is done for it: never into a data set, whose files it could be.

    Raises:
        typer.BadParameter: it cannot.
    """
    if file.is_dir():
        raise typer.BadParameter(f"{str(file)!r} is a folder; name a file in it", param_hint="--output")
    if not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(file.parent)!r}; make it first", param_hint="--output")
    if file.exists() and not file.is_file():
        raise typer.BadParameter(f"{str(file)!r} is no regular file; name another", param_hint="--output")
    if {dataset.path.resolve(), dataset.home.resolve()} & {*file.resolve().parents}:
        raise typer.BadParameter(f"{str(file)!r} is in the data set itself; name a file outside", param_hint="--output")


def export_lexicon(
    dataset: DatasetOption,
    pair: PairOption,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The dictionary to write; replaced if it is there.")
    ],
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: Annotated[
        str, typer.Option("--method", help="A method, also a composed one or a trained model.")
    ] = "avgmax",
    form: Annotated[
        str, typer.Option("--format", help="tsv: all that is known of each line; muse: source and target, no header.")
    ] = "tsv",
    top: Annotated[int, typer.Option(min=1, help="Places; more lines where several candidates share the last.")] = 1,
    mutual: Annotated[bool, typer.Option("--mutual", help="Only words that are each other's nearest.")] = False,
    min_precision: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Only words of a margin at which so many answers of the list are right."),
    ] = None,
    min_margin: Annotated[
        float | None, typer.Option(help="Only words whose best score is so far above the second best.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the dictionary that a method induces, with scores, ranks, margins and the precision to expect.

    The precision is that of the words in the list, on which a threshold of --min-precision is also chosen: the second
    figure judges each word by the threshold of the others. Words stand in the file as they are; open it as text.
    """
    from cldi_core import rankers
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.insight import lexicon

    _check_lexicon(form, min_precision, min_margin)
    ranker, opened = rankers.ranker(method), open_dataset(dataset)
    check_output(output, opened)
    joined = open_pair(opened, backbone, pair)
    listed = lexicon.stored_matrix(joined, ranker)
    with progress("scoring words of no list", "words", delay=QUIET):
        joined, matrix = lexicon.with_unlisted(joined, ranker, listed)
    frame = lexicon.answers(joined, matrix, mutual=mutual)
    if min_precision is not None:
        threshold = lexicon.for_precision(frame, min_precision)
    else:
        threshold = lexicon.at_margin(frame, -math.inf if min_margin is None else min_margin)
    found = list(lexicon.entries(joined, matrix, frame, top=top, mutual=mutual, margin=threshold.margin))
    lines = [one for one in found if lexicon.is_writable(one)]
    try:
        storage.write_text(output, lexicon.FORMATS[form](lines))
    except OSError as error:
        raise disk.cannot_write_file(output, error) from error
    told = _told(lines, threshold, len(joined.source), len(found) - len(lines), form)
    told["unlisted"] = len(joined.source) - len(listed)
    told["not_computed"] = len(lexicon.unlisted(joined)) if ranker.row is None else 0
    if as_json:
        about = {"dataset": opened.name, "backbone": backbone, "pair": pair, "method": ranker.name}
        print_json({**about, "file": str(output), "format": form, **told})
    else:
        _print_lexicon(ranker.label, output, told, threshold)


def _check_lexicon(form: str, min_precision: float | None, min_margin: float | None) -> None:
    """Whether the options mean something, before anything is read."""
    from cldi_core.insight import lexicon

    if form not in lexicon.FORMATS:
        raise unknown_name("format", form, lexicon.FORMATS)
    if min_precision is not None and min_margin is not None:
        raise typer.BadParameter("give one of --min-precision and --min-margin", param_hint="--min-margin")
    if min_margin is not None and not math.isfinite(min_margin):
        raise typer.BadParameter("it is not a number", param_hint="--min-margin")


def _told(lines: list[Entry], threshold: Threshold, words: int, unwritable: int, form: str) -> dict[str, Any]:
    """What is said of a dictionary that was written."""
    from cldi_core.insight import lexicon

    crossed = threshold.crossed
    return {
        "lines": len(lines),
        "words": len({one.source for one in lines}),
        "of": words,
        "mutual": sum(one.mutual for one in lines),
        "gold": sum(one.gold is True for one in lines),
        "joined": sum(map(lexicon.is_joined, lines)) if form == "muse" else 0,
        "unwritable": unwritable,
        "margin": threshold.margin,
        **threshold.precision.record("precision"),
        "precision_words": threshold.precision.n,
        "answers": threshold.answers,
        "judged": threshold.judged,
        **({} if crossed is None else crossed.record("crossed") | {"crossed_words": crossed.n}),
        "judged_on": JUDGED,
    }


def _print_lexicon(label: str, output: Path, told: dict[str, Any], threshold: Threshold) -> None:
    print(f"{label}: {counted(told['lines'], 'line')} for {told['words']} of {counted(told['of'], 'word')}: {output}")
    where = "" if math.isinf(threshold.margin) else f" of a margin of {threshold.margin:.4g} or more"
    precision = threshold.precision.text(number)
    print(f"precision {precision} of {threshold.answers} of {counted(threshold.judged, 'answer')}{where}")
    if threshold.crossed is not None:
        print(f"precision {threshold.crossed.text(number)} where each word has the margin that the others choose")
    print(f"judged on {JUDGED}")
    if told["unlisted"]:
        print(f"in no list, and scored now: {counted(told['unlisted'], 'word')} with pictures")
    if told["not_computed"]:
        words = counted(told["not_computed"], "word with pictures", "words with pictures")
        print(
            f"left out, as they are in no list and {label} needs the scores of all words at once: "
            f"{words}; a method such as avgmax can do that without them",
            file=sys.stderr,
        )
    if told["joined"]:
        print(
            f"in {counted(told['joined'], 'line')} spaces within words are underscores, as MUSE splits lines at spaces"
        )
    if told["unwritable"]:
        print(
            f"left out, as their words hold control characters: {counted(told['unwritable'], 'line')}", file=sys.stderr
        )
