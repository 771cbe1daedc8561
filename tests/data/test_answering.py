"""Folders that do not answer: they are left out, waited for once, and asked again when they do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cldi_core.data import answering

FOLDERS = [Path(f"/{number}") for number in range(5)]


def test_silent_ones_are_left_out_and_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "PATIENCE", 0.05)
    go, asked = threading.Event(), list[Path]()

    def work(folder: Path) -> str:
        asked.append(folder)
        if folder in FOLDERS[1:3]:
            assert go.wait(60)
        return folder.name

    rest = {folder: folder.name for folder in FOLDERS if folder not in FOLDERS[1:3]}
    assert answering.ask(work, FOLDERS) == rest
    asked.clear()
    assert answering.ask(work, FOLDERS) == rest and set(asked) == set(rest), "those are not asked again"
    waiting = [answering._silent[folder] for folder in FOLDERS[1:3]]
    go.set()
    for thread in waiting:
        thread.join(60)
    assert answering.ask(work, FOLDERS) == {folder: folder.name for folder in FOLDERS}
    assert answering.ask(work, []) == {}


def test_an_error_is_raised_here() -> None:
    def work(folder: Path) -> str:
        raise RuntimeError(folder.name)

    with pytest.raises(RuntimeError, match="0"):
        answering.ask(work, FOLDERS)
