"""The layout of safetensors files: 8 bytes with the length of the header, the header in JSON, and the tensors."""

from __future__ import annotations

import json
import math
import mmap
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import parsing

MAX_HEADER = 100_000_000  # bytes; the limit of the safetensors library itself
# In the order in which they are laid out: the largest first, so that all begin at whole multiples of their size.
DTYPES = {"I64": "<i8", "F64": "<f8", "F32": "<f4", "F16": "<f2", "U8": "u1"}
_maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()  # of this process, as long as something is read of them


def parts_of(tensors: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """What a file of some arrays and metadata holds, in parts; the same of the same, to the last bit.

    It is what the safetensors library writes, but for the order of the metadata, which is another there each time.
    The library also writes a file of its own beside the one that it is given, which stays where it is killed.

    Raises:
        KeyError: an array is of a type that ``DTYPES`` lacks.
    """
    kinds, places = {np.dtype(dtype).str: kind for kind, dtype in DTYPES.items()}, [*DTYPES]
    kind_of = {name: kinds[tensor.dtype.str] for name, tensor in sorted(tensors.items())}
    ordered = sorted(kind_of, key=lambda name: places.index(kind_of[name]))
    header: dict[str, object] = {"__metadata__": dict(sorted(meta.items()))}
    end = 0
    for name in ordered:
        start, end = end, end + tensors[name].nbytes
        header[name] = {"dtype": kind_of[name], "shape": list(tensors[name].shape), "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in ordered:
        yield np.ascontiguousarray(tensors[name]).reshape(-1).view(np.uint8).data


def tensors_of(mapped: NDArray[np.uint8]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of a mapped file as views of it, and its metadata.

    Raises:
        ValueError, OverflowError or RecursionError: the header is none, or does not fit the file.
    """
    size = int.from_bytes(mapped[:8].tobytes(), "little")
    if len(mapped) < 8 or size > min(MAX_HEADER, len(mapped) - 8):
        raise ValueError(f"a header of {size} bytes in a file of {len(mapped)}")
    header = parsing.parsed_json(mapped[8 : 8 + size].tobytes(), parsing.without_repeats)
    if not isinstance(header, dict):
        raise ValueError("the header is not a JSON object")
    meta = header.pop("__metadata__", None) or {}
    if not isinstance(meta, dict) or not all(isinstance(value, str) for value in meta.values()):
        raise ValueError("the metadata are not texts")
    data = mapped[8 + size :]
    tensors = {name: _tensor(data, name, about) for name, about in header.items()}
    _check_apart({name: about["data_offsets"] for name, about in header.items()})
    return tensors, meta


def _check_apart(places: Mapping[str, Sequence[int]]) -> None:
    """ValueError: two tensors share bytes, so that a small file could be any number of rows."""
    end = 0
    for name, (begin, own_end) in sorted(places.items(), key=lambda one: tuple(one[1])):
        if begin < end and begin < own_end:
            raise ValueError(f"tensor {name[:40]!r} overlaps the one before it")
        end = max(end, own_end)


def _tensor(data: NDArray[np.uint8], name: str, about: object) -> NDArray[Any]:
    """One tensor of a mapped file; ValueError where what the header says of it cannot be."""
    fields = about if isinstance(about, dict) else {}
    kind, shape, offsets = (fields.get(field) for field in ("dtype", "shape", "data_offsets"))
    shown = f"tensor {name[:40]!r}"
    if not isinstance(kind, str) or kind not in DTYPES:
        raise ValueError(f"{shown} is of type {str(kind)[:20]!r}; expected one of {', '.join(DTYPES)}")
    if not (_counts(shape) and _counts(offsets) and len(offsets) == 2):
        raise ValueError(f"{shown} has no proper shape and offsets")
    dtype, (begin, end) = np.dtype(DTYPES[kind]), offsets
    if not begin <= end <= len(data) or end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{shown} does not fit its place in the file")
    return data[begin:end].view(dtype).reshape(shape)


def _counts(value: object) -> TypeGuard[list[int]]:
    """Whether a value from JSON is a short list of whole numbers, none of them negative."""
    return isinstance(value, list) and len(value) <= 32 and all(type(each) is int and each >= 0 for each in value)


def place_of(tensor: NDArray[Any]) -> tuple[int, int]:
    """Where in its file a mapped tensor begins and ends, in bytes."""
    whole = tensor
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    start = tensor.ctypes.data - whole.ctypes.data
    return start, start + tensor.nbytes


def mapped(file: IO[bytes]) -> NDArray[np.uint8]:
    """A file as bytes that are read when they are looked at; ``let_go`` knows of it for as long as it is used."""
    found = np.memmap(file, np.uint8, "r")
    if isinstance(found.base, mmap.mmap):
        _maps.add(found.base)
    return found


def let_go() -> None:
    """Let the system take back the memory in which mapped files were read: a server counts it as its own.

    What is read again comes out of the system's cache.
    """
    for one in list(_maps):
        if hasattr(one, "madvise"):
            one.madvise(mmap.MADV_DONTNEED)
