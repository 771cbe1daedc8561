"""A few of the single bits that a long run changes: each is found by ``check --deep``."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import flips, writing
from benchmarks.soak.trial import Effort
from cldi_core.data import sealing


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which a data set has a file of every kind."""
    world = tmp_path_factory.mktemp("complete")
    flips.complete(world)
    return world


def test_a_complete_data_set_has_files_of_every_kind_each_with_a_checksum(complete: Path) -> None:
    path = complete / "data" / writing.NAME
    kinds = {one.relative_to(path).parts[0] for one in path.rglob("*") if one.is_file()}
    assert kinds >= {
        "dataset.toml", "words.parquet", "lexicon", "left_out.tsv", "concreteness.tsv", "descriptions.tsv", "imports",
        "images", "features", "fingerprints", "alike.parquet", "scores", "rankings", "evidence", "hubs", "curves",
        "dispersions", "projections", "pivot", "judgements", "people", "collect",
    }  # fmt: skip
    seen = sealing.look(path)
    assert (seen.changed, seen.unknown, seen.unread, seen.lines) == ((), (), {}, {})


def test_every_bit_that_is_changed_is_found(complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flips, "complete", lambda world: flips.Dataset(complete / "data" / writing.NAME))
    (found,) = flips.try_flips(complete, Effort(share=0.04))
    assert (found.tried, found.landed, found.lost) == (20, 20, ())


def test_a_bit_that_nobody_sees_is_a_loss(complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flips, "complete", lambda world: flips.Dataset(complete / "data" / writing.NAME))
    monkeypatch.setattr(flips, "said", lambda path: {})
    (found,) = flips.try_flips(complete, Effort(share=0.001))
    assert len(found.lost) == found.tried == 8 and found.lost[0].startswith("bit ")
