"""A new data set of a name that somebody typed: a folder of ``root()`` and nowhere else."""

from __future__ import annotations

import re
import unicodedata

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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()  # of two at once one is told that it is there
    except FileExistsError as error:
        raise DatasetError(f"there is something called {name!r} already; choose another name, or open that") from error
    except OSError as error:
        raise storage.cannot_write(path.parent, error) from error
    try:
        return dataset.create(path, " ".join(title.split())[: dataset.MAX_TITLE])
    except OSError as error:
        path.rmdir()
        raise storage.cannot_write(path, error) from error
