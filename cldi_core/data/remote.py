"""Data sets elsewhere: an address such as ``s3://bucket/words`` and the folder here that mirrors it.

``$CLDI_CACHE/<digest of the address above>/<name>`` has each file that a data set may have (``data.layout``), of its
right size and, to begin with, of holes.  Small ones are fetched when the data set is opened; pictures, features and
scores where they are read, in blocks (``remote_mirror``).  So all else works on a folder, and asks here in four places:
``opened`` before a file is read, ``stored`` and ``removed`` after it was written or taken away, ``synced`` for news.
"""

from __future__ import annotations

import hashlib
import math
import os
import shlex
import time
from functools import lru_cache
from pathlib import Path

from cldi_core.data import unfinished
from cldi_core.data.remote_blocks import Opened
from cldi_core.data.remote_files import checked
from cldi_core.data.remote_mirror import Mirror
from cldi_core.data.remote_room import Room
from cldi_core.errors import DatasetError

ADDRESS = ".address"  # in the folder above a data set: whence it comes
FRESH = 60.0  # seconds for which pages take what was listed for what is there


def is_url(given: str) -> bool:
    """Whether a ``--dataset`` is an address and no path."""
    return "://" in given


def cache() -> Path:
    """The folder of all mirrors: ``$CLDI_CACHE``, or ``~/.cache/cldi``."""
    return _cache(os.environ.get("CLDI_CACHE") or "~/.cache/cldi")


@lru_cache(8)
def _cache(given: str) -> Path:
    return Path(os.path.expanduser(given)).resolve()  # noqa: PTH111 (Path.expanduser raises where there is no such user)


def folder_of(url: str) -> Path:
    """The folder that mirrors an address; nothing is asked for yet.

    Raises:
        DatasetError: it is no address of a data set, or the folder cannot be made.
    """
    above, name = checked(url)
    if os.name == "nt":
        raise DatasetError("addresses can be opened on Linux and macOS only; copy the data set to a folder")
    folder = cache() / hashlib.sha256(above.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ADDRESS).is_file():
            unfinished.sweep(folder)
            with unfinished.beside(folder) as temporary:
                temporary.write_text(above, "utf-8")
                temporary.chmod(0o644)
                temporary.replace(folder / ADDRESS)
    except OSError as error:
        raise DatasetError(
            f"the cache {str(folder)!r} cannot be written to ({error.strerror or error}); name another: CLDI_CACHE"
        ) from error
    return folder / name


def mirror(path: Path | str) -> tuple[Mirror, str] | None:
    """The mirror that a path lies in, and the path within it; ``None`` for all that comes from nowhere else."""
    text, root = os.path.abspath(path), f"{cache()}{os.sep}"  # noqa: PTH100 (links are not followed)
    if not text.startswith(root):
        return None
    digest, _, rest = text[len(root) :].partition(os.sep)
    name, _, within = rest.partition(os.sep)
    made = _mirror(cache() / digest / name) if name else None
    return (made, Path(within).as_posix() if within else "") if made else None


@lru_cache(64)
def _mirror(folder: Path) -> Mirror | None:
    address = folder.parent / ADDRESS
    if not address.is_file():
        return None
    above = address.read_text("utf-8")
    return Mirror(folder, f"{above}{'' if above.endswith('/') else '/'}{folder.name}", _room(folder.parents[1]))


@lru_cache(8)
def _room(root: Path) -> Room:
    def make_holes(path: Path) -> None:
        if found := mirror(path):
            found[0].make_holes(found[1])

    return Room(root, make_holes)


def url_of(path: Path) -> str:
    """The address of a file or folder of a mirror; ``""`` for all others."""
    found = mirror(path)
    return "/".join(filter(None, (found[0].url, found[1]))) if found else ""


def path_of(place: str) -> Path:
    """The file or folder that ``url_of`` or a path means, on this machine: of a data set's file, that of its mirror.

    Args:
        place: a path, or ``"ADDRESS#FILE"``, where the file is within the data set of that address.

    Raises:
        DatasetError: as ``synced``, where that was not looked at yet, or had no such file.
    """
    url, _, within = place.partition("#")
    if not is_url(url):
        return Path(place)
    folder = folder_of(url)
    synced(folder, math.inf if (folder / within).is_file() else 0.0)
    return folder / within


def place_of(path: Path) -> str:
    """What ``path_of`` makes a path of on any machine."""
    found = mirror(path)
    return f"{found[0].url}#{found[1]}" if found else str(path.resolve())


def shown(path: Path) -> str:
    """What a shell takes for a data set's folder: its address where it comes from one."""
    return shlex.quote(url_of(path) or str(path))


def synced(folder: Path, within: float = 0.0) -> None:
    """See what is new at the address of a data set's folder, and put there what is not there yet.

    Args:
        within: seconds; not where that was done since, in this process.

    Raises:
        DatasetError: the address cannot be reached, or something was changed on both sides.
    """
    found = mirror(folder)
    if found and not found[1] and (not found[0].seen or time.monotonic() - found[0].seen > within):
        found[0].sync()


def opened(path: Path | str) -> Opened | None:
    """A file of a mirror of which something may have to be fetched; ``None`` for all others.

    Raises:
        OSError: it cannot be opened.
    """
    found = mirror(path)
    return found[0].opened(found[1]) if found else None


def stored(path: Path) -> None:
    """Put a file that was written to its address.

    Raises:
        DatasetError: that cannot be done; the file stays here, and the next run puts it there.
    """
    found = mirror(path)
    if found:
        found[0].upload(found[1])


def removed(path: Path) -> None:
    """Take a file away, also at its address.

    Raises:
        DatasetError: that cannot be done there; OSError: here.
    """
    found = mirror(path)
    if found:
        found[0].remove(found[1])
    path.unlink(missing_ok=True)
