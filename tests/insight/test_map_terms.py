"""What points of a map show, read ahead: the same as when it is read while somebody waits, and never that of others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from cldi_core.commands.projecting import project
from cldi_core.data import descriptions, layout
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import map_labels, map_layout, map_terms, maps
from cldi_core.insight.depicted import Depicted
from tests.conftest import BACKBONE, import_another, write_features

pytestmark = pytest.mark.usefixtures("no_umap")


@pytest.fixture
def mapped(small: Dataset) -> Dataset:
    """With maps."""
    maps.project(small, BACKBONE)
    return small


def terms(dataset: Dataset, kind: str) -> list[map_terms.Terms]:
    """What the labels of a pair's map are made of."""
    pair = open_pair(dataset, BACKBONE, "en-de")
    places = map_terms.with_terms(dataset, BACKBONE, kind, maps.coordinates(dataset, BACKBONE, kind))
    unranked = pd.DataFrame({"rank": [np.nan] * len(pair.queries)})
    return map_labels._terms(maps.placed(places, pair, unranked, "NVA"), pair)


@pytest.mark.parametrize("at_once", [2, 40_000])
def test_what_is_kept_is_what_would_be_read(mapped: Dataset, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    expected = {kind: terms(mapped, kind) for kind in maps.KINDS}
    assert all(sum(map(bool, own)) > 3 for own in expected.values())
    monkeypatch.setattr(map_terms, "AT_ONCE", at_once)
    assert map_terms.keep(mapped, BACKBONE) == ["words", "pictures"] and map_terms.keep(mapped, BACKBONE) == []
    monkeypatch.setattr(Depicted, "name", lambda *given: pytest.fail("a name is read"))
    assert {kind: terms(mapped, kind) for kind in maps.KINDS} == expected
    for kind in maps.KINDS:
        path = map_terms._path(mapped, BACKBONE, kind).relative_to(mapped.path).as_posix()
        assert layout.part_of(path) == "projections"


def test_what_is_kept_is_of_these_names_and_this_map(mapped: Dataset, reopen: Callable[[], Dataset]) -> None:
    map_terms.keep(mapped, BACKBONE)
    key = mapped.pictures.table.index[0]
    (mapped.path / descriptions.TABLE).write_text(f"picture\tlanguage\ttext\n{key}\ten\ta cow\n", "utf-8")
    changed = reopen()
    places = maps.coordinates(changed, BACKBONE, "pictures")
    assert "terms" not in map_terms.with_terms(changed, BACKBONE, "pictures", places)
    assert map_terms.keep(changed, BACKBONE) == ["words", "pictures"]
    found = map_terms.with_terms(changed, BACKBONE, "pictures", places)
    assert found.attrs == places.attrs and len(found) == len(places) and "terms" not in places
    assert "terms" not in map_terms.with_terms(changed, BACKBONE, "pictures", places[:4]), "of a sample"
    write_features(mapped.path, dim=6)
    assert map_terms.keep(reopen(), BACKBONE) == [], "there are no maps of these features"


def test_damaged_ones_are_made_again(mapped: Dataset) -> None:
    map_terms.keep(mapped, BACKBONE)
    path = map_terms._path(mapped, BACKBONE, "words")
    frame = pd.read_parquet(path)
    frame["terms"] = "cow"
    frame.to_parquet(path, index=False)
    assert ("cow",) not in terms(mapped, "words")
    assert map_terms.keep(mapped, BACKBONE) == ["words"]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_all_of_a_run_is_of_the_moment_at_which_it_began(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whatever is imported between two of its steps, ``project`` leaves what it would leave alone."""
    monkeypatch.setattr("cldi_core.commands.projecting.progress", map_layout.untold)
    project("small", BACKBONE)
    folder = small.path / "projections" / BACKBONE
    alone = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(alone) == 4
    for path in folder.iterdir():
        path.unlink()
    steps: list[str] = []

    @contextlib.contextmanager
    def told(what: str, unit: str) -> Iterator[map_layout.Report]:
        if len(steps) == after:
            import_another(small)
        steps.append(what)
        yield lambda done, total: None

    monkeypatch.setattr("cldi_core.commands.projecting.progress", told)
    project("small", BACKBONE)
    assert len(steps) > after, "something was imported"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == alone
