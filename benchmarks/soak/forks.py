"""Processes that are forked of one that has imported everything, so that a command takes no start of seconds."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path


def forked(act: Callable[[Path], object], folder: Path, log: Path, at_end: Callable[[], object] = lambda: None) -> int:
    """Do something in a fork of this process, in a folder with data sets, and end: the process's number.

    Args:
        log: a file for what it prints; at_end: what is done last, if it was not killed.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        _become(act, folder, log, at_end)
    return child


def _become(act: Callable[[Path], object], folder: Path, log: Path, at_end: Callable[[], object]) -> None:
    """What the forked process does; it never returns."""
    code = 1
    atexit._clear()  # what is the parent's to do
    try:
        _redirect(log)
        os.chdir(folder)
        os.environ["CLDI_DATA"] = str(folder / "data")
        act(folder)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            at_end()
        os._exit(code)


def _redirect(log: Path) -> None:
    """Nothing is read, and what is printed goes to a file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    handle = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    for number, source in ((0, nothing), (1, handle), (2, handle)):
        os.dup2(source, number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (as long as the process)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
