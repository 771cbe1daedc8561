"""Atomic writing, locks, digests and stored matrices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cldi_core import store
from cldi_core.errors import DatasetError

HOLDER = """
import sys, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    store.write_text(path, "old")

    def save(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        store.write(path, save)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_first_save_leaves_nothing(tmp_path: Path) -> None:
    def save(temporary: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path / "new" / "a.txt", save)
    assert names(tmp_path / "new") == []


def test_a_save_replaces_whole_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "wörd.tsv"
    store.write_text(path, "a longer text\n")
    store.write_text(path, "ß\n")
    assert path.read_bytes() == "ß\n".encode()
    assert names(path.parent) == ["wörd.tsv"]


@pytest.mark.parametrize("name", ["part.parquet", "part.safetensors", "en-de.tsv"])
def test_a_file_that_is_being_written_is_not_mistaken_for_one(tmp_path: Path, name: str) -> None:
    """A process that is killed leaves its temporary file behind: no reader may take it for a shard or a list."""
    pattern = f"*{Path(name).suffix}"
    seen: list[list[Path]] = []
    store.write(tmp_path / name, lambda temporary: (temporary.write_text("x"), seen.append([*tmp_path.glob(pattern)])))
    assert seen == [[]]
    assert [path.name for path in tmp_path.glob(pattern)] == [name]


def test_a_second_writer_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", 0.1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatasetError) as caught, store.lock(tmp_path):
            pytest.fail("two processes hold the folder")
        holder.stdin.close()
    message = str(caught.value)
    assert "\n" not in message
    assert repr(str(tmp_path)) in message and "run this again" in message


def test_a_lock_is_free_again_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", 0.1)
    with pytest.raises(ValueError, match="inside"), store.lock(tmp_path / "new"):
        raise ValueError("inside")
    with store.lock(tmp_path / "new"):
        pass


def test_digests_tell_everything_apart() -> None:
    parts = [(), ("",), ("", ""), ("ab", "c"), ("a", "bc"), ("abc",), (b"abc",), (["a", "b"],), (["b", "a"],),
             ("1",), (1,), (1.5,), (None,), ([],), ({},), ({"a": 1},), ({"a": 2},)]  # fmt: skip
    digests = [store.digest(*each) for each in parts]
    assert len(set(digests)) == len(parts)
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in digests)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert store.digest({"a": 1, "b": 2}) == store.digest({"b": 2, "a": 1})


def test_a_digest_is_the_same_in_every_release() -> None:
    """Stored results are found by it: a change would make every user compute everything again."""
    assert store.digest("ß", [1, 2], b"\x00") == "e9c7be6643cbde6d2ea18198c6e040db"


def test_matrices_are_stored_and_mapped(tmp_path: Path) -> None:
    matrix = np.array([[1, np.nan], [-2, 3]], np.float32)
    store.save_matrix(tmp_path / "m.npy", matrix)
    found = store.load_matrix(tmp_path / "m.npy")
    assert isinstance(found, np.memmap) and not found.flags.writeable
    np.testing.assert_array_equal(found, matrix)
    assert found.dtype == np.float32


@pytest.mark.parametrize("keep", [None, 0, 5, 100, 130])
def test_a_missing_or_cut_matrix_is_none(tmp_path: Path, keep: int | None) -> None:
    path = tmp_path / "m.npy"
    if keep is not None:
        store.save_matrix(path, np.zeros((4, 4)))
        path.write_bytes(path.read_bytes()[:keep])
    assert store.load_matrix(path) is None


def test_a_matrix_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array([{}], object))
    assert store.load_matrix(tmp_path / "m.npy") is None
