"""How much memory commands take: what is read of a process, the line through the sizes, and what a failure says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import memory, memory_data
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.features import backbones, decoding, networks, shards
from cldi_core.imports import folder

RECORDS = [
    {
        "kind": "memory",
        "step": "check",
        "label": "check",
        "pictures": size,
        "own": own,
        "resident": 2 * own,
        "seconds": 1,
    }
    for size, own in ((1000, 101_000_000), (10_000, 110_000_000), (100_000, 200_000_000))
]


def test_the_memory_of_a_process_is_what_it_took_at_most() -> None:
    """It lets go of the 60 MB before it ends."""
    hold = (
        "import time; held = bytearray(60_000_000); held[:] = b'x' * len(held); time.sleep(1); del held; time.sleep(.2)"
    )
    found = memory.watched(["-c", hold])
    assert 60_000_000 < found["own"] < 200_000_000 and found["own"] <= found["resident"] and found["seconds"] > 1


def test_a_step_that_fails_says_why() -> None:
    with pytest.raises(CldiError, match="failed: no such thing"):
        memory.watched(["-c", "raise SystemExit('no such thing')"])


def test_a_line_goes_through_the_sizes() -> None:
    (one,) = memory.slopes(RECORDS)
    assert one["slope"] == pytest.approx(1000) and one["constant"] == pytest.approx(1e8) and one["sizes"] == 3
    assert memory.slopes(RECORDS[:1]) == []
    lines = memory.table([*RECORDS, one]).splitlines()
    assert len(lines) == 5 and lines[-1].split()[1:] == ["1,000", "bytes", "a", "picture", "and", "100", "MB"]


def test_every_step_is_a_command_on_the_data_of_its_size() -> None:
    for step in memory.STEPS.values():
        arguments = step.command(memory.Place(Path("/x")))
        assert arguments[0] == "-m" and any(one.startswith("/x/") for one in arguments)


def test_what_a_step_needs_is_made_before_it() -> None:
    assert memory._before("check") == ["import", "extract"] and memory._before("import") == []
    places = list(memory.STEPS)
    for key in places:
        assert all(places.index(needed) < places.index(key) for needed in memory._before(key))


def test_the_data_of_a_size_is_extracted_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "BACKBONES", dict(backbones.BACKBONES))
    monkeypatch.setattr(networks, "NETWORKS", dict(networks.NETWORKS))
    place = memory.Place(tmp_path)
    memory_data.make(place.folder, 200)
    built, listed = Dataset(place.built), Dataset(place.listed)
    assert listed.home == built.path and len(listed.pictures.ids) == len(built.pictures.ids)
    assert listed.queries("en-de") == built.queries("en-de"), "which has fewer than a hundred"
    assert sum(1 for _ in place.files.glob("*/*/*.jpg")) == len(built.pictures.ids)

    folder.import_folder(place.imported, place.files, workers=0)
    memory_data.extract(place.imported)
    found = Dataset(place.imported)
    loaded = shards.open_features(found, memory_data.FAKED)
    assert sorted(loaded.ids) == sorted(found.pictures.ids)
    key = loaded.ids[3]
    how = backbones.BACKBONES[memory_data.FAKED].preprocessing
    assert how is not None
    pixels = decoding.prepare(found.pictures.read([key])[key], how).astype(np.float32)
    scaled = ((pixels - how.mean) / how.std).transpose(2, 0, 1).reshape(-1)
    np.testing.assert_allclose(loaded.matrix[3][: len(scaled)], scaled, rtol=2e-3, atol=2e-3)
    assert found.pairs == ("en-fr",)

    (place.built / "scores").mkdir()
    place.clear()
    assert not place.imported.exists() and {path.name for path in place.built.iterdir()} == set(memory.DATA)
    assert Dataset(place.listed).words.equals(built.words), "the data itself stays"
