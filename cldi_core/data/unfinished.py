"""Files on their way: they have a temporary name, and are gone when who writes them has ended in any way.

Who writes a temporary file holds a lock on it, which the system lets go of when that process ends.  So a file that
nobody holds was left by one that was killed, and anybody may take it away, whoever else is writing beside it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX, SUFFIX = ".cldi-", ".tmp"  # no other program's temporary file is called so
DAY = 86_400.0  # seconds; what nobody can be asked about is left for so long
# A file that cannot be written to cannot be locked on every file system; a pipe would be waited for.
OPENED = os.O_RDWR | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """An empty file in a folder, to be filled in its place and moved to its name; at the end it is gone, if it was not.

    It must stay the file that it is: who would rather replace it loses the lock on it.

    Raises:
        OSError: none can be made there.
    """
    handle, path = _made(folder)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _made(folder: Path) -> tuple[int | None, Path]:
    """A new file, and what holds the lock on it; ``None`` where there are no such locks (on Windows)."""
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(6)}{SUFFIX}"
        handle = os.open(path, OPENED | os.O_CREAT | os.O_EXCL, 0o666)  # who may read it is the umask's to say
        try:
            import fcntl
        except ImportError:
            os.close(handle)
            return None, path
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, path
        os.close(handle)  # somebody took it away before it was held


def sweep(folder: Path) -> None:
    """Take away what was left in a folder by processes that were killed while they wrote; what cannot be is left."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(PREFIX) and entry.name.endswith(SUFFIX):
                with contextlib.suppress(OSError):
                    _take_away(entry.path)


def sweep_all(folder: Path) -> None:
    """As ``sweep``, in all folders below it too; links are not followed."""
    for each, _, _ in os.walk(folder):
        sweep(Path(each))


def held(folder: Path) -> Iterator[Path]:
    """The files in a folder that somebody writes at this moment; nothing is written to ask for them."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")):
            if _is_held(path):
                yield path


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, OPENED & ~os.O_RDWR | os.O_RDONLY)
    except OSError:  # it is gone, or nobody may look at it
        return False
    try:
        about = os.fstat(handle)
        return stat.S_ISREG(about.st_mode) and not _is_left(handle, about.st_mtime, alone=False)
    finally:
        os.close(handle)


def _take_away(path: str) -> None:
    """Remove a temporary file that nobody holds; OSError where it cannot be."""
    handle = os.open(path, OPENED)
    try:
        about = os.fstat(handle)
        if stat.S_ISREG(about.st_mode) and _is_left(handle, about.st_mtime):
            Path(path).unlink(missing_ok=True)  # while it is held here, so that nobody begins to write it
    finally:
        os.close(handle)


def _is_left(handle: int, written: float, *, alone: bool = True) -> bool:
    """Whether the process that wrote a file, last at a time in seconds, is not there any more; if so, it is held here.

    Args:
        alone: nobody else is to hold it, either; any number can look who do not.
    """
    try:
        import fcntl

        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # there is nobody to ask
        return time.time() - written > DAY
    return True
