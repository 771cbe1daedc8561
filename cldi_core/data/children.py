"""Commands that are started here and outlive this process, one a folder: started, ended, and what they said last."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError

ENDING = 30  # seconds that one may take to end
# What a command says every 30 s that has no number to tell yet, as it waits for a lock: it is no reason why it ended.
AT_WORK = "at work for"
TAIL = 10_000  # bytes of the end of what it printed that are read
ROOT = Path(__file__).resolve().parents[2]
of_this_process: set[str] = set()  # names of variables that it has set for itself, and not for what it starts
_spawned: dict[Path, subprocess.Popen[bytes]] = {}


def start(log: Path, arguments: Sequence[str], what: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command of this program in a process of its own.

    Args:
        log: the file that gets what it prints; its folder is what the process is known by from then on.
        arguments: of the program, such as ``["extract", "--dataset", …]``.
        what: it does, for errors: ``"the extraction of vgg19"``.
        environment: variables that it gets beside those of this process.

    Raises:
        DatasetError: it cannot be started; OSError: its log cannot be written.
    """
    with log.open("wb") as printed:
        try:
            # A session of its own: what stops the server does not stop it.
            _spawned[log.parent] = subprocess.Popen(
                [sys.executable, "-m", "cldi_core", *arguments], cwd=ROOT, env={**inherited(), **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, start_new_session=True,
            )  # fmt: skip
        except OSError as error:  # no memory, too many processes
            reason = error.strerror or error
            raise DatasetError(f"{what} could not be started ({reason}); try it again") from error


def inherited() -> dict[str, str]:
    """The environment of those that are started here."""
    return {name: value for name, value in os.environ.items() if name not in of_this_process}


def own(folder: Path) -> int | None:
    """The number of the process that was started here and still runs; ``None`` where there is none."""
    spawned = _spawned.get(folder)
    return spawned.pid if spawned is not None and spawned.poll() is None else None


def end_own(folder: Path, what: str) -> bool:
    """End the process that was started here; false where there is none.

    Raises:
        DatasetError: it does not end.
    """
    spawned = _spawned.get(folder)
    if spawned is None or spawned.poll() is not None:
        return False
    spawned.terminate()
    try:
        spawned.wait(timeout=ENDING)
    except subprocess.TimeoutExpired as error:
        raise DatasetError(
            f"{what} was told to end, and is still at it after {ENDING} s; "
            f"look again later, or end process {spawned.pid} yourself"
        ) from error
    return True


def end_other(runner: Holder | None, what: str) -> None:
    """Tell a process to end that was started elsewhere.

    Raises:
        DatasetError: it runs on another machine, nobody knows which process it is, or it is another user's.
    """
    if runner is None or not runner.is_here:
        where = runner.host if runner else "another machine"
        raise DatasetError(f"{what} runs on {where}; end it there")
    if not runner.is_alive:  # its number may be another process's by now
        raise DatasetError(
            f"{what} is not that of {runner} any more, and nobody knows whose it is; "
            "look again later, or end it where it was started"
        )
    try:
        os.kill(runner.pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it ended meanwhile
    except OSError as error:
        raise DatasetError(
            f"{what} cannot be ended from here ({error.strerror or error}): it is {runner}; "
            "end it as the user who started it"
        ) from error


def said(log: Path) -> str:
    """The last line that a process printed which was started here."""
    with contextlib.suppress(OSError), storage.open_regular(log) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        lines = file.read(TAIL).decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""
    return ""
