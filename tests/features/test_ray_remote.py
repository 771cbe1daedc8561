"""Extraction by Ray's actors of a data set at an address: on machines that share no folder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cldi_core.data import remote
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.features import extraction, ray_engine, shards
from tests.conftest import FakeExtractor
from tests.object_store import Elsewhere, elsewhere, store  # noqa: F401 (fixtures)

pytest.importorskip("ray", reason="Ray is an optional extra")


def test_actors_read_and_write_at_the_address(
    elsewhere: Elsewhere,  # noqa: F811
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = elsewhere.put(small.path)
    caches: list[Path] = []

    def answers(todo: dict[Path, Any], actor: type, given: tuple[Any, ...], *rest: Any) -> Iterator[dict[str, Any]]:
        rows = ray_engine.rows_of(todo)
        assert str(caches[0]) not in json.dumps(rows), "no path of this machine"
        caches.append(elsewhere.machine("actor"))
        yield from map(actor(*given[:3], 0), rows)
        assert list(caches[1].rglob("images/*.parquet")), "it has a mirror of its own"
        elsewhere.machine("driver")

    for module in (ray_engine, extraction):
        monkeypatch.setattr(module, "Extractor", FakeExtractor)
    monkeypatch.setattr(ray_engine, "_made", answers)
    monkeypatch.setattr(ray_engine, "joined", lambda address: contextlib.nullcontext())
    caches.append(elsewhere.machine("driver"))
    opened = open_dataset(url)
    done = ray_engine.extract(opened, "alexnet")
    assert done.extracted == len(small.pictures.table) and not done.failed
    again = ray_engine.extract(open_dataset(url), "alexnet")
    assert (again.extracted, again.reused) == (0, done.extracted)
    found = shards.open_features(Dataset(opened.path), "alexnet")
    extraction.extract(small, "alexnet", workers=0)
    assert (np.asarray(found.matrix) == np.asarray(shards.open_features(small, "alexnet").matrix)).all()
    assert remote.url_of(opened.path) == url
