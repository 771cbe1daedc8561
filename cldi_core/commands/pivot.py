"""``pivot train``, ``pivot evaluate``, ``pivot translate``: models that learn from described pictures."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DeviceOption, JsonOption, PairOption
from cldi_core.commands.program import Program
from cldi_core.commands.terminal import epochs, print_json, progress
from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.data.descriptions import FILE, TABLE
from cldi_core.errors import UnknownNameError, unknown_name
from cldi_core.pivot import models
from cldi_core.pivot.corpus import HOLDOUTS
from cldi_core.pivot.models import MODELS, PRESETS, Key

if TYPE_CHECKING:
    from cldi_core.pivot.corpus import Corpus
    from cldi_core.pivot.experiment import Experiment
    from cldi_core.pivot.trained import Trained

app = Program(
    help="Image pivoting: one space for pictures and two languages, learned from described pictures.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
DEMO = ("demo-hard", "demo")  # the settings of the preset: no emoji described in both languages, and emoji shared


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is a dataclass of options: on the command line each field is one of its own."""
    hints = inspect.get_annotations(command, eval_str=True)
    first, *others = inspect.signature(command).parameters.values()
    listed = hints[first.name]
    own = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=annotation)
        for one in fields(listed)
        for annotation in (inspect.get_annotations(listed, eval_str=True)[one.name],)
    ]
    rest = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name]) for one in others]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        command(listed(**{one.name: given.pop(one.name) for one in own}), **given)

    run.__signature__ = inspect.Signature([*own, *rest])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*own, *rest)}
    del run.__wrapped__
    return run


@dataclass(frozen=True)
class Chosen:
    """What is trained or tested: the options that ``pivot train`` and ``pivot evaluate`` share, with their defaults."""

    dataset: Annotated[
        list[str] | None, typer.Option("--dataset", help="A data set; may be repeated; the demo without it.")
    ] = None
    pair: PairOption = "en-de"
    backbone: BackboneOption = DEFAULT_BACKBONE
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help=f"{', '.join(MODELS)}; may be repeated; all of them without it."),
    ] = None
    seed: Annotated[list[int] | None, typer.Option("--seed", min=0, help="Of split and training; may be repeated.")] = (
        None
    )
    holdout: Annotated[
        str | None,
        typer.Option(
            "--holdout", help="items: random ones are held out; words: all items of some words. Both without it."
        ),
    ] = None
    texts: Annotated[
        Path | None, typer.Option("--texts", help="Descriptions: a table of picture, language, text; tab-separated.")
    ] = None
    multi30k: Annotated[Path | None, typer.Option("--multi30k", help="A folder with the texts of Multi30k.")] = None
    task: Annotated[int, typer.Option("--task", min=1, max=2, help="Of Multi30k: 1 translations, 2 independent.")] = 2
    features: Annotated[
        Path | None,
        typer.Option("--features", help="For Multi30k: a folder with train*.npy, val*.npy, test_2016*.npy."),
    ] = None
    output: Annotated[Path | None, typer.Option("--output", help="Where models go instead of the data set.")] = None

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models."""
        return tuple(models.find_model(name).name for name in self.model or MODELS)

    def check_names(self) -> None:
        """Refuse names that are none, before anything is read or written."""
        wordlists.pair_languages(self.pair)
        _ = self.models
        if self.holdout is not None and self.holdout not in HOLDOUTS:
            raise unknown_name("way to hold out", self.holdout, HOLDOUTS)

    def corpora(self, default: Sequence[str]) -> list[tuple[Corpus, Path, Dataset | None]]:
        """What is trained on, where its models are kept, and the data set if they are kept in it.

        Args:
            default: the data sets where none is named.
        """
        from cldi_core.pivot import sources, translation

        self.check_names()
        names = self.dataset or ([] if self.multi30k else default)
        if self.multi30k:
            opened = open_dataset(names[0]) if names and not self.features else None
            corpus = sources.of_multi30k(
                self.multi30k, self.task, self.pair, given=self.features, dataset=opened, backbone=self.backbone
            )
            if self.output is None:
                raise UnknownNameError("--multi30k needs --output FOLDER, where the models go")
            return [(corpus, self.output, None)]
        found: list[tuple[Corpus, Path, Dataset | None]] = []
        for opened in map(open_dataset, names):
            if self.texts:
                corpus = sources.of_table(opened, self.backbone, self.pair, self.texts)
            else:
                corpus = sources.of_dataset(opened, self.backbone, self.pair)
            folder = self.output or translation.models_folder(opened)
            found.append((corpus, folder, None if self.output else opened))
        return found

    def experiments(
        self, corpora: list[tuple[Corpus, Path, Dataset | None]], seeds: tuple[int, ...], **rest: Any
    ) -> list[Experiment]:
        """Each corpus held out in each way that was asked for."""
        from cldi_core.pivot.experiment import Experiment

        return [
            Experiment(corpus, self.pair, way, self.models, seeds, folder=folder, dataset=dataset, **rest)
            for corpus, folder, dataset in corpora
            for way in ([self.holdout] if self.holdout else HOLDOUTS)
            if self.holdout or way == "items" or corpus.bundles
        ]


def _keep_table(dataset: Dataset, texts: Path) -> None:
    """Keep a table that could be read in the data set, where pages find it."""
    if (dataset.path / FILE).is_file():
        raise UnknownNameError(
            f"{dataset.name!r} has descriptions of its own ({FILE}); add --output FOLDER, where the models of "
            f"{texts.name!r} go"
        )
    storage.write_text(dataset.path / TABLE, texts.read_text("utf-8-sig"))


@app.command()
@spread
def train(
    chosen: Chosen,
    preset: Annotated[
        str, typer.Option(help=f"{', '.join(PRESETS)}: what the options below are without them.")
    ] = "demo",
    encoder: Annotated[str | None, typer.Option(help="Of descriptions: gru (the paper's) or bag.")] = None,
    word_dim: Annotated[int | None, typer.Option(help="Numbers of a word vector.")] = None,
    joint_dim: Annotated[int | None, typer.Option(help="Numbers of the joint space.")] = None,
    rate: Annotated[float | None, typer.Option(help="Of Adam.")] = None,
    batch: Annotated[int | None, typer.Option(help="Items of a batch.")] = None,
    epochs_: Annotated[int | None, typer.Option("--epochs", help="At most.")] = None,
    patience: Annotated[int | None, typer.Option(help="Epochs without a better validation recall.")] = None,
    margin: Annotated[float | None, typer.Option(help="Instead of the paper's .2 (cosine) and .05 (order).")] = None,
    average: Annotated[float | None, typer.Option(help="Of parameters over epochs; 0 for none.")] = None,
    hardest: Annotated[bool, typer.Option("--hardest", help="Only the hardest negative counts (VSE++).")] = False,
    swapped: Annotated[bool, typer.Option("--swapped", help="Order distance from picture to description.")] = False,
    device: DeviceOption = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Train again what is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train models and their controls, then evaluate them; goes on where an interrupted run stopped.

    Without --dataset: the demo in both settings, demo-hard (no emoji is described in both languages) and demo (emoji
    are shared, artwork is not).
    """
    if preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS)
    given: dict[str, Any] = {
        "encoder": encoder, "word_dim": word_dim, "joint_dim": joint_dim, "rate": rate, "batch": batch,
        "epochs": epochs_, "patience": patience, "margin": margin, "average": average,
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options = replace(PRESETS[preset], **changed, hardest=hardest, swapped=swapped)
    corpora = chosen.corpora(DEMO)
    for _, _, dataset in corpora:
        if chosen.texts and dataset is not None:
            _keep_table(dataset, chosen.texts)
    seeds = tuple(chosen.seed or [0])
    reports = [
        _run(experiment, force, quiet=as_json)
        for experiment in chosen.experiments(corpora, seeds, options=options, device=device)
    ]
    if as_json:
        print_json({"experiments": reports})


def _run(experiment: Experiment, force: bool, *, quiet: bool) -> dict[str, Any]:
    """Train and evaluate one experiment; print its tables unless ``quiet``."""
    from cldi_core.pivot import experiment as experiments
    from cldi_core.pivot import report

    if not experiment.keys:
        raise UnknownNameError(
            f"{', '.join(experiment.models)}: nothing to train, because no item of {experiment.corpus.name!r} is "
            "described in both languages for training; PARALLEL is then the same as PIVOT"
        )
    with epochs() as bar:
        trained = experiments.train(
            experiment, force=force, report=lambda what, done, total, last: bar(
                what, done, total, f"loss {last.loss:.2f}, recall {last.recall:.3f}"
            ),
        )  # fmt: skip
    with progress("testing what was trained", "models"):
        ranks = experiments.ranks(experiment, trained.values())
        words = experiments.words(experiment)
    found = report.of(experiment, ranks, words)  # before anything is kept: it names what no longer stands
    for name, frame in ((experiments.RANKS, ranks), (experiments.WORDS, words)):
        if frame is not None:
            experiments.keep(experiment, name, frame)
    if not quiet:
        print(report.text(found))
    return found


@app.command()
@spread
def evaluate(
    chosen: Chosen,
    sts: Annotated[Path | None, typer.Option("--sts", help="Judged sentence pairs: score, sentence, sentence.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the judged sentences.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Test the models that are there, beside controls and chance, on items that training never saw.

    Without --dataset: demo-hard.  What was not measured before is kept.  Figures of models that were tested elsewhere
    and are not at hand are printed from what was kept, and say so.
    """
    from cldi_core.pivot import report

    reports = []
    for experiment in chosen.experiments(chosen.corpora(DEMO[:1]), tuple(chosen.seed or ()), options=PRESETS["demo"]):
        with progress("testing models", "models"):
            found = _evaluated(experiment, sts, language)
        if found is not None:
            reports.append(found)
            if not as_json:
                print(report.text(found))
    if not reports:
        raise UnknownNameError(
            f"no model of {', '.join(chosen.models)} has been trained for {chosen.pair} with {chosen.backbone} here; "
            "train one: "
            "python -m cldi_core pivot train"
        )
    if as_json:
        print_json({"experiments": reports})


def _evaluated(experiment: Experiment, sts: Path | None, language: str) -> dict[str, Any] | None:
    """The report of the models that are there; ``None`` for none."""
    from cldi_core.pivot import experiment as experiments
    from cldi_core.pivot import report, trained
    from cldi_core.pivot import sts as judging

    corpus = experiment.corpus
    keys = models.trained_keys(
        experiment.folder, corpus.backbone, experiment.pair, corpus.languages, experiment.holdout
    )
    wanted = [
        key for key in keys if key.model in experiment.models and (not experiment.seeds or key.seed in experiment.seeds)
    ]
    if not wanted:
        return None
    found = [trained.open_trained(experiment.folder, key, corpus.languages) for key in wanted]
    ranks = experiments.ranks(experiment, found)
    words = experiments.words(replace(experiment, seeds=tuple(sorted({key.seed for key in wanted}))))
    result = report.of(experiment, ranks, words)
    for name, frame in ((experiments.RANKS, ranks), (experiments.WORDS, words)):
        if frame is not None:
            experiments.keep_new(experiment, name, frame)
    if sts is not None:
        judged = judging.read(sts)
        result["sts"] = [
            {"model": one.key.model, "seed": one.key.seed, "language": language, "file": sts.name}
            | asdict(judging.agreement(_space(one, language), language, judged))
            for one in found
        ]
    return result


def _space(model: Trained, language: str) -> Any:
    if language not in model.spaces:
        raise unknown_name("language", language, model.spaces)
    return model.spaces[language]


@app.command()
def translate(
    text: Annotated[list[str], typer.Argument(help="Words or sentences.")],
    dataset: Annotated[str, typer.Option("--dataset", help="A data set with trained models.")] = "demo",
    pair: PairOption = "en-de",
    backbone: BackboneOption = DEFAULT_BACKBONE,
    model: Annotated[str, typer.Option("--model", help=", ".join(MODELS))] = "pivot-sym",
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    holdout: Annotated[str, typer.Option("--holdout", help="What was held out: items or words.")] = "words",
    back: Annotated[bool, typer.Option("--back", help="From the pair's second language into its first.")] = False,
    top: Annotated[int, typer.Option("--top", min=1, help="How many candidates are printed.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Rank the words of the other language's word list for words or sentences."""
    from cldi_core.pivot import translation

    opened = open_dataset(dataset)
    key = Key(backbone, pair, models.find_model(model).name, holdout, seed)
    found = translation.translate(opened, key, text, back=back, top=top)
    if as_json:
        print_json({"dataset": opened.name, **asdict(key), "texts": found})
        return
    for one in found:
        unseen = f"  (not seen in training: {', '.join(one['unseen'])})" if one["unseen"] else ""
        print(f"{one['text']}{unseen}")
        for candidate in one["candidates"]:
            print(f"{candidate['rank']:>5} {candidate['score']:7.3f}  {candidate['word']}")
    if any(not one["candidates"] for one in found):
        print("a text without words has no translation", file=sys.stderr)
        raise typer.Exit(1)
