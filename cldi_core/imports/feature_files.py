"""Files of features as people have them: named arrays, looked at and not yet read.

``.npy`` (one matrix), ``.npz`` and ``.safetensors`` (named arrays), ``.pkl`` (a matrix, or a dict of them; see
``pickles``).  Matrices are mapped where the format allows it, so they may be larger than memory.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import CldiError, FeatureError, in_one_line
from cldi_core.imports import pickles

MAX_MEMBER = 1_000_000_000  # bytes of one array in an .npz, which is read into memory
MAX_MEMBERS = 1_000_000
MAX_DIM = 1_000_000
NUMBERS = "fiub"  # kinds of numpy's types
Read = Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Named:
    """The arrays of one file.

    Attributes:
        format: what the file was taken for, in a few words.
        arrays: name → what reads the array; ``""`` names that of a file that holds one without a name.
    """

    format: str
    arrays: Mapping[str, Read]

    @property
    def is_one(self) -> bool:
        """Whether there is one array, and it has no name."""
        return list(self.arrays) == [""]


def open_file(path: Path) -> Named:
    """What a file of features holds.

    Raises:
        FeatureError: it is in no format that is known by its ending, cannot be read, or holds objects.
    """
    if path.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise FeatureError(f"{path.name!r} is no file of features that is known by its ending; accepted: {known}")
    try:
        return FORMATS[path.suffix.lower()](path)
    except CldiError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a broken file
        raise _broken(path, error) from error


def matrix(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array as rows of features: one of one dimension is one row.

    Raises:
        FeatureError: it is not of numbers, or not (n, dim) with dim > 0.
    """
    shown = f"the array {name[:60]!r}" if name else "the array"
    if array.dtype.kind not in NUMBERS:
        raise FeatureError(f"{shown} is of type {str(array.dtype)[:20]}; expected numbers")
    rows = array[None, :] if array.ndim == 1 else array
    if rows.ndim != 2 or not 0 < rows.shape[1] <= MAX_DIM:
        size = " × ".join(map(str, array.shape)) or "one number"
        raise FeatureError(f"{shown} is {size}; expected rows of features (n, dim), dim from 1 to {MAX_DIM:,}")
    return rows


def _broken(path: Path, error: Exception) -> FeatureError:
    return FeatureError(f"{path.name!r} cannot be read ({in_one_line(error)})")


def _npy(path: Path) -> Named:
    with storage.open_regular(path) as file:
        shape, fortran, dtype = _header(file)
        start, size = file.tell(), path.stat().st_size
        if math.prod(shape) * dtype.itemsize > size - start:
            raise FeatureError(f"{path.name!r} is shorter than the {math.prod(shape):,} numbers that its header says")
        if not math.prod(shape):
            array: NDArray[Any] = np.zeros(shape, dtype)
        else:
            array = np.memmap(file, dtype, "r", start, shape, order="F" if fortran else "C")
    return Named("a numpy array", {"": _at_hand(array)})


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an array that follows in a file, which is then at its first number.

    Raises:
        FeatureError: objects; ValueError: it is none.
    """
    form = np.lib.format
    version = form.read_magic(file)
    read = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"it is of version {version}, which only arrays with names of fields have")
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise FeatureError(f"{Path(str(file.name)).name!r} holds objects, which are not read; expected numbers")
    if len(shape) > 8 or not all(type(size) is int and 0 <= size < 1 << 48 for size in shape):
        raise ValueError(f"it has the shape {shape}")
    return shape, bool(fortran), dtype


def _npz(path: Path) -> Named:
    archive = zipfile.ZipFile(storage.open_regular(path))  # stays open for as long as its arrays are asked for
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise FeatureError(f"{path.name!r} holds {len(members):,} arrays; at most {MAX_MEMBERS:,} are accepted")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise FeatureError(f"{path.name!r} holds {member.filename[:60]!r}, which is no array")
        if member.file_size > MAX_MEMBER:
            raise FeatureError(
                f"{path.name!r} holds an array of {member.file_size:,} bytes, and at most {MAX_MEMBER:,} are accepted; "
                "save it as .npy"
            )
    arrays = {member.filename.removesuffix(".npy"): _member(path, archive, member) for member in members}
    return Named("numpy arrays with names", arrays)


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Read:
    def read() -> NDArray[Any]:
        try:
            with archive.open(member) as inside:
                shape, fortran, dtype = _header(inside)
                count = math.prod(shape)
                if count * dtype.itemsize > member.file_size:  # before as much memory is asked for
                    raise ValueError(f"an array of {count:,} numbers in {member.file_size:,} bytes")
                data = inside.read(count * dtype.itemsize)
                return np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran else "C")
        except CldiError:
            raise
        except Exception as error:  # as many kinds as there are of broken archives
            raise _broken(path, error) from error

    return read


def _safetensors(path: Path) -> Named:
    tensors, _ = storage.map_tensors(path)
    return Named("tensors with names", {name: _at_hand(tensor) for name, tensor in tensors.items()})


def _at_hand(array: NDArray[Any]) -> Read:
    return lambda: array


def _pickle(path: Path) -> Named:
    found = pickles.read(path)
    if isinstance(found, dict):
        arrays = {_name(path, key): _array(path, value) for key, value in found.items()}
        return Named("a pickled dict of arrays", arrays)
    return Named("a pickled array", {"": _array(path, found)})


def _name(path: Path, key: object) -> str:
    """The key of a dict as a word; one of Python 2 is UTF-8, if it is anything."""
    try:
        name = key.decode() if isinstance(key, bytes) else key
    except UnicodeDecodeError:
        name = None
    if not isinstance(name, str):
        raise FeatureError(f"{path.name!r} holds a dict with the key {str(key)[:40]!r}, which is no word")
    return name


def _array(path: Path, value: object) -> Read:
    """An array, or a list of arrays of one length each."""
    if isinstance(value, list | tuple) and value and all(isinstance(each, np.ndarray) for each in value):
        if len({each.shape for each in value}) > 1 or value[0].dtype.kind not in NUMBERS:
            raise FeatureError(
                f"{path.name!r} holds a list of arrays of different lengths; expected rows of one length"
            )
        return lambda: np.stack(value)
    if not isinstance(value, np.ndarray):
        raise FeatureError(f"{path.name!r} holds {type(value).__name__} where an array is expected")
    return _at_hand(value)


FORMATS: dict[str, Callable[[Path], Named]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".pkl": _pickle,
    ".pickle": _pickle,
}


def texts(name: str, array: NDArray[Any]) -> list[str]:
    """An array of texts or whole numbers as texts; bytes are UTF-8, and what is not becomes question marks.

    Raises:
        FeatureError: it is of something else.
    """
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise FeatureError(f"the array {name!r} is {array.dtype} {array.shape}; expected a text or number for each row")
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in array.tolist()]
