"""``pivot train``, ``pivot evaluate``, ``pivot translate``: models that learn from described pictures."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cldi_core.commands.options import DEFAULT_BACKBONE, BackboneOption, DeviceOption, JsonOption, PairOption
from cldi_core.commands.program import Program
from cldi_core.commands.terminal import epochs, print_json
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

ModelOption = Annotated[
    list[str] | None,
    typer.Option("--model", help=f"{', '.join(MODELS)}; may be repeated; all of them without it."),
]
SeedOption = Annotated[list[int] | None, typer.Option("--seed", min=0, help="Of split and training; may be repeated.")]
HoldoutOption = Annotated[
    str | None,
    typer.Option("--holdout", help="items: random ones are held out; words: all items of some words. Both without it."),
]
TextsOption = Annotated[
    Path | None, typer.Option("--texts", help="Descriptions: a table of picture, language, text; tab-separated.")
]
Multi30kOption = Annotated[Path | None, typer.Option("--multi30k", help="A folder with the texts of Multi30k.")]
TaskOption = Annotated[int, typer.Option("--task", min=1, max=2, help="Of Multi30k: 1 translations, 2 independent.")]
FeaturesOption = Annotated[
    Path | None, typer.Option("--features", help="For Multi30k: a folder with train*.npy, val*.npy, test_2016*.npy.")
]
OutputOption = Annotated[Path | None, typer.Option("--output", help="Where models go instead of the data set.")]


def _corpora(
    datasets: list[str],
    backbone: str,
    pair: str,
    texts: Path | None,
    multi30k: tuple[Path | None, int, Path | None],
    output: Path | None,
    *,
    keep: bool = False,
) -> list[tuple[Corpus, Path, Dataset | None]]:
    """What is trained on, where its models are kept, and the data set if they are kept in it.

    ``keep``: a table of descriptions is kept in the data set too, where pages find it.
    """
    from cldi_core.pivot import sources, translation

    wordlists.pair_languages(pair)
    folder, task, given = multi30k
    if folder:
        opened = open_dataset(datasets[0]) if datasets and not given else None
        corpus = sources.of_multi30k(folder, task, pair, given=given, dataset=opened, backbone=backbone)
        if output is None:
            raise UnknownNameError("--multi30k needs --output FOLDER, where the models go")
        return [(corpus, output, None)]
    found: list[tuple[Corpus, Path, Dataset | None]] = []
    for name in datasets:
        opened = open_dataset(name)
        if texts:
            corpus = sources.of_table(opened, backbone, pair, texts)
            if keep and not output:
                _keep_table(opened, texts)
        else:
            corpus = sources.of_dataset(opened, backbone, pair)
        found.append((corpus, output or translation.models_folder(opened), None if output else opened))
    return found


def _keep_table(dataset: Dataset, texts: Path) -> None:
    """Keep a table that could be read in the data set."""
    if (dataset.path / FILE).is_file():
        raise UnknownNameError(
            f"{dataset.name!r} has descriptions of its own ({FILE}); add --output FOLDER, where the models of "
            f"{texts.name!r} go"
        )
    storage.write_text(dataset.path / TABLE, texts.read_text("utf-8-sig"))


def _experiments(
    corpora: list[tuple[Corpus, Path, Dataset | None]], pair: str, holdout: str | None, **rest: Any
) -> list[tuple[Experiment, Dataset | None]]:
    from cldi_core.pivot.experiment import Experiment

    if holdout is not None and holdout not in HOLDOUTS:
        raise unknown_name("way to hold out", holdout, HOLDOUTS)
    found: list[tuple[Experiment, Dataset | None]] = []
    for corpus, folder, dataset in corpora:
        ways = [holdout] if holdout else [way for way in HOLDOUTS if way == "items" or corpus.bundles]
        found += [(Experiment(corpus=corpus, pair=pair, holdout=way, folder=folder, **rest), dataset) for way in ways]
    return found


@app.command()
def train(
    dataset: Annotated[list[str] | None, typer.Option("--dataset", help="A data set; may be repeated.")] = None,
    preset: Annotated[
        str, typer.Option(help=f"{', '.join(PRESETS)}: what the options below are without them.")
    ] = "demo",
    pair: PairOption = "en-de",
    backbone: BackboneOption = DEFAULT_BACKBONE,
    model: ModelOption = None,
    seed: SeedOption = None,
    holdout: HoldoutOption = None,
    texts: TextsOption = None,
    multi30k: Multi30kOption = None,
    task: TaskOption = 2,
    features: FeaturesOption = None,
    output: OutputOption = None,
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
    names = tuple(models.find_model(name).name for name in model or MODELS)
    corpora = _corpora(
        dataset or ([] if multi30k else list(DEMO)),
        backbone,
        pair,
        texts,
        (multi30k, task, features),
        output,
        keep=True,
    )
    rest = {"models": names, "seeds": tuple(seed or [0]), "options": options, "device": device}
    reports = []
    for experiment, opened in _experiments(corpora, pair, holdout, **rest):
        reports.append(_run(experiment, opened, force, quiet=as_json))
    if as_json:
        print_json({"experiments": reports})


def _run(experiment: Experiment, dataset: Dataset | None, force: bool, *, quiet: bool) -> dict[str, Any]:
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
    ranks = experiments.ranks(experiment, trained.values())
    experiments.keep(experiment, experiments.RANKS, ranks)
    if dataset is not None and experiment.holdout == "words":
        words = experiments.words(experiment, dataset)
        if words is not None:
            experiments.keep(experiment, experiments.WORDS, words)
    found = report.of(experiment)
    if not quiet:
        print(report.text(found))
    return found


@app.command()
def evaluate(
    dataset: Annotated[str | None, typer.Option("--dataset", help="A data set; demo-hard without it.")] = None,
    pair: PairOption = "en-de",
    backbone: BackboneOption = DEFAULT_BACKBONE,
    model: ModelOption = None,
    seed: SeedOption = None,
    holdout: HoldoutOption = None,
    texts: TextsOption = None,
    multi30k: Multi30kOption = None,
    task: TaskOption = 2,
    features: FeaturesOption = None,
    output: OutputOption = None,
    sts: Annotated[Path | None, typer.Option("--sts", help="Judged sentence pairs: score, sentence, sentence.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the judged sentences.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Test the models that are there, beside controls and chance, on items that training never saw.

    Figures of models that were tested elsewhere and are not at hand are printed from what was kept, and say so.
    """
    from cldi_core.pivot import report

    names = tuple(models.find_model(name).name for name in model or MODELS)
    corpora = _corpora(
        [dataset] if dataset else [] if multi30k else [DEMO[0]],
        backbone,
        pair,
        texts,
        (multi30k, task, features),
        output,
    )
    rest = {"models": names, "seeds": tuple(seed or ()), "options": PRESETS["demo"]}
    reports = []
    for experiment, opened in _experiments(corpora, pair, holdout, **rest):
        found = _evaluated(experiment, opened, sts, language)
        if found is not None:
            reports.append(found)
            if not as_json:
                print(report.text(found))
    if not reports:
        raise UnknownNameError(
            f"no model of {', '.join(names)} has been trained for {pair} with {backbone} here; train one: "
            "python -m cldi_core pivot train"
        )
    if as_json:
        print_json({"experiments": reports})


def _evaluated(
    experiment: Experiment, dataset: Dataset | None, sts: Path | None, language: str
) -> dict[str, Any] | None:
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
    words = None
    if dataset is not None and experiment.holdout == "words":
        words = experiments.words(replace(experiment, seeds=tuple(sorted({key.seed for key in wanted}))), dataset)
    result = report.of(experiment, ranks, words)
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
