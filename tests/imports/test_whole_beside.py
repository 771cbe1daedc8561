"""An export beside others who write: it holds what the data set was at one moment, or says why it does not."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import pictures, storage, under_way
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.imports import whole_export
from cldi_core.imports.whole import import_whole
from cldi_core.imports.whole_export import export_whole
from tests.conftest import BACKBONE, picture
from tests.imports.test_pictures import dots, run


def held(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as archive:
        return set(archive.namelist())


def test_an_export_is_refused_while_pictures_are_imported(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
    told: list[str] = []

    def source() -> object:
        yield from dots(3)
        with pytest.raises(DatasetError) as caught:
            export_whole(small, tmp_path / "out.zip")
        told.append(str(caught.value))

    run(small, source())  # type: ignore[arg-type]
    assert len(told) == 1 and "(import pictures, since " in told[0] and "\n" not in told[0]
    assert not (tmp_path / "out.zip").exists() and not [*tmp_path.glob(".cldi-*")]
    export_whole(small, tmp_path / "out.zip")
    assert import_whole(tmp_path / "again", tmp_path / "out.zip").counts["files"]


def test_an_export_waits_for_an_import_that_ends(small: Dataset, tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def change() -> None:
        with under_way.changing(small.path, "import pictures"):
            (shard,) = pictures.write_shards(small.path / "images", [picture("ring", variant=3)])
            entered.set()
            leave.wait(60)
            datasets.write_words(small.path, [("en", "ring", 0, picture("ring", variant=3).id)])
            made.append(shard)

    made: list[Path] = []
    writer = threading.Thread(target=change)
    writer.start()
    entered.wait(60)
    timer = threading.Timer(0.3, leave.set)
    timer.start()
    export_whole(small, tmp_path / "out.zip", pictures="all")
    writer.join()
    again = import_whole(tmp_path / "again", tmp_path / "out.zip")
    assert again.counts["files"] and f"images/{made[0].name}" in held(tmp_path / "out.zip")
    assert Dataset(tmp_path / "again").members("en") == Dataset(small.path).members("en")


def beside(monkeypatch: pytest.MonkeyPatch, part: str, act: object) -> None:
    """Do something once, before the first file of a part goes into an export."""
    filled, done = whole_export._filled, []

    def spied(dataset: Dataset, name: str, *given: object) -> object:
        if name == part and not done:
            done.append(name)
            act()  # type: ignore[operator]
        return filled(dataset, name, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(whole_export, "_filled", spied)


def test_pictures_and_words_that_come_while_it_is_written_are_not_in_it(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {f"images/{path.name}" for path in small.pictures.shards}
    beside(monkeypatch, "pictures", lambda: run(Dataset(small.path), dots(3)))
    export_whole(small, tmp_path / "out.zip", pictures="all")
    assert {name for name in held(tmp_path / "out.zip") if name.startswith("images/")} == before
    import_whole(tmp_path / "again", tmp_path / "out.zip")
    assert "dots" not in str(Dataset(tmp_path / "again").languages)
    assert len(Dataset(small.path).pictures.ids) > len(Dataset(tmp_path / "again").pictures.ids)


@pytest.mark.parametrize("act", ["written anew", "taken away"])
def test_features_that_change_while_it_is_written_are_told(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    (shard, *_) = sorted((small.path / "features" / BACKBONE).glob("*.safetensors"))
    change = shard.unlink if act == "taken away" else lambda: storage.write(shard, lambda file: file.write_bytes(b"x"))
    beside(monkeypatch, "features", change)
    with pytest.raises(DatasetError, match=rf"was written to while it was exported \(features/{BACKBONE}/.*run this"):
        export_whole(small, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists() and not [*tmp_path.glob(".cldi-*")]
