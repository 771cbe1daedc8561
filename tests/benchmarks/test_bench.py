"""The measurements: all rows are there and right, a wrong peer is seen, the image sets are what they claim to be.

How long anything takes is never asserted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchmarks
from benchmarks import errors, full_size, machine, peers, speed, synthetic, ways, worker
from cldi_core.errors import CldiError
from cldi_core.evaluation.ranking import gold_ranks
from cldi_core.scoring import scores
from cldi_core.scoring.imagesets import ImageSets
from tests import oracles

ROOT = Path(__file__).resolve().parents[2]
WORDS, DIM = 6, 32
PAIR = synthetic.make(WORDS, DIM)
FEW = synthetic.make(3, 32)  # for the slow definitions
PEERS = {name: row for name, row in ways.ROWS.items() if not name.startswith(("plain", "ours"))}

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def records() -> Records:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarks, "SEEDS", range(2))
        return benchmarks.run(words=WORDS, dims=(DIM, 48), repeats=1, threads=1)


def of(records: Records, kind: str, **found: object) -> Records:
    return [r for r in records if r["kind"] == kind and all(r[key] == value for key, value in found.items())]


def speeds() -> dict[str, dict[str, Any]]:
    """The rows of one small measurement by name."""
    return {record["row"]: record for record in speed.measure(WORDS, DIM, repeats=1, seed=0)}


def lists(sets: ImageSets) -> list[np.ndarray]:
    return [np.asarray(sets[word], np.float64) for word in sets.words]


def constant(row: ways.Row, **result: np.ndarray) -> ways.Row:
    """The row with another result, whatever it is given."""
    return replace(row, prepare=lambda work: ways.Measured(lambda: lambda: result), needs="")


# One run


def test_every_row_is_there_for_every_dim(records: Records) -> None:
    assert [r["dim"] for r in of(records, "speed")] == [DIM] * len(ways.ROWS) + [48] * len(ways.ROWS)
    assert [r["row"] for r in of(records, "speed", dim=48)] == list(ways.ROWS)
    assert [(r["dim"], r["seed"]) for r in of(records, "error")] == [(dim, s) for dim in (DIM, 48) for s in range(2)]
    assert {record["kind"] for record in records} == {"machine", "speed", "error"}
    assert records[0]["kind"] == "machine"


def test_figures_are_positive(records: Records) -> None:
    measured = of(records, "speed", status="measured")
    assert {"plain", "ours", "numpy-pairs", "numpy-blocks"} <= {r["row"] for r in measured}
    for record in measured:
        assert 0 < record["fastest"] <= record["seconds"] <= record["slowest"]
        assert min(record["gflops"], record["of_plain"], record["times_ours"], record["sampled"]) > 0
    assert {r["of_plain"] for r in measured if r["row"] == "plain"} == {1.0}
    assert {r["times_ours"] for r in measured if r["row"] == "ours"} == {1.0}


def test_what_is_not_measured_says_why(records: Records) -> None:
    """Every row that nothing is missing for is measured, and no other."""
    assert {record["row"]: record["status"] for record in of(records, "speed", dim=DIM)} == {
        name: "measured" if not row.needs or machine.installed(row.needs) else speed.MISSING
        for name, row in ways.ROWS.items()
    }


def test_peers_are_right(records: Records) -> None:
    checked = [r for r in of(records, "speed", status="measured") if "checked" in r]
    assert {r["row"] for r in checked} >= {"numpy-pairs", "numpy-blocks", "ours-avgmax"}
    assert [r["row"] for r in checked if not r["right"]] == []


def test_scores_are_near_float64(records: Records) -> None:
    assert all(0 <= record["error"] <= 1e-6 for record in of(records, "error"))
    assert all(0 < record["mrr"] <= 1 for record in of(records, "error"))


def test_the_text_holds_every_row(records: Records) -> None:
    text = benchmarks.table(records)
    assert [row.label for row in ways.ROWS.values() if text.count(f" {row.label} ") != 2] == []
    assert records[0]["cpu"] in text
    assert "WRONG" not in text


def test_records_are_json(records: Records) -> None:
    assert json.loads(json.dumps(records)) == records


def test_progress_is_told() -> None:
    told: list[str] = []
    speed.measure(2, 8, repeats=1, seed=0, tell=told.append)
    assert "8 dimensions, round 1 of 1" in told
    assert any(ways.ROWS["numpy-pairs"].label in line for line in told)


def test_repeats_take_turns() -> None:
    done: list[str] = []

    def call(name: str) -> Any:
        return lambda: lambda: done.append(name)

    seconds = speed.interleaved({"a": call("a"), "b": call("b"), "c": call("c")}, 3)
    assert "".join(done) == "abcbcacab"
    assert {name: len(found) for name, found in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_median_and_spread() -> None:
    found = speed.summary([3.0, 1.0, 2.0, 9.0, 2.5], flop=5e9)
    assert (found["seconds"], found["fastest"], found["slowest"], found["repeats"]) == (2.5, 1.0, 9.0, 5)
    assert found["gflops"] == 2


# Peers


@pytest.mark.parametrize("name", PEERS)
def test_peers_follow_the_definition(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also across several blocks, and where a sample is all there is time for."""
    row = PEERS[name]
    if row.needs:
        pytest.importorskip(row.needs)
    monkeypatch.setattr(peers, "BLOCK", 70)
    result = row.prepare(ways.Work(FEW, 0)).ready()()
    source, target = lists(FEW.source), lists(FEW.target)
    if "votes" in result:
        expected = oracles.knn(source, target) * FEW.source.sizes[:, None]
        np.testing.assert_allclose(result["votes"], expected, atol=1e-9)
    else:
        np.testing.assert_allclose(result["avgmax"], oracles.table(oracles.avgmax, source, target), atol=1e-6)


def test_a_sample_is_extrapolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "LIMIT", 0)
    monkeypatch.setattr(peers, "SAMPLE", 0)
    monkeypatch.setattr(peers, "LEAST", 0.01)
    work = ways.Work(PAIR, 0)
    call, share = peers.numpy_pairs(work.source, work.target, seed=1)
    found = call()["avgmax"]
    (word,) = np.flatnonzero(~np.isnan(found).all(axis=1))
    assert share == PAIR.source.sizes[word] / PAIR.source.sizes.sum()
    row = speeds()["numpy-pairs"]
    assert "extrapolated" in row["note"]
    assert row["right"]
    assert row["sampled"] < 1


def test_peers_that_are_not_installed_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "installed", lambda module: False)
    rows = speeds()
    assert {name for name, row in rows.items() if row["status"] == speed.MISSING} == {"fast-maxsim", "faiss"}
    assert benchmarks.table(list(rows.values())).count("not installed (make bench installs it)") == 2


@pytest.mark.parametrize("name", ["numpy-pairs", "fast-maxsim"])
def test_a_wrong_peer_is_visible(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = scores.score_all(PAIR.source, PAIR.target, ["avgmax"])["avgmax"].copy()
    right[2, 3] += 1e-3
    monkeypatch.setitem(ways.ROWS, name, constant(ways.ROWS[name], avgmax=right))
    rows = speeds()
    assert not rows[name]["right"]
    assert rows[name]["difference"] == pytest.approx(1e-3, rel=1e-2)
    (line,) = [line for line in benchmarks.table(list(rows.values())).splitlines() if ways.ROWS[name].label in line]
    assert "WRONG 1.0e-03" in line


def test_a_wrong_nearest_neighbour_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ways.ROWS, "faiss", constant(ways.ROWS["faiss"], votes=-np.eye(WORDS)))
    row = speeds()["faiss"]
    answers = scores.score_all(PAIR.source, PAIR.target, ["knn"])["knn"].argmax(axis=1)
    assert row["difference"] == pytest.approx((answers == np.arange(WORDS)).mean())
    assert not row["right"]
    assert "WRONG" in benchmarks.table([row])


def test_nothing_computed_is_wrong() -> None:
    empty = np.full((WORDS, WORDS), np.nan)
    assert not speed.check({"avgmax": empty}, {"avgmax": empty})["right"]


def test_a_peer_that_fails_is_named_and_ours_is_not_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(work: ways.Work) -> ways.Measured:
        raise ValueError("no\nmatter")

    monkeypatch.setattr(machine, "installed", lambda module: True)
    monkeypatch.setitem(ways.ROWS, "fast-maxsim", replace(ways.ROWS["fast-maxsim"], prepare=broken))
    monkeypatch.setitem(ways.ROWS, "faiss", replace(ways.ROWS["faiss"], prepare=broken))
    rows = speeds()
    assert rows["faiss"]["status"] == rows["fast-maxsim"]["status"] == "failed: no matter"
    assert "failed: no matter" in benchmarks.table(list(rows.values()))
    monkeypatch.setitem(ways.ROWS, "ours", replace(ways.ROWS["ours"], prepare=broken))
    with pytest.raises(ValueError, match="no"):
        speeds()


# Errors


def test_float64_follows_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "BLOCK", 70)
    expected = oracles.table(oracles.avgmax, lists(FEW.source), lists(FEW.target))
    np.testing.assert_allclose(errors.float64_avgmax(FEW.source, FEW.target), expected, atol=1e-12)


# Image sets


def test_image_sets_are_seeded() -> None:
    again, other = synthetic.make(WORDS, DIM), synthetic.make(WORDS, DIM, seed=1)
    assert np.array_equal(PAIR.source.features, again.source.features)
    assert np.array_equal(PAIR.target.features, again.target.features)
    assert np.array_equal(PAIR.target.offsets, again.target.offsets)
    assert not np.array_equal(PAIR.source.features[:20], other.source.features[:20])
    assert not np.array_equal(PAIR.source.features[:20], PAIR.target.features[:20])


def test_image_sets_are_as_described() -> None:
    pair = synthetic.make(200, 256)
    features = np.asarray(pair.source.features)
    sizes = np.concatenate([pair.source.sizes, pair.target.sizes])
    assert features.dtype == np.float16
    assert features.min() == 0
    assert np.isfinite(features).all()
    assert 0.55 < (features == 0).mean() < 0.75
    assert 50 < features.max() / features.mean(dtype=np.float64) < 200
    assert (sizes.min(), sizes.max()) >= (20, 45)
    assert sizes.max() <= 50
    assert 41 < sizes.mean() < 43.5
    assert scores.score_all(pair.source, pair.target, ["cnn-mean"])["cnn-mean"].mean() > 0.4
    unit = [peers.Rows(*rows) for rows in ((_unit(s), s.offsets) for s in (pair.source, pair.target))]
    assert 0.35 < (unit[0].rows @ unit[1].rows.T).mean() < 0.6
    assert pair.gold == [[word] for word in range(200)]
    ranks = gold_ranks(scores.score_all(pair.source, pair.target, ["avgmax"])["avgmax"], pair.gold)
    assert 0.25 < (1 / ranks).mean() < 0.6


def _unit(sets: ImageSets) -> np.ndarray:
    rows = np.asarray(sets.features, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_image_sets_may_lie_in_files(tmp_path: Path) -> None:
    written = synthetic.make(WORDS, DIM, folder=tmp_path)
    for pair in (written, synthetic.load(tmp_path)):
        for found, expected in ((pair.source, PAIR.source), (pair.target, PAIR.target)):
            assert isinstance(found.features, np.memmap)
            assert np.array_equal(found.features, expected.features)
            assert np.array_equal(found.offsets, expected.offsets)
            assert found.words == expected.words
        assert pair.gold == PAIR.gold


# The paper's size, here a small one


@pytest.mark.slow
def test_full_size() -> None:
    found = full_size.measure(1, 0, words=4, dim=16)
    assert [record["row"] for record in found] == ["numpy-pairs", "ours"]
    assert min(record[figure] for record in found for figure in ("seconds", "gflops")) > 0
    assert 0 < found[0]["sampled"] < 1
    assert found[1]["difference"] < 1e-5
    assert (found[1]["peak"] is None) == (worker.in_use() is None), "known wherever the system tells it"
    text = benchmarks.table(found)
    assert all(record["label"] in text for record in found)
    assert "extrapolated" in text
    assert "hours saved" in text
    assert json.loads(json.dumps(found)) == found


def test_full_size_needs_room(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(CldiError, match="set TMPDIR"):
        full_size.measure(1, 0)


def test_a_failed_process_says_why(tmp_path: Path) -> None:
    with pytest.raises(CldiError, match=r"the measurement failed with code 1: .*source"):
        full_size._in_process(tmp_path, 1)


@pytest.mark.skipif(worker.in_use() is None, reason="the system does not tell how much memory is in use")
def test_memory_is_watched() -> None:
    with worker.Peak() as watched:
        block = np.ones(4 << 20)  # 32 MiB
        while (watched.peak or 0) < block.nbytes // 2:
            pass
    assert block.nbytes // 2 <= watched.peak < 64 * block.nbytes


def test_memory_may_be_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "STATUS", tmp_path / "no such file")
    with worker.Peak() as watched:
        pass
    assert watched.peak is None


# The machine


def test_all_get_the_same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from threadpoolctl import threadpool_info

    monkeypatch.delenv(machine.RAYON, raising=False)
    before = torch.get_num_threads()
    with machine.threads(1) as count:
        assert (count, torch.get_num_threads()) == (1, 1)
        assert {library["num_threads"] for library in threadpool_info()} == {1}
        assert machine.os.environ[machine.RAYON] == "1"
    assert torch.get_num_threads() == before
    assert machine.RAYON not in machine.os.environ
    with machine.threads(None) as count:
        assert count == before


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    heavy = ("torch", "faiss", "fast_maxsim", "threadpoolctl", "pandas")
    code = f"import sys, benchmarks; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
