"""A new data set, there at once or not at all; one of a name that somebody typed is in ``root()`` and nowhere else."""

from __future__ import annotations

import contextlib
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from cldi_core.data import dataset, storage
from cldi_core.errors import DatasetError

LONGEST = 60  # characters of a name
_NAME = re.compile(r"\w[\w-]*")


def named(typed: str) -> str:
    """A name that may be a folder's, NFC and without spaces around it.

    Raises:
        DatasetError: it has other characters than letters, digits, ``_`` and ``-``, begins with ``-``, or is too long.
    """
    name = unicodedata.normalize("NFC", typed[: 10 * LONGEST]).strip()
    if not _NAME.fullmatch(name) or len(name.encode()) > 4 * LONGEST or len(name) > LONGEST:
        raise DatasetError(
            f"{typed[:40]!r} cannot be the name of a data set; accepted: at most {LONGEST} letters, digits, _ and -, "
            "as in my-words"
        )
    return name


def start(typed: str, title: str = "") -> dataset.Dataset:
    """Make an empty data set under ``root()``.

    Args:
        title: what people see; the name without it.

    Raises:
        DatasetError: the name cannot be one, is taken, or the folder cannot be written to.
    """
    name = named(typed)
    path = dataset.root() / name
    try:
        _check_free(path)
        with place_beside(path) as beside:
            _check_free(path)
            dataset.create(beside, " ".join(title.split())[: dataset.MAX_TITLE] or name)
            beside.rename(path)
    except OSError as error:
        raise storage.cannot_write(path.parent, error) from error
    return dataset.Dataset(path)


def _check_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        clear_beside(path)
        raise DatasetError(f"there is something called {path.name!r} already; choose another name, or open that")


@contextlib.contextmanager
def place_beside(path: Path) -> Iterator[Path]:
    """An empty folder beside the place of a data set, two levels down, where nobody takes it for one.

    It goes again in the end; what was left by one that was killed is taken away by the next of that name.

    Raises:
        DatasetError: another process has been making that data set for long, or nothing can be written there.
    """
    beside = _beside(path)
    with storage.lock(beside, "a new data set"):
        try:
            shutil.rmtree(beside / "whole", ignore_errors=True)
            (beside / "whole").mkdir()
            yield beside / "whole"
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def clear_beside(path: Path) -> None:
    """Take away what one left that was killed when its data set was in its place already."""
    if _beside(path).is_dir() and not storage.is_locked(_beside(path)):
        with contextlib.suppress(DatasetError), place_beside(path):
            pass


def _beside(path: Path) -> Path:
    return path.parent / f".{path.name}.importing"
