"""What is printed of an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cldi_core.pivot import evaluation, experiment, report
from cldi_core.pivot.experiment import RANKS, WORDS
from tests.pivot.test_experiment import ranked_as, tried


def compared(low: float, high: float, n: int = 40) -> dict[str, Any]:
    """A comparison of two models, as in ``report.comparisons``."""
    verdict = "better" if low > 0 else "worse" if high < 0 else "not told apart"
    figures = {"r@10": (low + high) / 2, "r@10_low": low, "r@10_high": high}
    about = {"model": "pivot-sym", "against": "vse", "task": "text→text", "language": "en→de", "n": n}
    return {**about, **figures, "verdict": verdict}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.05, "pivot-sym beats every rival at R@10"),
        (-0.01, 0.05, "pivot-sym does not beat: vse text→text en→de +2.0 [-1.0, +5.0]"),
        (-0.05, -0.01, "pivot-sym does not beat: vse text→text en→de -3.0 [-5.0, -1.0]"),
    ],
)
def test_what_a_model_does_not_beat_is_named(low: float, high: float, said: str) -> None:
    assert report._unbeaten([compared(low, high)]) == [said]


def test_a_comparison_on_few_items_has_no_interval() -> None:
    few = {**compared(0, 0, n=19), "r@10": 0.3, "r@10_low": float("nan"), "r@10_high": float("nan")}
    assert report._unbeaten([few]) == ["pivot-sym does not beat: vse text→text en→de +30.0 (n too small)"]


def test_what_is_left_out_is_what_was_not_measured_anew() -> None:
    new = pd.DataFrame({"model": ["vse", "ridge"], "seed": [0, 1]})
    found = report.left_out(({"vse": (0, 2), "ridge": (1,)}, new), ({"vse": (3,), "avgmax": (0,)}, None))
    assert found == {"vse": [2, 3], "avgmax": [0]}


NAN = float("nan")


def line(model: str, r10: float, interval: tuple[float, float] = (NAN, NAN), **rest: object) -> dict[str, Any]:
    """A record of a table, as in ``evaluation.table``."""
    about = {"model": model, "task": "text→picture", "language": "en", "n": 40, "seeds": 2, "candidates": 10}
    recall = {"r@1": r10 / 4, "r@5": r10 / 2, "r@10": r10, "r@10_low": interval[0], "r@10_high": interval[1]}
    return {**about, **recall, "median_rank": 3.5, **rest}


def spoken(setting: str, mrr: float, interval: tuple[float, float], n: int) -> dict[str, Any]:
    """A record of word translation, as in ``experiment.word_table``."""
    about = {"model": "pivot-sym", "setting": setting, "n": n, "unknown": 0.25}
    return {**about, "mrr": mrr, "mrr_low": interval[0], "mrr_high": interval[1]}


REPORT: dict[str, Any] = {
    "corpus": "Colours", "folder": "made", "backbone": "vgg19", "pair": "en-de", "holdout": "words",
    "described_in_both": True, "seeds": [0, 3],
    "results": [
        line("pivot-sym", 0.8, (0.7, 0.92), unknown=0.125, **{"r@10_sd": 0.013}),
        line("vse", 0.4, (0.31, 0.5), stored=True),
        line("chance", 0.1, (0.1, 0.1)),
        line("pivot-sym", 0.6, (0.5, 0.7), language="de", unknown=0.5, n=19),
        line("identity", 0.2, task="text→text", language="en→de", n=12),
    ],
    "comparisons": [compared(0.01, 0.05), {**compared(-0.02, 0.03), "against": "pivot-sym-permuted"}],
    "words": {
        "all": [spoken("ALL", 0.6, (0.55, 0.64), 90), spoken("NN", 0.5, (NAN, NAN), 19)],
        "held_out": [spoken("ALL", 0.3, (0.2, 0.41), 30)],
    },
    "left_out": {"vse": [1, 2], "ridge": [4]}, "again": "python -m cldi_core pivot train",
    "seconds": {"pivot-sym": 12.6, "vse": 3.2},
    "sts": [{"file": "a.tsv", "model": "vse", "seed": 1, "pearson": 0.5, "low": 0.4, "high": 0.61, "n": 50}],
}  # fmt: skip
PRINTED = """\
made (Colours), en-de, vgg19: items described in both languages; held out: words; seeds 0, 3; \
95 % intervals over items and seeds together

text→picture, en (unknown words 12%)
  model                      R@1   R@5  R@10    95 % of R@10    sd  median     n
  pivot-sym                 20.0  40.0  80.0    [70.0, 92.0]   1.3     3.5    40
  vse (stored)              10.0  20.0  40.0    [31.0, 50.0]     –     3.5    40
  chance                     2.5   5.0  10.0                     –     3.5    40

text→picture, de (unknown words 50%)
  model                      R@1   R@5  R@10    95 % of R@10    sd  median     n
  pivot-sym                 15.0  30.0  60.0    [50.0, 70.0]     –     3.5    19

text→text, en→de (unknown words nan%)
  model                      R@1   R@5  R@10    95 % of R@10    sd  median     n
  identity                   5.0  10.0  20.0   (n too small)     –     3.5    12

pivot-sym beats every rival at R@10

word translation, all words (unknown 25%): MRR [95 %] (n)
  pivot-sym      ALL 0.60 [0.55, 0.64] (90)  NN 0.50 (n too small) (19)

word translation, words of which training saw nothing (unknown 25%): MRR [95 %] (n)
  pivot-sym      ALL 0.30 [0.20, 0.41] (30)

left out, as measured on another corpus, split or training than what is there now: \
vse seed 1, 2; ridge seed 4; test them anew: python -m cldi_core pivot train

training: pivot-sym 13 s, vse 3 s
a.tsv: vse seed 1: Pearson 0.50 [0.40, 0.61], n = 50"""


def test_a_report_is_printed_as_tables() -> None:
    assert report.text(REPORT) == PRINTED


def test_what_a_report_lacks_is_not_printed() -> None:
    bare = {**REPORT, "described_in_both": False, "results": [], "comparisons": [], "left_out": {}, "seconds": {}}
    text = report.text({name: value for name, value in bare.items() if name not in ("words", "sts")})
    assert text.strip().count("\n") == 0 and "no item described in both languages" in text


def test_chance_is_told_once_for_each_task_and_language() -> None:
    chance = {"r@1_chance": 0.1, "r@5_chance": 0.5, "r@10_chance": 1.0, "median_rank_chance": 5.5}
    records = [line("a", 0.5, **chance), line("b", 0.5, **chance), line("a", 0.5, language="de", n=9, **chance)]
    records.append(line("a", 0.5, task="text→text", **chance))
    found = report.chances(records)
    assert [(one["task"], one["language"], one["n"]) for one in found] == [
        ("text→picture", "en", 40), ("text→picture", "de", 9), ("text→text", "en", 40)
    ]  # fmt: skip
    for one in found:
        assert (one["model"], one["candidates"], one["seeds"], one["median_rank"]) == ("chance", 10, 2, 5.5)
        for k, value in ((1, 0.1), (5, 0.5), (10, 1.0)):
            assert [one[f"r@{k}{end}"] for end in ("", "_low", "_high", "_chance")] == [value] * 4


def measured(model: str, items: range, rank: float, seed: int = 0) -> pd.DataFrame:
    """Ranks of some items under a model: every fourth is 1, all others are the same."""
    ranks = [1.0 if item % 4 == 0 else rank for item in items]
    about = {"model": model, "seed": seed, "task": "text→text", "language": "en→de"}
    return pd.DataFrame({"item": items, "rank": ranks}).assign(**about)


def test_models_are_compared_with_the_rivals_that_are_there_on_the_same_items() -> None:
    models = {"vse": 11, "pivot-sym": 2, "pivot-sym-permuted": 11, "ridge": 10, "parallel-sym": 2, "avgmax": 3}
    frame = pd.concat(
        [measured(name, range(30 if name == "vse" else 40), rank) for name, rank in models.items()]
        + [measured("oe", range(40), 2).assign(task="text→picture")]
    )
    found = {(one["model"], one["against"]): one for one in report.comparisons(frame)}
    others = {"vse": ("ridge", "pivot-sym", "parallel-sym"), "pivot-sym": ("vse", "ridge", "parallel-sym"),
              "parallel-sym": ("vse", "ridge", "pivot-sym")}  # fmt: skip
    expected = {(model, rival) for model, rivals in others.items() for rival in rivals}
    assert set(found) == expected | {("pivot-sym", "pivot-sym-permuted")}
    for (model, rival), one in found.items():
        gap = evaluation.difference(frame, model, rival, "text→text", "en→de")
        assert (one["task"], one["language"]) == ("text→text", "en→de")
        assert [one["r@10"], one["r@10_low"], one["r@10_high"]] == pytest.approx(
            [gap.value, gap.low, gap.high], nan_ok=True
        )
        assert one["n"] == (30 if "vse" in (model, rival) else 40)
        better = {"vse": 0, "pivot-sym": 1, "parallel-sym": 1, "ridge": 1, "pivot-sym-permuted": 0}
        assert one["verdict"] == {1: "better", 0: "not told apart", -1: "worse"}[better[model] - better[rival]]


@pytest.mark.parametrize("folder", ["pivot", "elsewhere"])
def test_a_report_holds_what_is_new_and_what_is_kept_and_stands(tmp_path: Path, folder: str) -> None:
    one = tried(tmp_path / "made" / folder, models=("pivot-sym",), seeds=(1,))
    assert report.of(one)["results"] == [] and "words" not in report.of(one)
    models = experiment.train(one)
    kept = ranked_as(one, ("vse", 0, [1, 2]), ("ridge", 0, [3, 1]), ("pivot-sym", 1, [9, 9]))
    stale = ranked_as(one, ("oe", 3, [1, 1]), ("spelling", 2, [1, 1])).assign(corpus="another")
    experiment.keep(one, RANKS, pd.concat([kept, stale]))
    spoken = ranked_as(one, ("avgmax", 4, [1, 2]), name=WORDS)
    experiment.keep(one, WORDS, pd.concat([spoken, ranked_as(one, ("vse", 5, [1]), name=WORDS).assign(corpus="x")]))
    found = report.of(one)
    assert not any(record["stored"] for record in found["results"] if record["model"] != "chance")
    assert found["left_out"] == {"oe": [3], "spelling": [2], "vse": [5]}
    new = ranked_as(one, ("pivot-sym", 1, [1, 1]), ("oe", 3, [2, 2]))
    words = ranked_as(one, ("pivot-sym", 1, [4, 4]), name=WORDS)
    found = report.of(one, new, words)
    stored = {record["model"]: record.get("stored") for record in found["results"]}
    assert stored == {"pivot-sym": False, "oe": False, "vse": True, "ridge": True, "chance": None}
    assert {record["model"]: record["r@1"] for record in found["results"]}["pivot-sym"] == 1, "the new ones count"
    about = {"corpus": "made up", "folder": "made" if folder == "pivot" else folder, "backbone": "made-up"}
    about |= {"pair": "en-de", "holdout": "items", "described_in_both": True, "seeds": [0, 1, 3]}
    assert {name: found[name] for name in about} == about
    assert found["left_out"] == {"spelling": [2], "vse": [5]} and found["again"].endswith(" --holdout items")
    assert found["seconds"] == {key.name: pytest.approx(model.seconds) for key, model in models.items()}
    assert {(record["model"], record["against"]) for record in found["comparisons"]} == {
        (model, rival)
        for model in ("pivot-sym", "oe", "vse")
        for rival in ("pivot-sym", "oe", "vse", "ridge")
        if rival != model
    }
    assert {record["model"]: record["mrr"] for record in found["words"]["all"]} == {"pivot-sym": 0.25, "avgmax": 0.75}
    assert len(found["words"]["held_out"]) == len(found["words"]["all"])
    out = report.of(one, new, words.assign(held_out=False))["words"]
    assert {record["model"] for record in out["held_out"]} == {"avgmax"}
