"""Ways to lay pictures out on a plane: what is given to each, how it is judged, and what is told of one that lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import machine, projections
from benchmarks.projections_worker import WAYS
from cldi_core.insight import map_layout

RNG = np.random.default_rng(2)
FEATURES = np.abs(RNG.standard_normal((120, 8))).astype(np.float16)


def test_neighbours_that_stay_neighbours_are_trusted() -> None:
    angle = RNG.uniform(0, np.pi / 2, 200)
    features = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = np.stack([angle, np.zeros(200)], axis=1).astype(np.float32)
    assert projections.trust(features, places) > 0.99
    assert projections.trust(features, RNG.permutation(places)) < 0.7


def test_every_way_gets_the_same_numbers_and_rows_beyond_the_sample_are_placed_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: list[tuple[np.ndarray, np.ndarray]] = []

    def laid_out(folder: Path, way: str) -> dict[str, Any]:
        rows, rest = (np.load(folder / f"{name}.npy") for name in ("rows", "rest"))
        given.append((rows, rest))
        for name, own in (("rows", rows), ("rest", rest)):
            np.save(folder / f"{name}-xy.npy", own[:, :2])
        return {"seconds": 1.0, "start": 2.0, "rest_seconds": 3.0, "peak": 4_000_000}

    monkeypatch.setattr(map_layout, "FITTED", 80)
    monkeypatch.setattr(projections, "_in_process", laid_out)
    monkeypatch.setattr(machine, "installed", lambda name: name == "umap")
    found = list(projections._of_set("demo", FEATURES, tmp_path, lambda line: None))
    assert [one["way"] for one in found] == list(WAYS)
    ours, *others = found
    ((rows, rest),) = given
    assert (ours["rows"], ours["rest"], len(rows), len(rest)) == (80, 40, 80, 40)
    assert rows.shape[1] == 8 and 0.5 < ours["rest_trust"] <= 1 and 0.5 < ours["rows_trust"] <= 1
    assert {one["status"] for one in others} == {"not installed"}
    lines = projections.table(found).splitlines()
    assert lines[1].split()[-6:-3] == ["2.0", "1.0", "4"] and lines[2].split()[-6:] == ["–"] * 6
