"""Pickles of numeric numpy arrays, read without unpickling: whatever a file says, nothing of it is executed.

A pickle is a program for a stack machine.  This is a machine of our own that knows the operations by which numbers,
texts, lists, tuples, dicts and arrays are told (protocols 0 to 5, of Python 2 and 3, numpy 1 and 2) and no other.  A
name that a pickle gives is looked up among a few (``pickled_arrays.NAMES``), and what it stands for is made there:
nothing is ever imported, called or asked for an attribute.  Whatever else comes ends with one line that names it.

The arrays look at the file itself, which is mapped: however large it is, it takes no memory until it is read.
"""

from __future__ import annotations

import mmap
import pickletools
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cldi_core.data import storage
from cldi_core.errors import FeatureError, in_one_line
from cldi_core.imports import pickled_arrays
from cldi_core.imports.pickled_arrays import MADE, MAX_NAME, Name, RefusedError, Value, finished, named, refuse

MAX_STEPS = 5_000_000  # operations of a pickle
MAX_TEXT = 200_000_000  # bytes of all texts, which unlike bytes are held in memory, at up to four times their size
MAX_LINE = 64  # characters of a number, in protocols 0 and 1
ACCEPTED = "only numeric numpy arrays, in dicts, lists and tuples, are read from a pickle"
_OPERATIONS = {operation.code: f"the operation {operation.name}" for operation in pickletools.opcodes}
Bytes = TypeVar("Bytes", bytes, memoryview)


def read(path: Path) -> Value:
    """What a pickle holds: arrays (read-only, looking at the file) of booleans, whole numbers or floats up to 64 bits.

    Around them dicts (with texts, bytes or numbers as keys), lists and tuples; texts and numbers stay what they are.  A
    text of Python 2 is bytes.

    Raises:
        FeatureError: it cannot be read, is no pickle, or holds anything else, which is named and not executed.
    """
    try:
        with storage.open_regular(path) as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        machine = _Machine(data)
        try:
            return finished(machine.run(), machine.size)
        except (RefusedError, ValueError, IndexError) as error:
            # IndexError: it takes more from the stack than there is, or lacks its end.
            reason = "it is broken" if isinstance(error, IndexError) else in_one_line(error)
            raise ValueError(f"{reason}, at byte {min(machine.place, machine.size)}") from None
    except (OSError, ValueError) as error:  # ValueError also of mmap: the file is empty
        raise FeatureError(f"{path.name!r} cannot be read ({in_one_line(error)}); {ACCEPTED}") from error


class _Machine:
    """Reads one pickle; ``place`` is the byte it has come to."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.view, self.size, self.place = data, memoryview(data), len(data), 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.texts = 0

    def run(self) -> Any:
        """The value that is left at the end, in which arrays are under way still."""
        for _ in range(MAX_STEPS):
            code = self.take(1)[0]
            if code in PUSHED:
                self.stack.append(PUSHED[code](self))
            elif code in DONE:
                DONE[code](self)
            elif code == ord("."):
                if self.place < self.size or len(self.stack) != 1:
                    raise RefusedError("more follows its end" if self.place < self.size else "it is broken")
                return self.stack[0]
            else:
                raise RefusedError(f"it holds {_OPERATIONS.get(chr(code), 'no pickle')}")
        raise RefusedError(f"it has more than {MAX_STEPS:,} operations")

    def take(self, count: int) -> memoryview:
        """The next so many bytes, which stay in the file."""
        if count > self.size - self.place:
            self.place = self.size
            raise RefusedError("it ends too early")
        self.place += count
        return self.view[self.place - count : self.place]

    def count(self, width: int) -> int:
        """The next bytes as a whole number that is not negative."""
        return int.from_bytes(self.take(width), "little")

    def line(self, most: int = MAX_LINE) -> bytes:
        """The rest of a line."""
        end = self.data.find(b"\n", self.place, self.place + most + 1)
        if end < 0:
            raise RefusedError("it lacks the end of a line")
        found = bytes(self.take(end - self.place))
        self.place += 1
        return found

    def text(self, width: int) -> str:
        """A text whose length stands before it."""
        return str(self.spent(self.take(self.count(width))), "utf-8", "surrogatepass")

    def spent(self, text: Bytes) -> Bytes:
        """A text that is to be held in memory."""
        self.texts += len(text)
        if self.texts > MAX_TEXT:
            raise RefusedError(f"it holds more than {MAX_TEXT:,} bytes as text; write it with protocol 3 or later")
        return text

    def long(self, width: int) -> int:
        """A number whose length in bytes stands before it."""
        size = self.count(width)
        if size > 8:
            raise RefusedError(f"it holds a number of {size} bytes")
        return int.from_bytes(self.take(size), "little", signed=True)

    def written_int(self) -> int | bool:
        """A number in decimals."""
        found = self.line()
        return found == b"01" if found in (b"00", b"01") else int(found.removesuffix(b"L"))

    def written_bytes(self) -> bytes:
        """A text of Python 2 within quotes."""
        found = self.spent(self.line(MAX_TEXT))
        if len(found) < 2 or found[0] != found[-1] or found[:1] not in (b"'", b'"'):
            raise RefusedError("it holds a text without quotes")
        with warnings.catch_warnings(action="ignore"):  # of an escape that is none
            return found[1:-1].decode("unicode_escape").encode("latin-1")

    def since_mark(self) -> list[Any]:
        """What was put upon the last mark."""
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def last(self, count: int) -> tuple[Any, ...]:
        """The uppermost so many values."""
        if count > len(self.stack):
            raise IndexError
        found = tuple(self.stack[-count:])
        del self.stack[-count:]
        return found


def _global(machine: _Machine) -> None:
    module, name = machine.line(MAX_NAME), machine.line(MAX_NAME)
    machine.stack.append(named(module, name))


def _stack_global(machine: _Machine) -> None:
    machine.stack.append(named(*machine.last(2)))


def _reduce(machine: _Machine) -> None:
    """What a name makes of its arguments."""
    name, given = machine.last(2)
    if not isinstance(name, Name) or type(given) is not tuple or name.makes not in MADE:
        raise RefusedError("it calls something that is not called here")
    made = MADE[name.makes](*given[:8])
    machine.stack.append(machine.spent(made) if isinstance(made, bytes) else made)


def _build(machine: _Machine) -> None:
    """Give what was made its state: an array its type, shape and numbers, a type the order of its bytes."""
    (state,), made = machine.last(1), machine.stack[-1]
    pickled_arrays.set_state(made, state)


def _set_items(machine: _Machine, items: list[Any] | tuple[Any, ...]) -> None:
    target = machine.stack[-1]
    if type(target) is not dict or len(items) % 2:
        raise RefusedError("it is broken")
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[_key(key)] = value


def _key(key: Any) -> str | bytes | int:
    if isinstance(key, memoryview) and len(key) <= MAX_NAME:
        return bytes(key)
    if not isinstance(key, str | bytes | int) or (not isinstance(key, int) and len(key) > MAX_NAME):
        raise RefusedError("a dict in it has a key that is no short text or number")
    return key


def _append(machine: _Machine, items: list[Any] | tuple[Any, ...]) -> None:
    if type(machine.stack[-1]) is not list:
        raise RefusedError("it is broken")
    machine.stack[-1].extend(items)


def _dict(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack.append({})
    _set_items(machine, items)


def _keep(machine: _Machine, place: int) -> None:
    machine.memo[place] = machine.stack[-1]


def _kept(machine: _Machine, place: int) -> Any:
    return machine.memo[place] if place in machine.memo else refuse("it refers to something that is not there")


def _codes(table: dict[bytes, Callable[[_Machine], Any]]) -> dict[int, Callable[[_Machine], Any]]:
    return {code[0]: act for code, act in table.items()}


# Operations that put one value upon the stack …
PUSHED = _codes(
    {
        b"N": lambda machine: None,
        b"\x88": lambda machine: True,
        b"\x89": lambda machine: False,
        b")": lambda machine: (),
        b"]": lambda machine: [],
        b"}": lambda machine: {},
        b"K": lambda machine: machine.count(1),
        b"M": lambda machine: machine.count(2),
        b"J": lambda machine: int.from_bytes(machine.take(4), "little", signed=True),
        b"\x8a": lambda machine: machine.long(1),
        b"\x8b": lambda machine: machine.long(4),
        b"I": _Machine.written_int,
        b"L": _Machine.written_int,
        b"F": lambda machine: float(machine.line()),
        b"G": lambda machine: struct.unpack(">d", machine.take(8))[0],
        b"S": _Machine.written_bytes,
        b"U": lambda machine: machine.take(machine.count(1)),
        b"T": lambda machine: machine.take(machine.count(4)),
        b"C": lambda machine: machine.take(machine.count(1)),
        b"B": lambda machine: machine.take(machine.count(4)),
        b"\x8e": lambda machine: machine.take(machine.count(8)),
        b"\x96": lambda machine: machine.take(machine.count(8)),
        b"V": lambda machine: machine.spent(machine.line(MAX_TEXT)).decode("raw_unicode_escape"),
        b"X": lambda machine: machine.text(4),
        b"\x8c": lambda machine: machine.text(1),
        b"\x8d": lambda machine: machine.text(8),
        b"t": lambda machine: tuple(machine.since_mark()),
        b"l": lambda machine: machine.since_mark(),
        b"\x85": lambda machine: machine.last(1),
        b"\x86": lambda machine: machine.last(2),
        b"\x87": lambda machine: machine.last(3),
        b"g": lambda machine: _kept(machine, int(machine.line())),
        b"h": lambda machine: _kept(machine, machine.count(1)),
        b"j": lambda machine: _kept(machine, machine.count(4)),
    }
)
# … and those that do something with what is there.  Those of protocol 5 for the outside (buffers elsewhere), persistent
# ids, extensions, sets, and all that makes objects of classes are missing on purpose.
DONE = _codes(
    {
        b"\x80": lambda machine: machine.count(1) <= 5 or refuse("it is of a protocol after 5"),
        b"\x95": lambda machine: machine.take(8),  # how long a part is, which only a stream needs
        b"(": lambda machine: machine.marks.append(len(machine.stack)),
        b"c": _global,
        b"\x93": _stack_global,
        b"R": _reduce,
        b"b": _build,
        b"d": _dict,
        b"s": lambda machine: _set_items(machine, machine.last(2)),
        b"u": lambda machine: _set_items(machine, machine.since_mark()),
        b"a": lambda machine: _append(machine, machine.last(1)),
        b"e": lambda machine: _append(machine, machine.since_mark()),
        b"p": lambda machine: _keep(machine, int(machine.line())),
        b"q": lambda machine: _keep(machine, machine.count(1)),
        b"r": lambda machine: _keep(machine, machine.count(4)),
        b"\x94": lambda machine: _keep(machine, len(machine.memo)),
    }
)
