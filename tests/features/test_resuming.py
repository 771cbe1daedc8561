"""Extraction that is ended in every way: killed, without room, twice at once; it goes on and ends as if nothing was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import dataset, pictures, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.features import background, extraction
from tests.conftest import FakeExtractor, picture

ROOT = Path(__file__).resolve().parents[2]
LITE = "efficientnet-lite0"
CONCEPTS = ("sun", "house", "tree", "ring", "cross", "square")
SLOW = """
import signal, sys, time
from pathlib import Path
from cldi_core.commands import main
from cldi_core.features import extraction
from tests.conftest import FakeExtractor

class Slow(FakeExtractor):
    done = 0

    def features(self, batch):
        time.sleep({seconds})
        while self.done == {batches} and not Path({gate!r}).exists():
            time.sleep(0.02)
        self.done += 1
        return super().features(batch)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born to ignore it
    extraction.Extractor = Slow
    extraction.BATCH = {{"cpu": 2, "cuda": 2}}
    main.main()
"""


@pytest.fixture
def drawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Twenty-four drawn pictures in six shards."""
    monkeypatch.setattr(pictures, "SHARD", 4)
    new = dataset.create(data / "drawn")
    made = [picture(concept, "en", variant) for concept in CONCEPTS for variant in range(4)]
    pictures.write_shards(new.path / "images", made)
    return Dataset(new.path)


def features_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every bit of what is stored; only the order of a header's entries is left to chance."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors, meta = storage.map_tensors(path)
        found[path.name] = meta, {name: tensor.tobytes() for name, tensor in tensors.items()}
    return found


def uninterrupted(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[object, ...]]:
    """What a run gives that nobody disturbs; its features are taken away again."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    folder = drawn.home / "features" / LITE
    extraction.extract(Dataset(drawn.path), LITE, workers=0)
    found = features_of(folder)
    for path in folder.iterdir():
        path.unlink()
    assert len(found) == 6
    return found


def command(tmp_path: Path, drawn: Dataset, seconds: float = 0, batches: int | None = None) -> list[str]:
    """An extraction by batches of two pictures: each takes some seconds, and after so many it waits for ``gate``."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW.format(seconds=seconds, batches=batches, gate=str(tmp_path / "gate")))
    return [sys.executable, str(script), "extract", "--dataset", str(drawn.path), "--workers", "1", "--json"]


def started(tmp_path: Path, drawn: Dataset, seconds: float = 0.3, batches: int | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        command(tmp_path, drawn, seconds, batches), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killing_it_loses_at_most_the_shard_under_way(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    expected = uninterrupted(drawn, monkeypatch)
    folder = drawn.home / "features" / LITE
    process = started(tmp_path, drawn, seconds=0, batches=6)
    wait_for(lambda: len(features_of(folder)) >= 2, "two shards")
    process.send_signal(how)
    (tmp_path / "gate").touch()  # one that is interrupted ends when its batches have
    _, error = process.communicate(timeout=60)
    assert process.returncode != 0 and "Traceback" not in error
    kept = features_of(folder)
    assert 2 <= len(kept) < 6 and kept == {name: expected[name] for name in kept}
    job = background.job(drawn, LITE)
    assert job is not None and job.state == "interrupted" and job.done < 24 and job.made is None
    assert job.runner is not None and job.runner.pid == process.pid
    (folder / ".cldi-x1.tmp").write_bytes(b"what a run leaves that is killed while it writes")
    again = extraction.extract(Dataset(drawn.path), LITE, workers=0)
    assert not list(folder.glob("*.tmp")) and not list(folder.glob(".*.tmp"))
    assert again.reused == 4 * len(kept) and again.reused + again.extracted == 24
    assert features_of(folder) == expected, "bit for bit what an undisturbed run gives"
    job = background.job(drawn, LITE)
    assert job is not None and (job.state, job.done, job.kept) == ("done", 24, again.reused)
    assert job.made is not None and job.made.extracted == again.extracted


def test_a_disk_without_room_ends_it_in_one_line_and_loses_nothing(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system refuses what is longer than a limit, as it refuses what does not fit on a disk."""
    expected = uninterrupted(drawn, monkeypatch)
    folder = drawn.home / "features" / LITE
    limited = tmp_path / "limited.py"
    limited.write_text(
        "import resource, runpy, sys\n"
        "if __name__ == '__main__':\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "    sys.argv = sys.argv[1:]\n"
        "    runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    given = command(tmp_path, drawn)
    done = subprocess.run(
        [given[0], str(limited), *given[1:]],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.startswith("error: the features could not be written to ")
    assert done.stderr.count("\n") == 1 and "(File too large)" in done.stderr and "run this again" in done.stderr
    assert not list(folder.glob("*.safetensors")) and not list(folder.glob(".*.tmp"))
    job = background.job(drawn, LITE)
    assert job is not None and job.state == "failed" and done.stderr == f"error: {job.error}\n"
    assert extraction.extract(Dataset(drawn.path), LITE, workers=0).extracted == 24
    assert features_of(folder) == expected


def test_a_second_run_waits_or_is_told_who_holds_the_lock(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    folder = drawn.home / "features" / LITE
    process = started(tmp_path, drawn, seconds=0, batches=4)
    wait_for(lambda: features_of(folder), "the first shard")
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
    with pytest.raises(DatasetError, match=rf"process {process.pid} on .* \(extract --backbone {LITE}, since "):
        extraction.extract(Dataset(drawn.path), LITE, workers=0)
    monkeypatch.setattr(storage, "LOCK_WAIT", 60)
    threading.Timer(0.3, (tmp_path / "gate").touch).start()
    second = extraction.extract(Dataset(drawn.path), LITE, workers=0)
    assert (second.extracted, second.reused) == (0, 24), "it waited until the other was done"
    first = json.loads(process.communicate(timeout=60)[0])
    assert (first["extracted"], first["reused"]) == (24, 0)
