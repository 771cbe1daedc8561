"""The tables of image pivoting, made of the ranks that are shipped.

Only seeds count that nobody had looked at while options were chosen.  Intervals are over items and seeds together.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cldi_core.data.dataset import CLASSES, POS, open_dataset
from cldi_core.errors import DatasetError
from cldi_core.evaluation import tables as results
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import open_pair
from cldi_core.pivot import evaluation, experiment, resampling, sources, translation
from cldi_core.pivot.evaluation import ARROW, TASKS
from cldi_core.pivot.experiment import RANKS, WORDS, Experiment
from cldi_core.pivot.models import CONTROL, MODELS, PRESETS
from tools.documents.form import percent, shown, table

BACKBONE, PAIR = "efficientnet-lite0", "en-de"
HARD, SHARED = "demo-hard", "demo"
LOOKED_AT = (0, 1)  # seeds whose figures were in view while options were chosen
K = 10
# The columns of a table of recall: task and language.
COLUMNS = [
    *((task, language) for task in TASKS[:2] for language in ("en", "de")),
    *((TASKS[2], ARROW.join(languages)) for languages in (("en", "de"), ("de", "en"))),
]
HEADS = [f"{task}, {language}" if task != TASKS[2] else f"text {language}" for task, language in COLUMNS]
LABELS = {
    **{
        name: model.label if model.bilingual else f"{model.label} (two bridged models)"
        for name, model in MODELS.items()
    },
    "ridge": "control: ridge regression",
    "spelling": "control: spelling",
    "identity": "control: identity, no pictures",
    **{f"{name}{CONTROL}": f"control: {MODELS[name].label}, pictures permuted" for name in experiment.PERMUTED},
}
# What is compared: data set, the one, less the other.
CLAIMS = (
    (HARD, "pivot-sym", "vse"),
    (HARD, "pivot-sym", "ridge"),
    (HARD, "pivot-sym", "spelling"),
    (HARD, "vse", "oe"),
    (HARD, "pivot-sym", "pivot-asym"),
    (HARD, "oe", "pivot-asym"),
    (SHARED, "pivot-sym", "vse"),
    (SHARED, "vse", "oe"),
    (SHARED, "pivot-sym", "pivot-asym"),
    (SHARED, "oe", "pivot-asym"),
    (SHARED, "parallel-sym", "parallel-asym"),
    (SHARED, "parallel-sym", "pivot-sym"),
    (SHARED, "identity", "parallel-sym"),
    (SHARED, "parallel-sym", f"parallel-sym{CONTROL}"),
)


@dataclass(frozen=True)
class Tested:
    """What is shipped of a data set: ranks by random items held out, and by whole words; ranks of words; the corpus."""

    items: pd.DataFrame
    words: pd.DataFrame
    translated: pd.DataFrame
    described: int
    chance: float  # the MRR of a random order of the candidate words


@functools.cache
def tested(name: str) -> Tested:
    """The ranks of a data set that still stand, of seeds that were not looked at.

    Raises:
        DatasetError: some do not stand.
    """
    dataset = open_dataset(f"./data/{name}")
    corpus = sources.of_dataset(dataset, BACKBONE, PAIR)
    folder, frames = translation.models_folder(dataset), []
    for holdout, kind in (("items", RANKS), ("words", RANKS), ("words", WORDS)):
        one = Experiment(corpus, PAIR, holdout, (), (), PRESETS["demo"], folder, dataset=dataset)
        kept = one.kept(kind)
        if kept.frame is None or kept.stale:
            raise DatasetError(f"{one.path(kind)} does not fit the data any more; run: {corpus.again(holdout=holdout)}")
        frames.append(kept.frame[~kept.frame["seed"].isin(LOOKED_AT)])
    items, words, translated = frames
    pair = open_pair(dataset, BACKBONE, PAIR)
    return Tested(items, words, translated, len(corpus.items), results.chance(pair))


def seeds_of(frame: pd.DataFrame) -> str:
    """``"2–4"``, ``"2, 4"``."""
    seeds = sorted({int(seed) for seed in frame["seed"]})
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}–{seeds[-1]}"
    return ", ".join(map(str, seeds))


def span(values: Iterable[float], number: Callable[[float], str]) -> str:
    """``"222–232"``, or one number."""
    ends = dict.fromkeys((number(min(found := list(values))), number(max(found))))
    return "–".join(ends)


def settings() -> Iterator[tuple[str, ...]]:
    """What was tested: how many items, what chance gives, how many words are unknown."""
    yield "", "held out", "seeds", "items described", "of them tested", "chance R@1 / R@10", "unknown words, en", "de"
    for name in (HARD, SHARED):
        found = tested(name)
        for holdout, frame in (("random items", found.items), ("all items of some words", found.words)):
            asked = frame[frame["task"] == TASKS[0]]
            sizes = asked.groupby(["seed", "language"])["item"].nunique()
            new = {language: own["unknown"].sum() / own["words"].sum() for language, own in asked.groupby("language")}
            yield (
                f"`{name}`",
                holdout,
                seeds_of(frame),
                str(found.described),
                span(sizes, "{:.0f}".format),
                f"{span(100 / sizes, '{:.1f}'.format)} / {span(1000 / sizes, '{:.1f}'.format)}",
                *(f"{100 * new[language]:.0f} %" for language in ("en", "de")),
            )


def recall(name: str, holdout: str = "items") -> Iterator[tuple[str, ...]]:
    """R@1 / R@10 in per cent of every model and control, with the interval of R@10."""
    frame = getattr(tested(name), holdout)
    records = {(one["model"], one["task"], one["language"]): one for one in evaluation.table(frame, (1, K))}
    yield "", "seeds", *HEADS
    for model, label in LABELS.items():
        own = frame[frame["model"] == model]
        if len(own):
            cells = [_recall(records.get((model, *column))) for column in COLUMNS]
            yield label, seeds_of(own), *cells


def _recall(record: dict[str, float] | None) -> str:
    if record is None:
        return ""
    found = results.interval_of(record, f"r@{K}")
    return f"{percent(record['r@1'])} / {shown(found, number=percent)}"


def claims() -> Iterator[tuple[str, ...]]:
    """The differences that the text speaks of: R@10 of the one less that of the other, on the same items and seeds."""
    yield "R@10, percentage points", "", "seeds", *HEADS
    for name, one, other in CLAIMS:
        frame = tested(name).items
        hits = evaluation.hits(frame[frame["model"].isin([one, other])], K)
        both = frame[frame["model"] == one].merge(frame.loc[frame["model"] == other, ["seed"]].drop_duplicates())
        cells = []
        for column in COLUMNS:
            mine, its = hits.get((one, *column)), hits.get((other, *column))
            found = evaluation.less(mine, its)
            cells.append(shown(found, "+", number=percent, digits=3) if found.n else "")
        yield f"{_plain(one)} less {_plain(other)}", f"`{name}`", seeds_of(both), *cells


def _plain(name: str) -> str:
    return LABELS[name].removeprefix("control: ").replace(" (two bridged models)", "")


def _kinds(frame: pd.DataFrame) -> dict[str, tuple[pd.DataFrame, int]]:
    """Part of speech, on all words and on those never seen → the rows, and how many words AVGMAX covers."""
    found = {}
    for seen, rows in (("all words: ", frame), ("never seen: ", frame[frame["held_out"]])):
        for letter, name in ((letter, POS[letter]) for letter in CLASSES):
            own = rows[rows["pos"] == letter]
            covered = own[(own["model"] == "avgmax") & own["rank"].notna()]
            found[f"{seen}{name}s"] = own, int(covered["query"].nunique())
    return found


def translated(name: str, *, against: bool) -> Iterator[tuple[str, ...]]:
    """MRR of word translation by part of speech, or AVGMAX's less that of each model and control."""
    frame = tested(name).translated
    kinds = _kinds(frame)
    names = {"avgmax": "**AVGMAX**, no training", **LABELS}
    yield "AVGMAX less …" if against else "", "seeds", *(f"{kind} ({n})" for kind, (_, n) in kinds.items())
    for model, label in names.items():
        own = frame[frame["model"] == model]
        if not len(own) or (against and model == "avgmax"):
            continue
        found = [_mrr(rows, model, "avgmax" if against else "") for rows, _ in kinds.values()]
        cells = [shown(one, "+" if against else "") for one in found]
        seeds = "" if model in ("avgmax", "spelling", "identity") else seeds_of(own)
        yield label.replace(" (two bridged models)", ", bridged").replace(", no pictures", ""), seeds, *cells
    if not against:
        yield ("chance", "", *[f"{tested(name).chance:.3f}".removeprefix("0")] * len(kinds))


def _mrr(rows: pd.DataFrame, model: str, base: str) -> Interval:
    """The MRR of a model, or that of ``base`` less it."""
    one, other = (
        rows[rows["model"] == name].pivot(index="query", columns="seed", values="rank").rdiv(1.0)
        for name in (model, base)
    )
    table = other - one if base else one
    return resampling.interval(table.to_numpy(np.float64))


def tables() -> dict[str, Iterable[str]]:
    """Name → the lines of a Markdown table."""
    made = {
        "pivot-settings": settings(),
        "pivot-hard": recall(HARD),
        "pivot-shared": recall(SHARED),
        "pivot-differences": claims(),
        "pivot-words": translated(SHARED, against=False),
        "pivot-words-less": translated(SHARED, against=True),
        "pivot-words-hard": translated(HARD, against=False),
        "pivot-words-hard-less": translated(HARD, against=True),
        "pivot-words-held-out": recall(HARD, "words"),
    }
    return {name: table(*rows) for name, rows in made.items()}
