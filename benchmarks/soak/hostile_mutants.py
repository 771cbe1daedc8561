"""Hostile files made of whole ones: a ``Change`` says what is done to the bytes, so that each can be made again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONGEST = 2_000_000  # bytes of a file after changes
EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f",
            b"\x7f\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff" * 8, b"\xff" * 7 + b"\x7f")  # fmt: skip
TEXTS = (b"\t" * 1000, b"\n" * 1000, b"\r", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"[" * 5000, b"{" * 5000, b'"',
         b"'", b"../" * 20, b"/etc/passwd", "\u202e\u0000".encode(), b"9" * 5000, b"-1", b"1e999", b"NaN", b"null",
         b"true", b"\\u0000", b"a" * 100_000, "é".encode("latin-1"), b"=cmd|'/c'!A1", b"{}", b"[]",
         b'{"a":' * 500)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: a name of ``KINDS``.
        place, number: where, and what else it needs, as shares of what there is: whole numbers from 0.
    """

    kind: str
    place: int
    number: int


def _bit(data: bytearray, place: int, number: int) -> None:
    data[place] ^= 1 << number % 8


def _byte(data: bytearray, place: int, number: int) -> None:
    data[place] = number % 256


def _extreme(data: bytearray, place: int, number: int) -> None:
    value = EXTREMES[number % len(EXTREMES)]
    data[place : place + len(value)] = value


def _text(data: bytearray, place: int, number: int) -> None:
    data[place:place] = TEXTS[number % len(TEXTS)]


def _cut(data: bytearray, place: int, number: int) -> None:
    del data[place:]


def _lost(data: bytearray, place: int, number: int) -> None:
    del data[place : place + 1 + number % 64]


def _again(data: bytearray, place: int, number: int) -> None:
    piece = bytes(data[place : place + 1 + number % 4096])
    data[place:place] = piece * (1 + number % 50)


def _zeros(data: bytearray, place: int, number: int) -> None:
    length = min(1 + number % 512, len(data) - place)
    data[place : place + length] = bytes(length)


def _moved(data: bytearray, place: int, number: int) -> None:
    length = 1 + number % 256
    to = number % max(1, len(data))
    data[to : to + length] = data[place : place + length]


def _more(data: bytearray, place: int, number: int) -> None:
    data += random.Random(number).randbytes(1 + number % 20_000)  # noqa: S311


KINDS: dict[str, Callable[[bytearray, int, int], None]] = {
    "a bit turned": _bit,
    "a byte set": _byte,
    "an extreme number": _extreme,
    "a hostile text": _text,
    "cut": _cut,
    "some bytes lost": _lost,
    "a piece repeated": _again,
    "zeros": _zeros,
    "a piece moved": _moved,
    "noise behind it": _more,
}


def changed(data: bytes, changes: Sequence[Change]) -> bytes:
    """A file after some changes, one after the other; never longer than ``LONGEST``."""
    made = bytearray(data)
    for change in changes:
        if made or change.kind in ("a hostile text", "noise behind it"):
            KINDS[change.kind](made, change.place % max(1, len(made)), change.number)
        del made[LONGEST:]
    return bytes(made)


def drawn(draw: random.Random, size: int) -> list[Change]:
    """One to four changes of a file of so many bytes; half of them near its beginning or end, where headers are."""
    found = []
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        place = draw.randrange(max(1, size))
        if draw.random() < 0.5:
            place = draw.choice((min(place, draw.randrange(200)), max(0, size - 1 - draw.randrange(300))))
        found.append(Change(draw.choice([*KINDS]), place, draw.randrange(1 << 30)))
    return found
