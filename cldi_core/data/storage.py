"""Files that are written whole or not at all, and the keys under which results are found again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import checksums, digests, disk, parquet_pages, remote, unfinished
from cldi_core.data.processes import Holder
from cldi_core.data.remote_blocks import Opened
from cldi_core.data.tensor_files import MAX_HEADER, mapped, parts_of, place_of, tensors_of
from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

cannot_write, digest = disk.cannot_write, digests.digest
LOCK, HOLDER = ".lock", ".holder.json"
LOCK_WAIT = 30.0  # seconds until a second process gives up
SMALL = 1_000_000  # bytes of a file that says something of a data set, such as dataset.toml
LARGE = 200_000_000  # bytes of a word list or of descriptions
MAX_LINES = 2_500_000  # of such a text; what is made of a line takes up to 700 bytes
# Windows has no pipes among its files, and takes line ends for text unless it is told not to; the others the other way.
READ_ONLY = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


@dataclass(frozen=True)
class RunKey:
    """Names one set of results: from the URL of a page to the files on disk."""

    dataset: str
    backbone: str
    pair: str
    method: str


def write(path: Path, save: Callable[[Path], object]) -> None:
    """Let ``save`` fill a temporary file beside ``path``, then move it there: readers see the old file or the new.

    What processes that were killed left in that folder goes.

    Args:
        save: fills the file that it is given, and puts no other in its place.

    Raises:
        OSError: it cannot be written; DatasetError: it was, and could not be put to the address of its data set.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.sweep(path.parent)
    try:
        with unfinished.beside(path.parent) as temporary:
            _put(temporary, path, save)
    except OSError as error:
        error.filename = str(path)  # libraries say none, and nobody knows the name of a temporary file
        raise
    with contextlib.suppress(OSError):  # not every file system lets a folder be synced
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    remote.stored(path)


def _put(temporary: Path, path: Path, save: Callable[[Path], object]) -> None:
    """Fill a temporary file, and move it to its place when the disk has it and its checksum is known."""
    mode = stat.S_IMODE(temporary.stat().st_mode)
    save(temporary)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.chmod(mode)  # who may read it is the umask's to say, whatever a library made of it
    checksums.note(temporary, path)
    temporary.replace(path)


def remove(path: Path) -> None:
    """Take a file away, if it is there; of a data set elsewhere also there.

    Raises:
        OSError or DatasetError: that cannot be done.
    """
    remote.removed(path)


def write_text(path: Path, text: str) -> None:
    """As ``write``, for text in UTF-8."""
    write(path, lambda temporary: temporary.write_text(text, "utf-8"))


def open_regular(path: Path | str) -> IO[bytes]:
    """Open a file for reading if it is a regular one: to read a pipe or a device could take for ever.

    Of a data set elsewhere it is fetched.

    Raises:
        OSError: it cannot be opened, or it is something else; the text never holds the path, which may be endless.
        DatasetError: it cannot be fetched.
    """
    try:
        if elsewhere := remote.opened(path):
            with elsewhere:
                elsewhere.fetch_all()
                return os.fdopen(elsewhere.detach(), "rb")
        # Not waiting for the other end of a pipe; what was opened is looked at, not what may have taken its place.
        descriptor = os.open(path, READ_ONLY)
    except ValueError as error:  # a NUL in the path
        raise OSError(str(error)) from error
    except OSError as error:
        raise type(error)(error.errno, error.strerror) from None
    # Before a file is made of it, which a folder's descriptor would outlive.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path | str, most: int = SMALL) -> bytes:
    """What a regular file holds that has at most so many bytes.

    Raises:
        OSError: as ``open_regular``, or it is larger.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(f"it is larger than the {most:,} bytes that are accepted")
    return data


def read_text(path: Path, most: int = SMALL) -> str:
    """As ``read_bytes``, for text in UTF-8 without a byte order mark.

    Raises:
        OSError: as ``read_bytes``, or it has more than ``MAX_LINES`` lines; UnicodeDecodeError: it is not UTF-8.
    """
    data = read_bytes(path, most)
    check_lines(data)
    return data.decode("utf-8-sig")


def check_lines(text: bytes) -> None:
    """OSError: it has more than ``MAX_LINES`` lines."""
    if max(text.count(b"\n"), text.count(b"\r")) > MAX_LINES:
        raise OSError(f"it has more than the {MAX_LINES:,} lines that are accepted")


def is_writable(folder: Path) -> bool:
    """Whether files can be put into a folder, which may not be there yet; a full disk counts as one that can."""
    there = next((path for path in (folder, *folder.parents) if os.access(path, os.F_OK)), folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@contextlib.contextmanager
def lock(folder: Path, what: str = "write") -> Iterator[None]:
    """Hold ``folder`` for writing; a second process waits, then is told who holds it and for ``what``.

    What processes that were killed left in it and below it goes.

    Raises:
        DatasetError: somebody else has held it for ``LOCK_WAIT`` seconds, or the folder cannot be written to.
    """
    plate = folder / HOLDER
    with lock_named_elsewhere(folder, lambda: holder(plate)):
        with contextlib.suppress(OSError):  # on a full disk the holder stays unnamed
            plate.write_text(named(Holder.this_process(what)), "utf-8")
        try:
            yield
        finally:
            plate.unlink(missing_ok=True)


@contextlib.contextmanager
def lock_named_elsewhere(folder: Path, who: Callable[[], Holder | None], wait: float | None = None) -> Iterator[None]:
    """As ``lock``, where another file than the lock's own says ``who`` holds it.

    Args:
        wait: seconds, in place of ``LOCK_WAIT``.
    """
    from filelock import FileLock, Timeout

    wait = LOCK_WAIT if wait is None else wait
    held = FileLock(folder / LOCK, timeout=wait)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise still_written(folder, who(), wait) from error
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        unfinished.sweep_all(folder)
        yield
    finally:
        held.release()


def still_written(folder: Path, holder: Holder | None, wait: float) -> DatasetError:
    """One line for a folder that somebody has been writing to as long as was waited."""
    return DatasetError(
        f"{holder or 'another process'} has been writing to {str(folder)!r} for more than {wait:.0f} s; "
        "wait for it, or end it, and run this again"
    )


def is_locked(folder: Path) -> bool:
    """Whether somebody holds the lock of ``folder``; it is free again as soon as that process ends in any way.

    To look is to share the lock for a moment, which any number of lookers can do at once: they never take each other
    for its holder, and who wants to hold it tries again a moment later.  Windows knows no shared locks: there it is
    taken for that moment.
    """
    try:
        import fcntl
    except ImportError:
        return _is_taken(folder)
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)  # at once, also where a process that is being started has a copy of it
    except BlockingIOError:
        return True
    except OSError:  # there is none
        return False
    return False


def _is_taken(folder: Path) -> bool:
    """As ``is_locked``, by taking the lock for a moment."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def named(holder: Holder) -> str:
    """What a file says that names somebody, for ``holder``."""
    return json.dumps(vars(holder))


def holder(plate: Path) -> Holder | None:
    """Whom a file names; ``None`` where it names nobody."""
    try:
        return Holder.from_json(json.loads(read_text(plate)))
    except (OSError, ValueError, RecursionError):
        return None


def read_frame(path: Path) -> pd.DataFrame:
    """A stored frame with its ``attrs``: what ``pandas.read_parquet`` gives, in a third of the time for small files.

    Raises:
        OSError or pyarrow.ArrowInvalid: there is none, or it is broken, or as ``parquet_pages.read_table``.
    """
    with open_regular(path) as file:  # raises where reading would never end
        table = parquet_pages.read_table(path, file)
    try:
        frame: pd.DataFrame = table.to_pandas()
        frame.attrs = json.loads((table.schema.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:  # what pandas wrote is broken
        raise OSError(f"{type(error).__name__}: {error}") from error
    return frame


def write_frame(path: Path, frame: pd.DataFrame, **how: Any) -> None:
    """Store a frame and its ``attrs``, to which a checksum of both is added, atomically; OSError as ``write``.

    Args:
        how: of ``DataFrame.to_parquet``, such as ``compression``.
    """
    frame.attrs = {**frame.attrs, "checksum": digests.of_frame(frame)}
    write(path, lambda file: frame.to_parquet(file, index=False, **how))


def frame_of(path: Path, key: str) -> pd.DataFrame | None:
    """A stored frame whose ``attrs["key"]`` is this one; ``None`` where there is none, another, or a damaged one."""
    frame = whole_frame(path)
    return frame if frame is not None and frame.attrs.get("key") == key else None


def whole_frame(path: Path) -> pd.DataFrame | None:
    """A stored frame; ``None`` where there is none, or one that is broken or not what was written."""
    try:
        frame = read_frame(path)
    except Exception:  # pyarrow raises many kinds for a broken file
        return None
    return frame if is_whole(frame) else None


def is_whole(frame: pd.DataFrame) -> bool:
    """Whether a stored frame is what ``write_frame`` was given; one of an older version has no checksum and passes."""
    return frame.attrs.get("checksum", "") in ("", digests.of_frame(frame))


def checksum(tensors: Mapping[str, NDArray[Any]], about: Mapping[str, str]) -> str:
    """32 hex digits that stand for named arrays, their types and shapes, and for what is known of them."""
    sha = hashlib.sha256(digest(dict(about)).encode())
    for name, tensor in sorted(tensors.items()):
        sha.update(digest(name, tensor.dtype.str, list(tensor.shape)).encode())
        sha.update(np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data)
    return sha.hexdigest()[:32]


def save_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> None:
    """Store named arrays and what is known of them as a safetensors file, atomically.

    Raises:
        OSError: it cannot be written: the disk is full, the folder is not to be written to.
    """

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.writelines(parts_of(tensors, meta))

    write(path, save)


def map_tensors(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of a safetensors file, memory-mapped and read-only, and its metadata; only the header is read.

    A file is 8 bytes with the length of the header (little-endian), the header in JSON, and the tensors, whose offsets
    count from the end of the header.  All arrays share one mapping, so they are of one version of the file.

    Raises:
        DatasetError: there is no such file, or its header does not fit it.
    """
    with _told_of(path), open_regular(path) as file:
        return tensors_of(mapped(file))


def map_tensors_elsewhere(
    path: Path, needed: Sequence[str]
) -> tuple[dict[str, NDArray[Any]], dict[str, str], Opened | None]:
    """As ``map_tensors``; of a data set elsewhere only some arrays are fetched, and the others lack what is not here.

    Returns:
        The arrays, the metadata, and what fetches more of the file; ``None`` where nothing is missing.
    """
    with _told_of(path):
        elsewhere = remote.opened(path)
        if elsewhere is None or elsewhere.is_whole or elsewhere.size < 8:
            return *map_tensors(path), None
        size = int.from_bytes(elsewhere.read(0, 8), "little")
        elsewhere.fetch([(0, 8 + min(size, MAX_HEADER))])
        with os.fdopen(os.dup(elsewhere.handle), "rb") as file:
            tensors, meta = tensors_of(mapped(file))
        elsewhere.fetch([place_of(tensors[name]) for name in needed if name in tensors])
        return tensors, meta, elsewhere


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """One line for what is wrong with a file of tensors."""
    try:
        yield
    # RecursionError: JSON that nests too deeply.  OverflowError: a dimension beyond 64 bits.
    except (OSError, OverflowError, RecursionError) as error:
        raise DatasetError(f"{path.name!r} cannot be read ({error})") from error
    except ValueError as error:
        if isinstance(error, DatasetError):  # it could not be fetched
            raise
        raise DatasetError(f"{path.name!r} cannot be read ({error})") from error
