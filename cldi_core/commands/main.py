"""The command line: ``python -m cldi_core COMMAND …``.

Exit codes: 0 when a command did all its work, 1 for a failure that it names, 2 for wrong use.  Results go to standard
output, everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from cldi_core.commands.pivot import app as pivot
from cldi_core.commands.terminal import failures, print_json, progress
from cldi_core.data.dataset import Dataset, locate, open_dataset
from cldi_core.errors import CldiError, UnknownNameError, unknown

if TYPE_CHECKING:
    from cldi_core.evaluation.stored_scores import Scored

app = typer.Typer(
    help="Learn translations from pictures: import, extract, score, evaluate, explain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(pivot, name="pivot")

DatasetOption = Annotated[str, typer.Option("--dataset", help="A data set's name under data/, or a path.")]
BackboneOption = Annotated[str, typer.Option("--backbone", help="The network whose features are used.")]
PairOption = Annotated[str, typer.Option("--pair", help="A language pair, such as en-de.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PROGRAM = "python -m cldi_core"
DEFAULT_BACKBONE = "efficientnet-lite0"
INTERRUPTED = 130


def _scored_record(pair: str, method: str, scored: Scored) -> dict[str, object]:
    how = {name: getattr(scored, name) for name in ("precision", "device", "seconds", "computed", "found")}
    return {"pair": pair, "method": method, "shape": list(scored.matrix.shape), **how}


def _print_scored(pair: str, words: tuple[int, int], scored: dict[str, Scored]) -> None:
    """One line: what was computed, how, and what was there already."""
    fresh = {name: one for name, one in scored.items() if not one.found}
    how = sorted({f"{one.precision} on {one.device}" for one in fresh.values()})
    done = f"computed {', '.join(fresh)} ({', '.join(how)})" if fresh else "nothing to compute"
    print(
        f"{pair}: {words[0]} × {words[1]} words, {done}; {len(scored) - len(fresh)} of {len(scored)} methods were there"
    )


def _pairs(dataset: Dataset, pair: str | None) -> list[str]:
    if pair is not None:
        dataset.lexicon(pair)
        return [pair]
    if not dataset.pairs:
        raise UnknownNameError(
            f"the data set {dataset.name!r} has no word list; "
            f"add one: python -m cldi_core import-lists FILE --dataset {dataset.name}"
        )
    return list(dataset.pairs)


@app.command("import-lists")
def import_lists(
    files: Annotated[list[Path], typer.Argument(help="Word lists: English, translation, POS; tab-separated.")],
    dataset: DatasetOption,
    pair: Annotated[str | None, typer.Option("--pair", help="The pair, where the file's name does not say it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import published word lists (imgWords_en_de.txt)."""
    from cldi_core.data import importers

    summaries = importers.import_lists(locate(dataset), files, pair)
    for summary in summaries:
        if as_json:
            print_json(summary)
        else:
            counts = ", ".join(f"{count} {pos}" for pos, count in summary["pos"].items())
            print(f"{summary['pair']}: {summary['rows']} lines ({counts}), {summary['target_words']} translations")


@app.command("import-folder")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="DIR/<language>/<word>/<picture>")],
    dataset: DatasetOption,
    licence: Annotated[str, typer.Option(help="The licence of the pictures.")] = "unknown",
    author: Annotated[str, typer.Option(help="Who made the pictures.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import a folder of pictures; the names of its folders are languages and words."""
    from cldi_core.data import importers

    with progress("reading") as report:
        done = importers.import_folder(locate(dataset), folder, licence=licence, author=author, progress=report)
    if as_json:
        print_json(vars(done))
    else:
        words = ", ".join(f"{count} words in {language}" for language, count in done.languages.items())
        print(f"{done.pictures} pictures ({done.new} new) for {words}")
    failures(done.failed)


@app.command()
def extract(
    dataset: DatasetOption,
    backbone: Annotated[str, typer.Option("--backbone", help="The network; see above.")] = DEFAULT_BACKBONE,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    weights: Annotated[
        Path | None, typer.Option(help="A file of weights (.safetensors, .pth) instead of the usual ones.")
    ] = None,
    precision: Annotated[
        str, typer.Option(help="exact (float32), fast (half as wide), or auto: fast where the device gains by it.")
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode pictures; one for each core without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Extract again what is there already.")] = False,
    engine: Annotated[str, typer.Option(help="local, or ray: the same on a cluster of machines.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster; without it one on this machine.")] = None,
    output: Annotated[
        str | None, typer.Option(help="Where Ray writes, instead of the data set: a folder, or s3://…, gs://…")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Extract the pictures' features; goes on where an interrupted run stopped.

    Backbones: efficientnet-lite0, efficientnet-lite2, vgg19 (the papers'), vgg19-fc1, vgg19-logits, alexnet, resnet50,
    and timm:NAME for any network of the timm library (pip install timm).
    """
    if engine not in ("local", "ray"):
        raise unknown("engine", engine, ("local", "ray"))
    given: dict[str, Any] = {"weights": weights, "precision": precision, "force": force}
    opened = open_dataset(dataset)
    with progress("extracting") as report:
        if engine == "ray":
            from cldi_core.features import ray_engine

            done = ray_engine.extract(opened, backbone, device, address=address, output=output, report=report, **given)
        else:
            from cldi_core.features import extraction

            done = extraction.extract(opened, backbone, device, workers=workers, report=report, **given)
    if as_json:
        failed = [{"file": row["file"], "reason": row["reason"]} for row in done.failed]
        print_json({**vars(done), "failed": failed})
    else:
        print(f"{done.extracted} pictures extracted, {done.reused} kept, in {done.seconds:.1f} s")
    failures(done.failed)


@app.command()
def score(
    dataset: DatasetOption,
    pair: Annotated[str | None, typer.Option("--pair", help="A language pair; all of them without it.")] = None,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: Annotated[
        str | None,
        typer.Option("--method", help="A method, also a composed one (maxmax+csls, rrf=avgmax,cnn-mean); or all."),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="exact (float32), fast (bfloat16, same ranks), or auto: fast where it is faster.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Score all word pairs and keep the scores and ranks, so that pages open at once.

    What is stored and still true is not computed again.
    """
    from cldi_core.evaluation import controls, runs
    from cldi_core.features import shards
    from cldi_core.pivot import translation
    from cldi_core.scoring.methods import METHODS
    from cldi_core.scoring.scores import check_choices

    check_choices([method] if method else [], device)
    opened = open_dataset(dataset)
    loaded = shards.load(opened, backbone)
    records: list[dict[str, object]] = []
    for name in _pairs(opened, pair):
        joined = runs.open_pair(opened, backbone, name, loaded)
        methods = [method] if method else [*METHODS, *translation.trained(opened, backbone, name)]
        with progress(f"scoring {name}") as report:
            scored = runs.scored(joined, methods, precision, device, report)
        runs.rankings(joined, [*methods, *([] if method else controls.available(opened))], scored)
        records += [_scored_record(name, way, one) for way, one in scored.items()]
        if not as_json:
            _print_scored(name, (len(joined.source), len(joined.target)), scored)
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "scored": records})


@app.command()
def evaluate(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    pair: Annotated[
        str | None, typer.Option("--pair", help="A language pair; all and their average without it.")
    ] = None,
    method: Annotated[str | None, typer.Option("--method", help="A method; all of them without it.")] = None,
    same_spelled: Annotated[bool, typer.Option(help="Keep words spelled alike in both languages.")] = True,
    as_json: JsonOption = False,
) -> None:
    """MRR, P@1 and P@10 by method and part of speech, with 95 % intervals."""
    from cldi_core.evaluation import runs, tables
    from cldi_core.features import shards
    from cldi_core.pivot import translation
    from cldi_core.scoring.methods import METHODS

    opened = open_dataset(dataset)
    loaded = shards.load(opened, backbone)
    frames, candidates = {}, {}
    for name in _pairs(opened, pair):
        joined = runs.open_pair(opened, backbone, name, loaded)
        methods = [method] if method else [*METHODS, *translation.trained(opened, backbone, name)]
        frames[name] = runs.rankings(joined, methods)
        candidates[name] = int((joined.target.sizes > 0).sum())
    records = tables.table(frames, same_spelled=same_spelled)
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, "candidates": candidates, "results": records})
        return
    print(f"{'pair':8} {'method':9} {'POS':4} {'MRR':>5} {'95 %':>12} {'P@1':>5} {'P@10':>5} {'n':>5} coverage")
    for row in records:
        print(
            f"{row['pair']:8} {row['method']:9} {row['setting']:4} {row['mrr']:5.2f} "
            f"[{row['mrr_low']:.2f}, {row['mrr_high']:.2f}] {row['p@1']:5.2f} {row['p@10']:5.2f} "
            f"{row['n']:5d} {row['coverage']:.2f}"
        )


@app.command()
def project(
    dataset: DatasetOption,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    force: Annotated[bool, typer.Option("--force", help="Compute again what is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the maps of words and pictures (UMAP; minutes for thousands of pictures)."""
    from cldi_core.insight import projection

    done = projection.project(open_dataset(dataset), backbone, force=force)
    if as_json:
        print_json(done)
    else:
        print(", ".join(f"{kind}: {how}" for kind, how in done.items()))


@app.command()
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
    from cldi_core.evaluation import runs
    from cldi_core.insight import explanation

    if wordnet:
        os.environ["WNSEARCHDIR"] = wordnet
    joined = runs.open_pair(open_dataset(dataset), backbone, pair)
    number = joined.find(word)
    matrices = runs.scores(joined, dict.fromkeys([method, "maxmax"]))
    frame = runs.rankings(joined, [method])[method]
    found = explanation.explain(joined, number, matrices[method], matrices["maxmax"], frame)
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


@app.command()
def check(
    dataset: DatasetOption,
    deep: Annotated[bool, typer.Option("--deep", help="Also decode every picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What is missing, broken, duplicated or unlicensed; exit 1 if something is broken."""
    from cldi_core.insight import health as checks

    findings = checks.check(open_dataset(dataset), deep=deep)
    if as_json:
        print_json({"dataset": dataset, "findings": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            step = f" → {finding.next_step}" if finding.next_step else ""
            print(f"{finding.level:7} {finding.area}: {finding.text}{step}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@app.command()
def bench(
    words: Annotated[int, typer.Option(min=2, help="Words of each side; about 42 pictures a word.")] = 200,
    dim: Annotated[list[int] | None, typer.Option(min=1, help="Features of a picture; may be repeated.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="How often each row is measured.")] = 5,
    full: Annotated[bool, typer.Option("--full", help="Also one pair of the paper's size (many minutes).")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of every row; as many as torch uses.")] = None,
    extraction: Annotated[
        bool, typer.Option("--extract", help="Measure extraction instead: decoders, networks, both together.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast and how exact scoring is here, beside other tools; or how fast extraction is."""
    import benchmarks as benchmark

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    if extraction:
        from benchmarks import extraction as table

        found = table.measure(repeats, tell)
        if as_json:
            print_json({"records": found})
        else:
            print(table.table(found))
        return
    records = benchmark.run(words, dim or (1280, 4096), repeats, full=full, threads=threads, progress=tell)
    if as_json:
        print_json({"records": records})
    else:
        print(benchmark.table(records))


def main() -> None:
    """Run a command; a user's mistake ends in one line on standard error, never in a traceback."""
    try:
        code = app(prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:  # an option or argument that is missing, unknown or out of range
        if len(sys.argv) < 2:
            print(error.format_message(), file=sys.stderr)
            raise SystemExit(2) from None
        path = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
        _fail(f"{error.format_message().rstrip('.')}; see {path} --help", 2)
    except UnknownNameError as error:
        _fail(error, 2)
    except (CldiError, OSError) as error:
        _fail(error, 1)
    except ImportError as error:
        _fail(f"a package is missing ({error}); run: pip install -r requirements.txt", 1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:  # typer makes a code of an interruption
        _fail("interrupted; run it again to go on", INTERRUPTED)
    raise SystemExit(code or 0)


def _fail(error: object, code: int) -> None:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    raise SystemExit(code)
