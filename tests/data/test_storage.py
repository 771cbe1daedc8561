"""Atomic writing, locks, digests and stored matrices."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import storage, tensor_files
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError

POLLER = """
import sys
from pathlib import Path
from cldi_core.data import storage
folder = Path(sys.argv[1])
print("ready", flush=True)
seen = [0, 0]
while not (folder / "stop").exists():
    seen[storage.is_locked(folder)] += 1
print(*seen, flush=True)
"""
HOLDER = """
import sys, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""

ROOT = Path(__file__).resolve().parents[2]

TENSORS = {
    "half": np.array([[1, -2, 0.5], [3, 4, 65504]], np.float16),
    "single": np.array([np.nan, np.inf, 1e30], np.float32),
    "double": np.array([[[1e300]]]),
    "bytes": np.arange(7, dtype=np.uint8),
    "numbers": np.array([[-(2**63)], [2**63 - 1]]),
    "none": np.zeros((0, 4), np.float16),
    "no width": np.zeros((3, 0), np.float32),
    "scalar": np.array(2.5, np.float32),
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")

    def save(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        storage.write(path, save)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_first_save_leaves_nothing(tmp_path: Path) -> None:
    def save(temporary: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.write(tmp_path / "new" / "a.txt", save)
    assert names(tmp_path / "new") == []


def test_a_save_replaces_whole_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "wörd.tsv"
    storage.write_text(path, "a longer text\n")
    storage.write_text(path, "ß\n")
    assert path.read_bytes() == "ß\n".encode()
    assert names(path.parent) == ["wörd.tsv"]


@pytest.mark.parametrize("name", ["part.parquet", "part.safetensors", "en-de.tsv"])
def test_a_file_that_is_being_written_is_not_mistaken_for_one(tmp_path: Path, name: str) -> None:
    """A process that is killed leaves its temporary file behind: no reader may take it for a shard or a list."""
    pattern = f"*{Path(name).suffix}"
    seen: list[list[Path]] = []
    storage.write(
        tmp_path / name, lambda temporary: (temporary.write_text("x"), seen.append([*tmp_path.glob(pattern)]))
    )
    assert seen == [[]]
    assert [path.name for path in tmp_path.glob(pattern)] == [name]


def test_a_second_writer_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatasetError) as caught, storage.lock(tmp_path):
            pytest.fail("two processes hold the folder")
        holder.stdin.close()
    message = str(caught.value)
    assert "\n" not in message
    assert repr(str(tmp_path)) in message and "run this again" in message


def test_a_lock_names_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    assert not storage.is_locked(tmp_path)
    with storage.lock(tmp_path, "pivot train"):
        assert storage.is_locked(tmp_path)
        who = (
            rf"^process {os.getpid()} on \S+ \(pivot train, since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\) has been writing to"
        )
        with pytest.raises(DatasetError, match=who), storage.lock(tmp_path):
            pytest.fail("two hold the folder")
        for junk in ("junk", "[]", "{}", '{"pid": "me"}'):
            (tmp_path / storage.HOLDER).write_text(junk)
            with pytest.raises(DatasetError, match=r"^another process has been"), storage.lock(tmp_path):
                pytest.fail("two hold the folder")
    assert not storage.is_locked(tmp_path) and names(tmp_path) == [".lock"]


@pytest.fixture
def pollers(tmp_path: Path) -> Iterator[Callable[[], list[tuple[int, int]]]]:
    """Two processes that look at the lock of a folder all the time; to be called once: → how often free and held."""
    (tmp_path / ".lock").touch()
    command = [sys.executable, "-c", POLLER, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    assert [process.stdout.readline() for process in started if process.stdout] == ["ready\n"] * 2

    def seen() -> list[tuple[int, int]]:
        (tmp_path / "stop").touch()
        told = [process.communicate(timeout=60)[0].split() for process in started]
        return [(int(free), int(held)) for free, held in told]

    yield seen
    for process in started:
        process.kill()
        process.wait()


def test_those_who_look_at_a_lock_do_not_see_each_other(
    tmp_path: Path, pollers: Callable[[], list[tuple[int, int]]]
) -> None:
    looks = [storage.is_locked(tmp_path) for _ in range(5000)]
    assert not any(looks)
    seen = pollers()
    assert all(free > 0 for free, _ in seen) and [held for _, held in seen] == [0, 0]


def test_those_who_look_at_a_lock_keep_nobody_from_it_and_see_who_holds_it(
    tmp_path: Path, pollers: Callable[[], list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 10)
    for _ in range(20):
        with storage.lock(tmp_path):
            assert all(storage.is_locked(tmp_path) for _ in range(200))
    assert all(held > 0 for _, held in pollers())


def test_a_lock_is_looked_at_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a data set that is read-only look, too."""
    (tmp_path / ".lock").touch()
    real, modes = Path.open, []

    def opened(path: Path, mode: str = "r", *given: object, **how: object) -> object:
        modes.append(mode)
        return real(path, mode, *given, **how)

    monkeypatch.setattr(Path, "open", opened)
    before = (tmp_path / ".lock").stat()
    assert not storage.is_locked(tmp_path) and set(modes) <= {"rb"} and len(modes) == 1
    assert (tmp_path / ".lock").stat() == before
    assert not storage.is_locked(tmp_path / "none")


def test_a_lock_is_looked_at_where_it_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert not storage.is_locked(tmp_path) and names(tmp_path) == []
    with storage.lock(tmp_path):
        assert storage.is_locked(tmp_path)
    assert not storage.is_locked(tmp_path)


def test_a_lock_may_be_named_by_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    holder = Holder(7, "there", "extract", "2026-11-25 18:51:13")
    assert Holder.from_json(json.loads(json.dumps(vars(holder)))) == holder
    with storage.lock_named_elsewhere(tmp_path, lambda: None):
        assert names(tmp_path) == [".lock"]
        with pytest.raises(DatasetError, match=r"^process 7 on there \(extract, since"):
            storage.lock_named_elsewhere(tmp_path, lambda: holder).__enter__()


def test_a_lock_is_free_again_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    with pytest.raises(ValueError, match="inside"), storage.lock(tmp_path / "new"):
        raise ValueError("inside")
    with storage.lock(tmp_path / "new"):
        pass


def test_a_folder_that_cannot_be_written_to_is_told_of_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match=r"cannot be written to \(.+\); make it writable") as caught:
        storage.lock(tmp_path / "file" / "folder").__enter__()
    assert "\n" not in str(caught.value)
    assert not storage.is_writable(tmp_path / "file") and not storage.is_writable(tmp_path / "file" / "folder")
    assert storage.is_writable(tmp_path) and storage.is_writable(tmp_path / "not" / "there" / "yet")


def test_what_is_written_first_lies_beside_its_place_and_is_synced_and_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere it could not be moved at once; unsynced it could be empty after a loss of power; private unreadable."""
    path, steps = tmp_path / "a.txt", []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        about = os.fstat(descriptor)
        names = [each for each in tmp_path.iterdir() if each.stat().st_ino == about.st_ino]
        steps.append(("sync", names[0].suffix if names else "folder", about.st_size if names else 0))
        fsync(descriptor)

    def moved(source: Path, target: Path) -> Path:
        steps.append(("move", source.parent, target, stat.S_IMODE(source.stat().st_mode)))
        return replace(source, target)

    monkeypatch.setattr(storage.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    before = os.umask(0o022)
    try:
        storage.write_text(path, "some text")
    finally:
        os.umask(before)
    assert steps == [("sync", ".tmp", 9), ("move", tmp_path, path, 0o644), ("sync", "folder", 0)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("mask", [0o077, 0o027, 0o002])
def test_who_may_read_what_is_written_is_the_umasks_to_say(tmp_path: Path, mask: int) -> None:
    """Also where a library puts a file of its own in the temporary one's place, and of folders that are made."""

    def save(temporary: Path) -> None:
        own = tmp_path / "own"
        own.write_bytes(b"made by a library")
        own.chmod(0o640)
        own.replace(temporary)

    before = os.umask(mask)
    try:
        storage.write(tmp_path / "folder" / "file", save)
        with storage.lock(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"folder": 0o777 & ~mask, "file": 0o666 & ~mask, storage.LOCK: 0o666 & ~mask}


def test_digests_tell_everything_apart() -> None:
    parts = [(), ("",), ("", ""), ("ab", "c"), ("a", "bc"), ("abc",), (b"abc",), (["a", "b"],), (["b", "a"],),
             (b"ab", b"c"), (b"a", b"bc"), (b"abc", b""), (b"", b"abc"), (b'"ab"', b""), (b'"ab""c"',), (12,), (1, 2),
             ("1",), (1,), (1.5,), (None,), ([],), ({},), ({"a": 1},), ({"a": 2},)]  # fmt: skip
    digests = [storage.digest(*each) for each in parts]
    assert len(set(digests)) == len(parts)
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in digests)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert storage.digest({"a": 1, "b": 2}) == storage.digest({"b": 2, "a": 1})


def test_a_digest_is_the_same_in_every_release() -> None:
    """Stored results are found by it: a change would make every user compute everything again."""
    assert storage.digest("ß", [1, 2], b"\x00") == "e9c7be6643cbde6d2ea18198c6e040db"


def test_tensors_are_stored_and_mapped(tmp_path: Path) -> None:
    path = tmp_path / "new" / "t.safetensors"
    storage.save_tensors(path, TENSORS, {"layer": "pool ß"})
    found, meta = storage.map_tensors(path)
    assert meta == {"layer": "pool ß"} and names(path.parent) == ["t.safetensors"]
    assert found.keys() == TENSORS.keys()
    for name, expected in TENSORS.items():
        np.testing.assert_array_equal(found[name], expected, strict=True)
        assert not found[name].flags.writeable
        assert isinstance(found[name], np.memmap) or not expected.size


def test_tensors_are_those_that_the_library_reads(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    storage.save_tensors(tmp_path / "a", {"turned": np.arange(6.0).reshape(2, 3).T, **TENSORS}, {})
    save_file(TENSORS, tmp_path / "b")
    for path in (tmp_path / "a", tmp_path / "b"):
        read, (found, meta) = load_file(path), storage.map_tensors(path)
        assert meta == {} and found.keys() == read.keys()
        for name, expected in read.items():
            np.testing.assert_array_equal(found[name], expected, strict=True)
    np.testing.assert_array_equal(storage.map_tensors(tmp_path / "a")[0]["turned"], np.arange(6.0).reshape(2, 3).T)


def test_a_mapped_file_that_is_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    storage.save_tensors(path, {"x": np.zeros(5000)}, {})
    before = storage.map_tensors(path)[0]["x"]
    storage.save_tensors(path, {"x": np.ones(2)}, {})
    assert not before.any() and storage.map_tensors(path)[0]["x"].tolist() == [1, 1]
    path.unlink()
    assert len(before) == 5000 and not before.any()


def lowest_descriptor() -> int:
    """The number that the next file to be opened gets: higher where one was not closed."""
    found = os.open(os.devnull, os.O_RDONLY)
    os.close(found)
    return found


def test_no_file_stays_open(tmp_path: Path) -> None:
    """A server writes and reads for weeks."""
    before = lowest_descriptor()
    storage.write_text(tmp_path / "a.txt", "x")
    storage.read_text(tmp_path / "a.txt")
    with pytest.raises(OSError, match="not a regular file"):
        storage.open_regular(tmp_path)
    with storage.lock(tmp_path):
        assert storage.is_locked(tmp_path)
    assert not storage.is_locked(tmp_path) and lowest_descriptor() == before


def test_a_folder_is_held_where_no_name_can_be_put_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with storage.lock(tmp_path):
        assert storage.is_locked(tmp_path)
    assert names(tmp_path) == [".lock"]


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path) -> None:
    """The system refuses what is longer than a limit, as it refuses what does not fit on a disk."""
    script = (
        "import resource, signal, sys; from pathlib import Path; import numpy as np\n"
        "from cldi_core.data import storage\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))\n"
        "try:\n    storage.save_tensors(Path(sys.argv[1]) / 't', {'x': np.zeros(9000)}, {})\n"
        "except OSError as error:\n    print(error.strerror)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("File too large\n", "") and names(tmp_path) == []


def test_a_file_of_tensors_is_what_the_library_writes_and_the_same_each_time(tmp_path: Path) -> None:
    """The library gives the metadata another order each time, so of several only the set is compared."""
    from safetensors.numpy import save

    for meta in ({"layer": "pöol \u2028"}, {}, {"b": "2", "a": '"', "c": ""}):
        for tensors in (TENSORS, dict(reversed(TENSORS.items()))):
            storage.save_tensors(tmp_path / "a", tensors, meta)
            ours, theirs = (tmp_path / "a").read_bytes(), save(tensors, meta)
            assert len(ours) == len(theirs) and (len(meta) > 1 or ours == theirs)
            size = 8 + int.from_bytes(ours[:8], "little")
            assert ours[size:] == theirs[size:] and json.loads(ours[8:size]) == {"__metadata__": meta} | json.loads(
                theirs[8:size]
            )
            storage.save_tensors(tmp_path / "b", dict(reversed(tensors.items())), dict(reversed(meta.items())))
            assert ours == (tmp_path / "b").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not say what is in memory")
def test_what_was_read_of_a_mapped_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "many.safetensors"
    storage.save_tensors(path, {"all": np.ones(2_000_000, np.float16)}, {})

    def resident() -> int:
        """Kilobytes of the file that are in this process's memory."""
        own = Path("/proc/self/smaps").read_text("utf-8").partition(path.name)[2]
        return int(own.partition("\nRss:")[2].split()[0])

    found = storage.map_tensors(path)[0]["all"]
    assert found.sum(dtype=np.float64) == 2_000_000 and resident() > 3_000
    tensor_files.let_go()
    assert resident() < 100
    assert found[-1] == 1 and found.sum(dtype=np.float64) == 2_000_000
