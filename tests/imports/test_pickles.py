"""Pickles of arrays are read as numpy wrote them, and nothing else is: no hostile pickle does anything."""

from __future__ import annotations

import os
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.imports import pickles

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
TYPES = ("<f4", ">f4", "<f8", ">f2", "<i8", ">u2", "i1", "?")
ROWS = np.arange(12).reshape(3, 4)


def read(folder: Path, data: bytes) -> Any:
    path = folder / "features.pkl"
    path.write_bytes(data)
    return pickles.read(path)


def same(found: Any, expected: np.ndarray) -> bool:
    return isinstance(found, np.ndarray) and found.dtype == expected.dtype and np.array_equal(found, expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", TYPES)
def test_arrays_of_every_protocol_and_type(tmp_path: Path, kind: str, protocol: int) -> None:
    for array in (ROWS.astype(kind), np.asfortranarray(ROWS.astype(kind)), ROWS.astype(kind)[:, ::2], ROWS[0] > 5,
                  np.zeros((0, 4), kind), np.array(7, kind)):  # fmt: skip
        assert same(read(tmp_path, pickle.dumps(array, protocol)), array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_of_numpy_1(tmp_path: Path, protocol: int) -> None:
    made = pickle.dumps([ROWS, np.asfortranarray(ROWS)], protocol)
    old = made
    for name in (b"multiarray", b"numeric"):  # with the length of a name before it, from protocol 4 on
        new, former = b"numpy._core." + name, b"numpy.core." + name
        old = old.replace(b"\x8c" + bytes([len(new)]) + new, b"\x8c" + bytes([len(former)]) + former)
        old = old.replace(new, former)
    assert old != made
    assert all(same(array, ROWS) for array in read(tmp_path, old))


def python_2(protocol: int) -> bytes:
    """A dict of one matrix as Python 2 and numpy 1 wrote it: its texts are bytes."""
    raw = ROWS.astype("<f4").tobytes()
    if protocol == 2:
        head = (
            b"\x80\x02}q\x00U\x03K\xc3\xbcq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00"
        )
        kind = b"cnumpy\ndtype\nq\x05U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        return head + b"\x85U\x01b\x87R(K\x01K\x03K\x04\x86" + kind + b"\x89T\x30\x00\x00\x00" + raw + b"tbs."
    text = b"'" + b"".join(b"\\x%02x" % byte for byte in raw) + b"'"
    head = b"(dp0\nS'K\\xc3\\xbc'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n"
    head += b"(I0\ntp4\nS'b'\np5\n"
    kind = b"cnumpy\ndtype\np8\n(S'f4'\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntp11\nb"
    return head + b"tp6\nRp7\n(I1\n(L3L\nI4\nt" + kind + b"I00\nS" + text + b"\np12\ntp13\nbs."


@pytest.mark.parametrize("protocol", [0, 2])
def test_arrays_of_python_2(tmp_path: Path, protocol: int) -> None:
    found = read(tmp_path, python_2(protocol))
    ((key, array),) = found.items()
    assert key == "Kü".encode() and same(array, ROWS.astype("<f4"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_stands_around_arrays(tmp_path: Path, protocol: int) -> None:
    shared = ROWS.astype(np.float32)
    given = {"Kuh": shared, "groß": [shared, ROWS], "n": (1, -5, 2.5, None, True, 1 << 40, "text", b"bytes"), 3: {}}
    found = read(tmp_path, pickle.dumps(given, protocol))
    assert list(found) == list(given) and same(found["Kuh"], shared)
    assert same(found["groß"][0], shared) and same(found["groß"][1], ROWS)
    assert found["n"] == given["n"] and found[3] == {}


def test_the_numbers_stay_in_the_file(tmp_path: Path) -> None:
    found = read(tmp_path, pickle.dumps({"Kuh": ROWS}, 4))["Kuh"]
    assert not found.flags.owndata and not found.flags.writeable


class Calls:
    """Pickled, a call of whatever is given."""

    def __init__(self, function: Any, *given: Any) -> None:
        self.given = (function, given)

    def __reduce__(self) -> Any:
        return self.given


class Outside:
    """Pickled, an id that stands for something outside."""


class Pickler(pickle.Pickler):
    def persistent_id(self, value: object) -> str | None:
        return "somewhere" if isinstance(value, Outside) else None


def persistent(protocol: int) -> bytes:
    import io

    buffer = io.BytesIO()
    Pickler(buffer, protocol).dump([Outside()])
    return buffer.getvalue()


def array_of(shape: bytes, kind: bytes = b"\x8c\x02f4", raw: bytes = b"C\x04abcd") -> bytes:
    """A protocol 5 array with this shape, type and these numbers, each as operations."""
    name = b"\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer\x93"
    return (
        b"\x80\x05" + name + b"(" + raw + b"\x8c\x05numpy\x8c\x05dtype\x93" + kind + b"\x85R" + shape + b"\x8c\x01CtR."
    )


def bombs() -> dict[str, bytes]:
    """Pickles that would take a machine down: each is short."""
    tenfold = (
        b"\x80\x02]q\x00" + b"".join(b"](" + b"h%c" % level * 10 + b"eq%c" % (level + 1) for level in range(7)) + b"."
    )
    text = b"X\x00\x00\x10\x00" + b"a" * (1 << 20)
    encode = b"c_codecs\nencode\nq\x01" + text + b"q\x02X\x06\x00\x00\x00latin1\x86q\x03"
    return {
        "lists of lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "a list in itself": b"\x80\x02]q\x00h\x00a.",
        "ten to the seventh": tenfold,
        "encoded again and again": b"\x80\x02](" + encode + b"R" + b"h\x01h\x03R" * 20 + b"e.",
        "an array again and again": pickle.dumps([np.zeros(1000)] * 3, 4),
        "a tuple without end": b"(" * 1000 + b"t" * 1000,
        "a long text that is not there": b"\x80\x04\x8d" + (1 << 62).to_bytes(8, "little") + b"x.",
        "bytes that are not there": b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b"x.",
        "a long number": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
        "many digits": b"I" + b"9" * 100_000 + b"\n.",
        "a place far away": b"]r\xff\xff\xff\xffp99999999999999999999\n0.",
        "a shape without end": array_of(b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85"),
        "a shape of nothing": array_of(b"(" + b"J\xff\xff\xff\x7f" * 7 + b"K\x00t", raw=b"C\x00"),
        "a shape below nothing": array_of(b"J\xff\xff\xff\xff\x85"),
        "many dimensions": array_of(b"(" + b"K\x01" * 40 + b"t"),
        "a shape that does not fit": array_of(b"K\x02\x85"),
    }


def by_python(canary: Path) -> dict[str, bytes]:
    """What Python's own pickler writes that would do something, or is something else than numbers."""
    touch, code = f"touch {canary}", f"open({str(canary)!r}, 'w')"
    return {
        f"{name}, protocol {protocol}": pickle.dumps({"Kuh": ROWS, "x": call}, protocol)
        for protocol in PROTOCOLS
        for name, call in {
            "os.system": Calls(os.system, touch),
            "eval": Calls(eval, code),
            "exec": Calls(exec, code),
            "getattr": Calls(getattr, Calls(__import__, "os"), "system"),
            "open": Calls(open, str(canary), "w"),
            "numpy's load": Calls(np.load, str(canary)),
            "bytes of": Calls(bytes, 1 << 40),
            "an object": Path("x"),
            "an exception": ValueError("x"),
            "a complex number": np.array([1j]),
            "objects": np.array([{}, None], dtype=object),
            "texts": np.array(["a"]),
            "dates": np.array(["2020-01-01"], "M8[D]"),
            "records": np.zeros(2, [("a", "f4")]),
            "long floats": np.zeros(2, np.longdouble),
            "a set": {1, 2},
            "a frozen set": frozenset([1]),
            "a matrix of a class": np.ma.masked_array([1, 2], [0, 1]),
            "a type": np.dtype("f4"),
            "a name": np.ndarray,
            "a slice": slice(1),
            "a key that is an array's": {(1, 2): ROWS},
        }.items()
    }  # fmt: skip


def by_hand(canary: Path) -> dict[str, bytes]:
    """What no pickler writes."""
    touch = f"touch {canary}"
    told = f"(S{touch!r}\ntR.".encode()
    return {
        "a persistent id, in text": persistent(0),
        "a persistent id": persistent(4),
        "an extension": b"\x80\x02\x82\x01.",
        "an extension of two bytes": b"\x80\x02\x83\x01\x00.",
        "an extension of four bytes": b"\x80\x02\x84\x01\x00\x00\x00.",
        "a chain": b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR" + told,
        "an instance": b"(S'" + touch.encode() + b"'\nios\nsystem\n.",
        "an object of a class": b"(cos\nsystem\nS'" + touch.encode() + b"'\no.",
        "a new object": b"\x80\x02cbuiltins\nobject\n)\x81.",
        "a new object of an array's type": b"\x80\x02cnumpy\nndarray\n)\x81.",
        "a call of an array's type": b"\x80\x02cnumpy\nndarray\nK\x05\x85R.",
        "a call of a number": b"K\x01)R.",
        "a call with a list": b"cnumpy\ndtype\n](X\x02\x00\x00\x00f4eR.",
        "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x17ndarray.__class__.mro.x\x93.",
        "a dotted name of a known one": b"\x80\x04\x8c\x05numpy\x8c\x14core.multiarray.load\x93.",
        "a name that is a number": b"K\x01K\x02\x93.",
        "a state for a dict": b"}}b.",
        "a state for a name": b"cnumpy\nndarray\n}b.",
        "a second state": b"cnumpy\ndtype\n(S'f4'\ntR(I3\nS'<'\nNNNtbS'x'\nb.",
        "a type within a type": b"cnumpy\ndtype\n(S'f4'\ntR(I3\nS'<'\n(I1\ntNNtb.",
        "an array without numbers": b"cnumpy.core.multiarray\n_reconstruct\n(tR.",
        "objects by hand": array_of(b"K\x01\x85", b"\x8c\x02O8", b"C\x08abcdefgh"),
        "a list for numbers": array_of(b"K\x01\x85", raw=b"]"),
        "an encoding that runs": b"c_codecs\nencode\n(S'abc'\nS'rot13'\ntR.",
        "a dict of an odd number": b"(K\x01d.",
        "an append to a number": b"K\x01K\x02a.",
        "a buffer from outside": b"\x80\x05\x97.",
        "a read-only buffer": b"\x80\x05C\x01a\x98.",
        "a protocol to come": b"\x80\x06N.",
        "two pickles": pickle.dumps(ROWS) * 2,
        "nothing": b"",
        "no end": b"N",
        "only an end": b".",
        "a text": b"language\tword\n",
        "an array of another format": b"\x93NUMPY\x01\x00v\x00{'descr'",
    }  # fmt: skip


def hostile(canary: Path) -> dict[str, bytes]:
    """All of them."""
    return by_python(canary) | by_hand(canary) | bombs()


def test_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_TEXT", 10_000_000)
    canary = tmp_path / "canary"
    given = hostile(canary)
    assert len(given) > 150
    for name, data in given.items():
        with pytest.raises(FeatureError) as raised:
            read(tmp_path, data)
        line = str(raised.value)
        assert len(line.splitlines()) == 1 and len(line) < 500 and line.endswith(pickles.ACCEPTED), name
        assert not canary.exists(), name


def test_the_hostile_pickles_are_so(tmp_path: Path) -> None:
    run = getattr(pickle, "loads")  # noqa: B009 (no file may name it)
    canary = tmp_path / "canary"
    given = hostile(canary)
    for name in ("os.system, protocol 0", "a chain", "an instance", "an object of a class"):
        run(given[name])
        assert canary.exists(), name
        canary.unlink()


def test_files_that_are_changed_anywhere_end_in_one_line(tmp_path: Path) -> None:
    draw = random.Random(0)
    whole = [pickle.dumps({"Kuh": ROWS, "x": [ROWS[0], 1.5, "a"]}, protocol) for protocol in PROTOCOLS]
    whole += [python_2(0), python_2(2)]
    refused = 0
    for _ in range(1500):
        data = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.choice((draw.randrange(256), ord("R"), ord("b"), ord("c"), ord("(")))
        try:
            read(tmp_path, bytes(data[: draw.randint(1, len(data))] if draw.random() < 0.2 else data))
        except FeatureError:
            refused += 1
    assert 500 < refused < 1500


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    with pytest.raises(FeatureError, match="not a regular file"):
        pickles.read(tmp_path / "pipe.pkl")


def test_many_words_take_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    data = pickle.dumps({f"word {number}": np.zeros((100, 100), np.float32) for number in range(200)}, 4)
    path = tmp_path / "features.pkl"
    path.write_bytes(data)
    tracemalloc.start()
    found = pickles.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, dict) and len(found) == 200 and peak < len(data) / 4
