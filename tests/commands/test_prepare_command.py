"""``prepare`` as a command, and before the dashboard is shown."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cldi_core.commands import main, preparing
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.insight import maps, prepared
from cldi_core.insight import preparing as work
from tests.conftest import BACKBONE


@pytest.fixture(autouse=True)
def _no_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "project", lambda dataset, backbone, **how: {"words": "kept"})


def test_what_was_made_is_printed(small: Dataset) -> None:
    done = CliRunner().invoke(main.app, ["prepare", "--dataset", str(small.path), "--json"])
    (made,) = json.loads(done.stdout)["backbones"].values()
    assert done.exit_code == 0 and made["dispersions"] > 5 and made["unscored"] == ["en-de"]
    done = CliRunner().invoke(main.app, ["prepare", "--dataset", str(small.path)])
    assert done.stdout.startswith(f"{BACKBONE}: 0 dispersions measured, maps: words kept")
    assert "score --dataset" in done.stderr


def test_before_it_is_shown_a_data_set_is_prepared_once(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "AT_ONCE", 10)
    made: list[str] = []
    plain = work.prepare
    monkeypatch.setattr(work, "prepare", lambda dataset, name, **how: (made.append(name), plain(dataset, name, **how)))
    monkeypatch.setenv("CLDI_READ_ONLY", "1")
    preparing.before_showing(small.path)
    assert made == []
    monkeypatch.delenv("CLDI_READ_ONLY")
    preparing.before_showing(small.path)
    preparing.before_showing(small.path)
    assert made == [BACKBONE]


def test_what_cannot_be_prepared_is_shown_all_the_same(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(dataset: Dataset) -> tuple[str, ...]:
        raise DatasetError("the disk is full")

    monkeypatch.setattr(prepared, "lacking", fails)
    preparing.before_showing(small.path)
    assert capsys.readouterr().err == "error: the disk is full\n"
