"""Extractions in the background: processes of their own, which outlive the page and the server that started them.

What they do is what ``python -m cldi_core extract`` does; a page looks at their progress files and at who holds the
locks.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.features import progress
from cldi_core.features.backbones import find
from cldi_core.scoring.hardware import check_device

LOG, ERROR = ".extract.log", "error: "
ROOT = Path(__file__).resolve().parents[2]
_started: dict[Path, subprocess.Popen[bytes]] = {}


def folder(dataset: Dataset, backbone: str) -> Path:
    """Where an extraction of this backbone, which must exist, writes."""
    return dataset.home / "features" / find(backbone).name


def start(dataset: Dataset, backbone: str, device: str = "cpu") -> None:
    """Begin or go on with an extraction; nothing happens where one is under way.

    Raises:
        UnknownNameError: unknown backbone or device.
    """
    check_device(device)
    home = folder(dataset, backbone)
    if running(dataset, backbone):
        return
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cldi_core", "extract", "--dataset", str(dataset.path.resolve())]
    command += ["--backbone", backbone, "--device", device]
    with (home / LOG).open("wb") as log:
        # A session of its own: what stops the server does not stop it.
        _started[home] = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def running(dataset: Dataset, backbone: str) -> bool:
    """Whether an extraction of this backbone is under way, whoever started it."""
    home = folder(dataset, backbone)
    started = _started.get(home)
    # One that was just started has not taken the lock yet.
    return (started is not None and started.poll() is None) or storage.held(home) is not None


def said(dataset: Dataset, backbone: str) -> str:
    """The last line of the newest extraction that was started from a page, such as how far a download is."""
    return _last_line(folder(dataset, backbone))


def _last_line(home: Path) -> str:
    with contextlib.suppress(OSError):
        lines = (home / LOG).read_text("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""
    return ""


def _home(dataset: Dataset) -> Path:
    return dataset.home / "features"


def starting(dataset: Dataset) -> list[str]:
    """Backbones whose extraction was started here and has not come to its first picture yet."""
    begun = [home for home, process in _started.items() if process.poll() is None and home.parent == _home(dataset)]
    return [home.name for home in begun if not (found := progress.read(home)) or not found.running]


def under_way(dataset: Dataset) -> dict[str, progress.Progress]:
    """Extractions that run, or ended before they were done: backbone → how far they are."""
    found = {path.parent.name: progress.read(path.parent) for path in sorted(_home(dataset).glob(f"*/{progress.FILE}"))}
    waiting = starting(dataset)
    return {
        name: one
        for name, one in found.items()
        if one is not None and name not in waiting and (one.running or one.done < one.total)
    }


def failed(dataset: Dataset) -> dict[str, str]:
    """Extractions started from a page that ended with an error: backbone → the error."""
    homes = [path.parent for path in sorted(_home(dataset).glob(f"*/{LOG}"))]
    lines = {home.name: _last_line(home) for home in homes if storage.held(home) is None}
    return {
        name: line.removeprefix(ERROR)
        for name, line in lines.items()
        if line.startswith(ERROR) and name not in starting(dataset)
    }


def cancel(dataset: Dataset, backbone: str) -> None:
    """End an extraction; what it finished is kept.

    Raises:
        DatasetError: it runs on another machine, or nobody knows which process it is.
    """
    home = folder(dataset, backbone)
    started = _started.get(home)
    if started is not None and started.poll() is None:
        started.terminate()
        started.wait(timeout=30)
        return
    holder = storage.held(home)
    if holder is None:
        return
    if holder.get("host") != socket.gethostname():
        where = holder.get("host", "another machine")
        raise DatasetError(f"the extraction of {backbone} runs on {where}; end it there")
    with contextlib.suppress(ProcessLookupError):
        os.kill(holder["pid"], signal.SIGTERM)
