"""What is reported of an experiment: tables beside controls and chance, and which of them a model does not beat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cldi_core.evaluation.tables import interval_of
from cldi_core.pivot import evaluation, experiment
from cldi_core.pivot.evaluation import TASKS
from cldi_core.pivot.experiment import RANKS, WORDS, Experiment
from cldi_core.pivot.models import CONTROL, MODELS, Key
from cldi_core.pivot.retrieval import KS
from cldi_core.pivot.scorers import CONTROLS
from cldi_core.pivot.translation import FOLDER

if TYPE_CHECKING:
    import pandas as pd

# The papers' baselines, which learn a language at a time, and the controls.
RIVALS = (*(name for name, model in MODELS.items() if not model.bilingual), *CONTROLS)
K = 10  # of the recall that models are compared by
VERDICTS = {1: "better", -1: "worse", 0: "not told apart"}  # by the side of 0 that an interval lies on
CHANCE = "chance"
STALE = "left out, as measured on another corpus, split or training than what is there now"


def of(tried: Experiment, ranks: pd.DataFrame | None = None, words: pd.DataFrame | None = None) -> dict[str, Any]:
    """The report of an experiment as plain values.

    Args:
        ranks, words: what was measured just now; with it goes what is kept of other models and seeds and still stands,
            marked ``"stored"``.  Without them only what is kept.

    Returns:
        ``results``: records of ``evaluation.table`` and of chance; ``comparisons``; ``words``: records of
        ``experiment.word_table``, ``"all"`` and ``"held_out"`` apart; ``seconds`` of each training;
        ``left_out``: model → the seeds whose ranks do not stand any more; ``again``: what measures them anew.
    """
    kept, kept_words = tried.kept(RANKS), tried.kept(WORDS)
    every, fresh = _joined(ranks, kept.frame)
    spoken, _ = _joined(words, kept_words.frame)
    corpus = tried.corpus
    seeds = sorted({int(seed) for seed in every["seed"]}) if every is not None else []
    keys = [
        Key(corpus.backbone, tried.pair, name, tried.holdout, seed, permuted)
        for seed in seeds
        for name in MODELS
        for permuted in (False, True)
    ]
    records = evaluation.table(every) if every is not None else []
    found: dict[str, Any] = {
        "corpus": corpus.name,
        "folder": tried.folder.parent.name if tried.folder.name == FOLDER else tried.folder.name,
        "backbone": corpus.backbone,
        "pair": tried.pair,
        "holdout": tried.holdout,
        "described_in_both": corpus.shared,
        "seeds": seeds,
        "seconds": experiment.seconds(tried.folder, keys, corpus.languages),
        "results": [*({**record, "stored": record["model"] not in fresh} for record in records), *chances(records)],
        "comparisons": comparisons(every) if every is not None else [],
        "left_out": left_out((kept.stale, every), (kept_words.stale, spoken)),
        "again": corpus.again(holdout=tried.holdout),
    }
    if spoken is not None:
        found["words"] = {
            name: experiment.word_table(spoken, held_out=out) for name, out in (("all", False), ("held_out", True))
        }
    return found


def left_out(*given: tuple[Mapping[str, Sequence[int]], pd.DataFrame | None]) -> dict[str, list[int]]:
    """Model → the seeds whose kept ranks do not stand any more and were not measured anew."""
    found: dict[str, set[int]] = {}
    for stale, frame in given:
        there = set() if frame is None else set(zip(frame["model"], frame["seed"], strict=True))
        for model, seeds in stale.items():
            found.setdefault(model, set()).update(seed for seed in seeds if (model, seed) not in there)
    return {model: sorted(seeds) for model, seeds in found.items() if seeds}


def _joined(new: pd.DataFrame | None, old: pd.DataFrame | None) -> tuple[pd.DataFrame | None, set[str]]:
    """New rows and those old ones that they do not replace; and the models that are new."""
    newest = old if new is None else new
    models = set() if newest is None else set(newest["model"])
    return (old if new is None else experiment.joined(new, old)), models


def chances(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A record of a random order for each task and language."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        about = {name: record[name] for name in ("task", "language", "candidates", "n", "seeds")}
        recall = {f"r@{k}{end}": record[f"r@{k}_chance"] for k in KS for end in ("", "_low", "_high", "_chance")}
        middle = {"median_rank": record["median_rank_chance"]}
        found.setdefault((record["task"], record["language"]), {"model": CHANCE, **about, **recall, **middle})
    return list(found.values())


def comparisons(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Recall at 10 of each trained model less that of each rival, on the same items: with intervals and a verdict."""
    there = evaluation.hits(frame, K)
    records = []
    for model, task, language in there:
        if model not in MODELS:
            continue
        rivals = [*RIVALS, *(name for name in MODELS if name not in RIVALS), f"{model}{CONTROL}"]
        for rival in rivals:
            if rival != model and (rival, task, language) in there:
                one, other = there[model, task, language], there[rival, task, language]
                less = evaluation.less(one, other)
                better = VERDICTS[less.side(3)]  # as it is printed, in per cent with one decimal
                n = int(one.index.isin(other.index).sum())
                about = {"model": model, "against": rival, "task": task, "language": language, "n": n}
                records.append({**about, **less.record(f"r@{K}"), "verdict": better})
    return records


def text(report: dict[str, Any]) -> str:
    """The report for a terminal."""
    both = "items described in both languages" if report["described_in_both"] else "no item described in both languages"
    lines = [
        f"{report['folder']} ({report['corpus']}), {report['pair']}, {report['backbone']}: {both}; held out: "
        f"{report['holdout']}; seeds {', '.join(map(str, report['seeds']))}; "
        "95 % intervals over items and seeds together",
    ]
    for task in TASKS:
        rows = [record for record in report["results"] if record["task"] == task]
        for language in dict.fromkeys(record["language"] for record in rows):
            own = [record for record in rows if record["language"] == language]
            lines += ["", f"{task}, {language} (unknown words {_unknown(own):.0%})", _HEAD]
            lines += [_line(record) for record in own]
    lines += ["", *_unbeaten(report["comparisons"])]
    for name, records in report.get("words", {}).items():
        title = "all words" if name == "all" else "words of which training saw nothing"
        lines += ["", f"word translation, {title} (unknown {_unknown(records):.0%}): MRR [95 %] (n)", *_words(records)]
    if report["left_out"]:
        names = "; ".join(f"{name} seed {', '.join(map(str, seeds))}" for name, seeds in report["left_out"].items())
        lines += ["", f"{STALE}: {names}; test them anew: {report['again']}"]
    if report["seconds"]:
        lines += ["", "training: " + ", ".join(f"{name} {value:.0f} s" for name, value in report["seconds"].items())]
    for one in report.get("sts", []):
        lines.append(
            f"{one['file']}: {one['model']} seed {one['seed']}: Pearson {one['pearson']:.2f} "
            f"[{one['low']:.2f}, {one['high']:.2f}], n = {one['n']}"
        )
    return "\n".join(lines)


_HEAD = f"  {'model':24} {'R@1':>5} {'R@5':>5} {'R@10':>5}  {'95 % of R@10':>14} {'sd':>5} {'median':>7} {'n':>5}"


def _line(record: dict[str, Any]) -> str:
    recall = " ".join(f"{100 * record[f'r@{k}']:5.1f}" for k in KS)
    interval = _bounds(record, f"r@{K}", "{:.1f}", 100) if record["model"] != CHANCE else ""
    spread = record.get("r@10_sd", float("nan"))
    sd = "    –" if math.isnan(spread) else f"{100 * spread:5.1f}"
    name = record["model"] + (" (stored)" if record.get("stored") else "")
    return f"  {name:24} {recall}  {interval:>14} {sd} {record['median_rank']:7.1f} {record['n']:5d}"


def _bounds(record: dict[str, Any], name: str, number: str, times: float = 1) -> str:
    """The interval of a figure of a record, each bound written as ``number`` says."""
    return interval_of(record, name).bounds(lambda value, _: number.format(times * value))


def _unknown(records: list[dict[str, Any]]) -> float:
    return next((record["unknown"] for record in records if "unknown" in record), float("nan"))


def _unbeaten(records: list[dict[str, Any]]) -> list[str]:
    """A line for each model: what it does not beat at recall at 10."""
    lines = []
    for model in dict.fromkeys(record["model"] for record in records):
        own = [record for record in records if record["model"] == model and record["verdict"] != "better"]
        listed = [
            f"{one['against']} {one['task']} {one['language']} {100 * one[f'r@{K}']:+.1f} "
            f"{_bounds(one, f'r@{K}', '{:+.1f}', 100)}"
            for one in own
            if one["against"] in RIVALS
        ]
        lines.append(f"{model} does not beat: {'; '.join(listed)}" if listed else f"{model} beats every rival at R@10")
    return lines


def _words(records: list[dict[str, Any]]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for one in records:
        cell = f"{one['setting']} {one['mrr']:.2f} {_bounds(one, 'mrr', '{:.2f}')} ({one['n']})"
        rows.setdefault(one["model"], []).append(cell)
    return [f"  {model:14} {'  '.join(cells)}" for model, cells in rows.items()]
