"""What the names of a pickle stand for in ``pickles``: the parts of numeric arrays, made here and inert."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 5_000_000  # of what a pickle makes, each as often as it stands in it
MAX_NAME = 1000  # bytes of a dict's key or of a name
MAX_DEPTH = 8  # lists within lists
MAX_DIMENSIONS = 8
_TYPE = re.compile(r"b1|[iu][1248]|f[248]")
_ORDERS = {"<": "<", ">": ">", "=": "=", "|": "="}
NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): "an empty array",
    ("numpy._core.multiarray", "_reconstruct"): "an empty array",
    ("numpy.core.numeric", "_frombuffer"): "an array",
    ("numpy._core.numeric", "_frombuffer"): "an array",
    ("numpy", "ndarray"): "the type of arrays",
    ("numpy", "dtype"): "a type",
    ("_codecs", "encode"): "bytes",
    ("__builtin__", "bytes"): "no bytes",
    ("builtins", "bytes"): "no bytes",
}  # module and name → what it makes here

Value = NDArray[Any] | dict[Any, Any] | list[Any] | tuple[Any, ...] | str | bytes | int | float | None


class RefusedError(Exception):
    """What a pickle holds that is not accepted."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a pickle gives, by what it makes."""

    makes: str


@dataclass(slots=True)
class Type:
    """A dtype under way: its code, such as ``"f4"``, and the order of its bytes."""

    code: str
    order: str = "="


@dataclass(slots=True)
class Array:
    """An array under way; it is referred to before its contents come."""

    value: NDArray[Any] | None = None


def refuse(reason: str) -> Any:
    """Raise, in an expression."""
    raise RefusedError(reason)


def named(module: Any, name: Any) -> Name:
    """The name that is known here; all others are refused."""
    module, name = text_of(module), text_of(name)
    if (module, name) not in NAMES:
        raise RefusedError(f"it asks for {module[:60]!r}, {name[:60]!r}, which is not looked up")
    return Name(NAMES[module, name])


def text_of(value: Any) -> str:
    """A short text, of Python 3 or 2."""
    if isinstance(value, bytes | memoryview) and len(value) <= MAX_NAME:
        return str(value, "latin-1")
    return value if isinstance(value, str) and len(value) <= MAX_NAME else refuse("it is broken")


def _encoded(text: Any = None, coding: Any = None, *_: Any) -> bytes:
    """Bytes that stand in a pickle as a text, which protocols 0 to 2 have of Python 3."""
    if not isinstance(text, str) or text_of(coding) not in ("latin1", "latin-1"):
        raise RefusedError("it encodes something else than the numbers of an array")
    return text.encode("latin-1")


def _typed(code: Any = None, *_: Any) -> Type:
    written = text_of(code)
    if not _TYPE.fullmatch(written):
        raise RefusedError(f"it holds an array of type {written[:20]!r}, which is not one of numbers")
    return Type(written)


def _filled(raw: Any, kind: Any, shape: Any, order: str) -> NDArray[Any]:
    """An array whose numbers are these bytes."""
    if not isinstance(kind, Type):
        raise RefusedError("it holds an array without a type")
    if not isinstance(raw, bytes | memoryview):
        raise RefusedError("it holds an array of objects")
    sizes = shape if isinstance(shape, tuple) else (shape,)
    if len(sizes) > MAX_DIMENSIONS or not all(type(size) is int and 0 <= size < 1 << 48 for size in sizes):
        raise RefusedError("it holds an array without a shape")
    dtype = np.dtype(kind.order + kind.code)
    if math.prod(sizes) * dtype.itemsize != len(raw):
        raise RefusedError(f"it holds an array of {' × '.join(map(str, sizes))} numbers in {len(raw)} bytes")
    return np.frombuffer(raw, dtype).reshape(sizes, order="F" if order == "F" else "C")


def _from_buffer(raw: Any = None, kind: Any = None, shape: Any = None, order: Any = "C", *_: Any) -> Array:
    return Array(_filled(raw, kind, shape, text_of(order)))


MADE: dict[str, Callable[..., Any]] = {
    "an empty array": lambda *_: Array(),
    "an array": _from_buffer,
    "a type": _typed,
    "bytes": _encoded,
    "no bytes": lambda *given: b"" if not given else refuse("it makes bytes of something"),
}


def set_state(made: Any, state: Any) -> None:
    """Give what was made its state: an array its type, shape and numbers, a type the order of its bytes."""
    if type(state) is not tuple:
        raise RefusedError("it gives something a state that is not accepted")
    if isinstance(made, Array) and made.value is None and len(state) in (4, 5):
        shape, kind, fortran, raw = state[-4:]
        made.value = _filled(raw, kind, shape, "F" if fortran else "C")
    elif isinstance(made, Type) and len(state) >= 5 and state[2:5] == (None, None, None):
        made.order = _ORDERS.get(text_of(state[1])) or refuse("it holds an array without an order of bytes")
    else:
        raise RefusedError("it gives something a state that is not accepted")


def finished(value: Any, size: int) -> Value:
    """The value with its arrays in their places; what stands in it more than once counts each time."""
    left, most = MAX_VALUES, 2 * size

    def finish(part: Any, depth: int) -> Any:
        nonlocal left, most
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise RefusedError(f"it has more than {MAX_VALUES:,} values" if left < 0 else "its lists are too deep")
        if isinstance(part, Array):
            part = refuse("it holds an array without numbers") if part.value is None else part.value
        if isinstance(part, np.ndarray | memoryview):
            most -= part.nbytes
            if most < 0:
                raise RefusedError("it holds one array too many times")
        if isinstance(part, Name | Type):
            raise RefusedError(f"it holds {part.makes if isinstance(part, Name) else 'a type'}")
        if type(part) is dict:
            return {key: finish(own, depth + 1) for key, own in part.items()}
        if type(part) in (list, tuple):
            return type(part)(finish(own, depth + 1) for own in part)
        return bytes(part) if isinstance(part, memoryview) else part

    finished: Value = finish(value, 0)
    return finished
