"""How well models do beside baselines, controls and chance, on ranks that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core.pivot import evaluation, standings


def made_ranks(**given: list[float]) -> pd.DataFrame:
    """A frame of ranks: the same items under each model, two seeds."""
    frames = []
    for name, ranks in given.items():
        count = len(ranks)
        frames.append(
            pd.DataFrame(
                {"seed": [0, 1] * (count // 2), "model": name.replace("_", "-"), "task": "text→picture",
                 "language": "en", "item": [f"i{number // 2}" for number in range(count)], "draw": 0, "rank": ranks,
                 "candidates": 50, "words": 4, "unknown": 1}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


GOOD, BAD = [1.0] * 40, [30.0] * 40
MIXED = [1.0, 30.0, 20.0, 5.0] * 10


def test_the_table_holds_models_before_controls_and_chance_last() -> None:
    frame = made_ranks(pivot_sym_permuted=BAD, ridge=MIXED, pivot_sym=GOOD, vse=MIXED)
    records = standings.standing(frame, "text→picture", "en")
    assert [record["label"] for record in records] == [
        "VSE", "PIVOT-SYM", "Ridge regression", "PIVOT-SYM, pictures permuted", "Chance"
    ]  # fmt: skip
    assert [record["r@10"] for record in records] == [0.5, 1, 0.5, 0, pytest.approx(0.2)]
    assert [record["median_rank"] for record in records] == [12.5, 1, 12.5, 30, 25.5]
    assert (records[0]["n"], records[0]["seeds"], records[0]["unknown"]) == (20, 2, 0.25)
    assert np.isnan([records[1]["median_rank_low"], records[1]["median_rank_high"]]).all(), "it is always 1"
    assert records[0]["median_rank_low"] <= 12.5 <= records[0]["median_rank_high"]
    assert np.isnan(records[-1]["median_rank_low"])
    assert standings.standing(frame, "text→text", "en→de") == []
    assert [standings.label(name) for name in ("spelling", "identity", "mine")] == [
        "Spelling", "Identity, no pictures", "Mine"
    ]  # fmt: skip


def test_the_median_resamples_items_and_seeds() -> None:
    frame = made_ranks(vse=[1.0, 3.0, 100.0, 100.0])
    found = standings.median(frame)
    assert found.value == 51.5 and np.isnan(found.low), "two items are too few"
    # Under seed 0 every item has rank 1, under seed 1 rank 9: what varies is which seeds are drawn.
    frame = made_ranks(vse=[1.0, 9.0] * 20)
    found = standings.median(frame)
    assert (found.value, found.low, found.high) == (5, 1, 9)
    alone = standings.median(frame.assign(seed=0))
    assert alone.value == 5 and np.isnan(alone.low), "an item is drawn with all its queries: the median never varies"
    assert np.isnan(standings.median(frame[:0]).value)


def test_margins_tell_what_is_beaten_and_what_is_not() -> None:
    frame = made_ranks(vse=BAD, ridge=GOOD, pivot_sym=MIXED, spelling=MIXED)
    found = standings.margins(frame, "pivot-sym", "text→picture", "en")
    assert found is not None
    assert [(one.rival, one.label, one.side) for one in found] == [
        ("vse", "VSE", "more"), ("ridge", "Ridge regression", "less"), ("spelling", "Spelling", "alike")
    ]  # fmt: skip
    assert [(one.k, one.recall.value) for one in found] == [(10, 0.5), (10, -0.5), (10, 0)]
    assert 0 < found[0].recall.low <= 0.5 <= found[0].recall.high
    assert np.isnan([found[2].recall.low, found[2].recall.high]).all(), "they never differ: no interval of zero width"
    assert [one.n for one in found] == [20, 20, 20]
    few = standings.margins(frame[frame["item"] != "i0"], "pivot-sym", "text→picture", "en")
    assert few is not None and [(one.n, one.side) for one in few] == [(19, "alike")] * 3, "too few to tell"
    assert standings.margins(frame, "oe", "text→picture", "en") is None
    assert standings.margins(frame[frame["model"] == "vse"], "vse", "text→picture", "en") == []
    assert set(evaluation.COLUMNS) == set(frame.columns)


def test_the_table_of_one_seed_is_that_of_its_rows() -> None:
    frame = made_ranks(mine=MIXED, identity=BAD, spelling=MIXED, vse_permuted=BAD, vse=MIXED, parallel_asym=GOOD)
    other = frame.assign(language="de", rank=50.0)
    found = standings.standing(pd.concat([frame, other, frame.assign(task="text→text")]), "text→picture", "en", seed=1)
    names = ["vse", "parallel-asym", "spelling", "identity", "vse-permuted", "mine", "chance"]
    assert [record["model"] for record in found] == names
    own = evaluation.table(frame[frame["seed"] == 1])
    for record in own:
        (same,) = (one for one in found if one["model"] == record["model"])
        for name, value in record.items():
            assert same[name] == value or (np.isnan(same[name]) and np.isnan(value)), name
        middle = standings.median(frame[(frame["seed"] == 1) & (frame["model"] == record["model"])])
        np.testing.assert_equal([same["median_rank_low"], same["median_rank_high"]], [middle.low, middle.high])
    assert {record["seeds"] for record in found} == {1} and found[0]["median_rank"] == 17.5


def test_margins_are_of_same_items_in_one_task_and_language() -> None:
    models = {"identity": GOOD, "oe": BAD, "ridge": BAD, "vse_permuted": BAD, "vse": MIXED, "pivot_sym_permuted": BAD}
    frame = made_ranks(**models)
    frame = frame[(frame["model"] != "ridge") | frame["item"].isin([f"i{number}" for number in range(15)])]
    elsewhere = [frame.assign(task="text→text", rank=1.0), frame.assign(language="de", rank=1.0)]
    every = pd.concat([frame, *elsewhere, made_ranks(spelling=GOOD).assign(language="de")])
    found = standings.margins(every, "vse", "text→picture", "en", k=5)
    assert found is not None
    assert [(one.rival, one.n, one.k) for one in found] == [
        ("ridge", 15, 5), ("identity", 20, 5), ("vse-permuted", 20, 5)
    ]  # fmt: skip
    for one in found:
        gap = evaluation.difference(frame, "vse", one.rival, "text→picture", "en", 5)
        np.testing.assert_equal([one.recall.value, one.recall.low], [gap.value, gap.low])
    assert [one.recall.value for one in found] == pytest.approx([0.5, -0.5, 0.5])
    assert standings.margins(every, "spelling", "text→picture", "en") is None
