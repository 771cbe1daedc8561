"""The stamp of files: it changes with each of them, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from cldi_core.data import stamping

PATTERNS = ("*", "features/*/*.safetensors")


def test_a_stamp_changes_with_the_files_that_its_patterns_name(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "features" / "one").mkdir(parents=True)
    (folder / "dataset.toml").write_text("a")

    def stamp() -> str:
        return stamping.stamp((folder, folder), PATTERNS)

    seen = [stamp()]
    for name in (".hidden", "features/loose.safetensors", "features/one/status.json", "features/one/.x.safetensors"):
        (folder / name).write_text("no part of it")
        assert stamp() == seen[-1], name
    for name, text in (("features/one/0.safetensors", "x"), ("words.parquet", ""), ("dataset.toml", "ab")):
        (folder / name).write_text(text)
        seen.append(stamp())
    os.utime(folder / "dataset.toml", ns=(1, 1))
    seen.append(stamp())
    assert len(set(seen)) == len(seen)
    assert stamping.stamp((tmp_path / "nowhere",), PATTERNS) == stamping.stamp((), PATTERNS)


def test_files_of_two_folders_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "file").write_text("x")
    before = stamping.stamp((tmp_path / "one", tmp_path / "two"), ("*",))
    (tmp_path / "one" / "file").rename(tmp_path / "two" / "file")
    assert stamping.stamp((tmp_path / "one", tmp_path / "two"), ("*",)) != before
