"""What a disk refuses, told to a person: why, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from cldi_core.errors import DatasetError

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
ELSEWHERE = "make it writable, or copy the data set to where you can write, and run this again"


def is_full(error: BaseException) -> bool:
    """Whether there is no room left; libraries that say so in a text of their own are understood."""
    return getattr(error, "errno", None) in FULL or os.strerror(errno.ENOSPC) in str(error)


def _is_too_large(error: BaseException) -> bool:
    return getattr(error, "errno", None) == errno.EFBIG or os.strerror(errno.EFBIG) in str(error)


def reason(error: OSError, folder: Path | None = None) -> str:
    """Why something could not be written, in a few words.

    Args:
        folder: where; a disk that is full of files is told from one that is full of bytes, and a disk that is mounted
            read-only from a folder that is another user's.
    """
    if _is_too_large(error):
        return os.strerror(errno.EFBIG)
    if is_full(error):
        text = os.strerror(error.errno if error.errno in FULL else errno.ENOSPC)
        return f"{text}: the disk can hold no more files" if _lacks_files(folder) else text
    if error.errno in CLOSED and _is_closed(folder):
        return os.strerror(errno.EROFS)
    return os.strerror(error.errno) if error.errno else str(error)


def step(error: BaseException, folder: Path | None = None, otherwise: str = ELSEWHERE, where: str = "there") -> str:
    """What to do about it: to make room, where that is what lacks, else ``otherwise``.

    Args:
        folder: as in ``reason``; where: the disk, in the sentence.
    """
    if _is_too_large(error):
        return "let larger files be written (ulimit -f, or another file system), and run this again"
    if not is_full(error):
        return otherwise
    what = "remove files" if _lacks_files(folder) else "free some space"
    return f"{what} {where}, and run this again; what was there before is as it was"


def cannot_write(folder: Path, error: OSError) -> DatasetError:
    """One line for a folder that nothing can be put into."""
    return DatasetError(f"{str(folder)!r} cannot be written to ({reason(error, folder)}); {step(error, folder)}")


def cannot_write_file(path: Path, error: OSError) -> DatasetError:
    """One line for a file that can be put elsewhere as well."""
    why, what = reason(error, path.parent), step(error, path.parent, "choose another place")
    return DatasetError(f"cannot write {str(path)!r} ({why}); {what}")


def line(error: OSError) -> str:
    """One line for whatever the system refused, where nobody has told of it yet."""
    folder = Path(os.fsdecode(error.filename)).parent if isinstance(error.filename, (str, bytes)) else None
    if is_full(error) or _is_too_large(error) or error.errno == errno.EROFS:
        place = f"{str(folder)!r} cannot be written to" if folder else "the disk cannot be written to"
        return f"{place} ({reason(error, folder)}); {step(error, folder)}"
    if error.errno in CLOSED:
        return f"{error}; let it be read and written, and run this again"
    return str(error)


def _there(folder: Path | None) -> os.statvfs_result | None:
    """What is known of the disk of a folder, or of the nearest that is there; ``None`` where nobody can say."""
    for place in (folder, *folder.parents) if folder else ():
        try:
            return os.statvfs(place)
        except (OSError, ValueError):  # not there yet
            continue
        except AttributeError:  # Windows knows none of it
            return None
    return None


def _lacks_files(folder: Path | None) -> bool:
    there = _there(folder)
    return there is not None and there.f_files > 0 and there.f_favail == 0


def _is_closed(folder: Path | None) -> bool:
    there = _there(folder)
    return there is not None and bool(there.f_flag & os.ST_RDONLY)
