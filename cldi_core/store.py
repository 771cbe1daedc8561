"""Files that are written whole or not at all, and the keys under which results are found again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

LOCK_WAIT = 30.0  # seconds until a second process gives up


@dataclass(frozen=True)
class RunKey:
    """Names one set of results: from the URL of a page to the files on disk."""

    dataset: str
    backbone: str
    pair: str
    method: str


def write(path: Path, save: Callable[[Path], object]) -> None:
    """Let ``save`` fill a temporary file beside ``path``, then move it there: readers see the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        save(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not every file system lets a folder be synced
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_text(path: Path, text: str) -> None:
    """As ``write``, for text in UTF-8."""
    write(path, lambda temporary: temporary.write_text(text, "utf-8"))


def digest(*parts: object) -> str:
    """32 hex digits that stand for the parts: bytes, or anything JSON can hold."""
    sha = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=True, sort_keys=True).encode()
        sha.update(len(data).to_bytes(8, "little"))
        sha.update(data)
    return sha.hexdigest()[:32]


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for writing; a second process waits, then is told which file to look at."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    try:
        with FileLock(path, timeout=LOCK_WAIT):
            yield
    except Timeout as error:
        raise DatasetError(
            f"another process has been writing to {str(folder)!r} for {LOCK_WAIT:.0f} s; wait for it and run this again"
        ) from error


def read_frame(path: Path) -> pd.DataFrame:
    """A stored frame with its ``attrs``: what ``pandas.read_parquet`` gives, in a third of the time for small files.

    Raises:
        OSError or pyarrow.ArrowInvalid: there is none, or it is broken.
    """
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read(use_threads=False)
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs = json.loads((table.schema.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
    return frame


def load_matrix(path: Path) -> NDArray[Any] | None:
    """A stored matrix, memory-mapped and read-only; ``None`` where there is none or it is broken."""
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return loaded


def save_matrix(path: Path, matrix: NDArray[Any]) -> None:
    """Store a matrix for ``load_matrix``."""

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.save(file, matrix, allow_pickle=False)

    write(path, save)
