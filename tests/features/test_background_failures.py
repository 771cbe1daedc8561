"""Starting and ending extractions where something stands in the way: one line that says what, and no one else hit."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.data import children, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError
from cldi_core.features import background, extraction
from tests.conftest import FakeExtractor
from tests.features.test_background import NOBODY, about, job_of, write_status
from tests.features.test_resuming import LITE, ROOT, drawn, features_of

__all__ = ["drawn"]  # a fixture


def test_a_process_that_got_the_number_of_one_that_has_ended_is_left_alone(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the lock, and the file still names the one before."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(children.os, "kill", lambda *given: sent.append(given))
    own = Holder.this_process("extract")
    for runner in (replace(own, started="another boot 12345"), replace(own, started=""), replace(own, pid=NOBODY)):
        write_status(drawn, {"job": about(runner=vars(runner))})
        with (
            storage.lock(drawn.home / "features" / LITE),
            pytest.raises(DatasetError, match=r"is not that of process \d+ on .* any more") as caught,
        ):
            background.cancel(drawn, LITE)
        assert "\n" not in str(caught.value)
    assert sent == []
    write_status(drawn, {"job": about(runner=vars(own))})
    with storage.lock(drawn.home / "features" / LITE):
        background.cancel(drawn, LITE)
    assert sent == [(os.getpid(), signal.SIGTERM)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PermissionError(1, "Operation not permitted"),
            r"cannot be ended from here \(Operation not permitted\): it is ",
        ),
        (ProcessLookupError(3, "No such process"), ""),
        (OSError(5, "Input/output error"), r"cannot be ended from here \(Input/output error\)"),
    ],
)
def test_a_signal_that_does_not_arrive_is_told_in_one_line(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch, error: OSError, told: str
) -> None:
    def fails(pid: int, number: int) -> None:
        raise error

    monkeypatch.setattr(children.os, "kill", fails)
    write_status(drawn, {"job": about(runner=vars(Holder.this_process("extract")))})
    with storage.lock(drawn.home / "features" / LITE):
        if not told:
            background.cancel(drawn, LITE)  # it ended meanwhile, which is what was wanted
            return
        with pytest.raises(DatasetError, match=told) as caught:
            background.cancel(drawn, LITE)
    assert "\n" not in str(caught.value)


def test_one_that_does_not_end_is_told_of(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as deaf:
        assert deaf.stdout is not None and deaf.stdout.readline() == "deaf\n"
        monkeypatch.setitem(children._spawned, drawn.home / "features" / LITE, deaf)
        monkeypatch.setattr(children, "ENDING", 0.1)
        with pytest.raises(DatasetError, match=rf"still at it after 0.1 s; .* process {deaf.pid}") as caught:
            background.cancel(drawn, LITE)
        assert "\n" not in str(caught.value)
        deaf.kill()


def test_a_process_that_cannot_be_started_is_told_of_in_one_line(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object, **named: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(children.subprocess, "Popen", fails)
    with pytest.raises(DatasetError, match=r"could not be started \(Resource temporarily unavailable\)"):
        background.start(drawn, LITE)
    assert not job_of(drawn).is_active


def test_a_start_is_not_kept_from_by_those_who_look(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages look at the state all the time, and took one another for an extraction."""
    begun: list[object] = []
    monkeypatch.setattr(children.subprocess, "Popen", lambda *given, **named: begun.append(given) or Ended())
    (drawn.home / "features" / LITE).mkdir(parents=True)
    (drawn.home / "features" / LITE / storage.LOCK).touch()
    with (drawn.home / "features" / LITE / storage.LOCK).open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # as somebody does who looks at this very moment
        background.start(drawn, LITE)
    assert len(begun) == 1


class Ended:
    """A process that has ended."""

    pid = NOBODY

    def poll(self) -> int:
        return 0


READ_ONLY = """
import contextlib, io, json, sys
from cldi_core.commands import main
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import CldiError
from cldi_core.features import background, extraction
from tests.conftest import FakeExtractor

extraction.Extractor = FakeExtractor
if __name__ == "__main__":
    folder, told = sys.argv[1], []
    for options in ([], ["--force"], ["--backbone", "vgg19"]):
        sys.argv = ["cldi", "extract", "--dataset", folder, "--workers", "1", *options]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main.main()
            except SystemExit as end:
                told.append([end.code, out.getvalue(), err.getvalue()])
    try:
        background.start(open_dataset(folder), "efficientnet-lite0")
    except CldiError as error:
        told.append(str(error))
    print(json.dumps(told))
"""


def unprivileged() -> None:
    """Let what is run next be kept by permissions, also where root runs the tests (PR_CAPBSET_DROP of DAC_OVERRIDE)."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_a_folder_that_is_read_only(tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is left to do, extraction has nothing to write; otherwise it says what it cannot write to."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    extraction.extract(drawn, LITE, workers=0)
    script = tmp_path / "run.py"
    script.write_text(READ_ONLY)

    before = features_of(drawn.home / "features" / LITE)
    everything = [drawn.path, *drawn.path.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run(
            [sys.executable, str(script), str(drawn.path)], capture_output=True, text=True, check=False,
            preexec_fn=unprivileged, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
        )  # fmt: skip
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert features_of(drawn.home / "features" / LITE) == before
    (code, out, err), forced, other, start = json.loads(done.stdout)
    assert (code, err) == (0, "") and out.startswith("0 pictures extracted, 24 kept")
    told = f"'{drawn.path}/features/{LITE}' cannot be written to (Permission denied); make it writable, or copy"
    assert forced[:2] == [1, ""] and forced[2].startswith(f"error: {told}") and forced[2].count("\n") == 1
    assert other[:2] == [1, ""] and "/features/vgg19' cannot be written to (" in other[2]
    assert start.startswith(told)
