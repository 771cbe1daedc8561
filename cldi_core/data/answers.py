"""What people answered when they played: one file beside the data set, ``people/answers.jsonl``, a line an answer.

Lines are appended under the lock of the folder, each with one write, so that two players at once lose nothing.  A line
that a killed process left unfinished spoils itself alone: the next answer begins a line of its own, and whoever reads
leaves out, and counts, what is no answer.  The folder is none of those that ``Dataset.stamp`` looks at: an answer
changes nothing of the data set.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cldi_core.data import checksums, remote, storage
from cldi_core.errors import DatasetError, in_one_line

FOLDER, FILE = "people", "answers.jsonl"
PATTERN = f"{FOLDER}/{FILE}"
LONGEST_NAME = 40  # characters
MOST_OPTIONS = 10
LONGEST_TEXT = 1_000  # characters of a word, or of anything else in an answer
LONGEST_TIME = 24 * 3600 * 1000  # ms
_BOUNDS = {"seed": 10**9, "number": 10**6, "milliseconds": LONGEST_TIME}


@dataclass(frozen=True)
class Answer:
    """One choice that somebody made.

    Attributes:
        player: the name that was typed, as ``player_name`` makes it.
        time: of the choice, UTC, ISO 8601.
        seed, number: of the game, and of the round in it (from 1).
        options: the candidates in the order in which they were shown; chosen, right: two of them.
        milliseconds: from the moment that the round was shown; 0 where that is not known.
        pictures: a digest of the pictures that were shown.
    """

    player: str
    time: str
    seed: int
    number: int
    pair: str
    backbone: str
    query: str
    options: tuple[str, ...]
    chosen: str
    right: str
    milliseconds: int
    pictures: str

    @property
    def hit(self) -> bool:
        """Whether the right answer was chosen."""
        return self.chosen == self.right


@dataclass(frozen=True)
class Kept:
    """What the file holds: answers in the order in which they were given, and how many lines are none."""

    answers: tuple[Answer, ...] = ()
    broken: int = 0

    @property
    def players(self) -> dict[str, int]:
        """Name → answers, by name."""
        return dict(sorted(Counter(answer.player for answer in self.answers).items()))


def player_name(typed: str) -> str:
    """The name under which answers are kept: ``""`` where nothing visible was typed.

    Control and format characters and what stands for no character are left out, spaces are made one; at most
    ``LONGEST_NAME`` characters.  What is left may still be markup: draw it as any foreign text.
    """
    shown = "".join(
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFC", typed[:LONGEST_TEXT])
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    return " ".join(shown.split())[:LONGEST_NAME].strip()


def path_of(dataset: Path) -> Path:
    """Where the answers of a data set are kept."""
    return dataset / FOLDER / FILE


def read(dataset: Path) -> Kept:
    """The answers of a data set, given its folder; none where there is no file.

    Raises:
        DatasetError: there is a file that cannot be read.
    """
    answers, broken = [], 0
    for line in _lines(dataset):
        try:
            answers.append(_parsed(line))
        except (ValueError, TypeError, KeyError, RecursionError):  # ValueError: no UTF-8, no JSON, no answer
            broken += 1
    return Kept(tuple(answers), broken)


def add(dataset: Path, answer: Answer) -> None:
    """Keep an answer, for good once this returns.

    Raises:
        DatasetError: it cannot be written, or others have held the folder for too long.
    """
    line = checksums.with_checksum(asdict(answer)).encode() + b"\n"
    try:
        _parsed(line)
    except ValueError as error:  # what could not be read again is not written
        raise DatasetError(f"this answer cannot be kept: {error}") from error
    path = path_of(dataset)
    with storage.lock(path.parent, "keep an answer"):
        try:
            with path.open("ab+", buffering=0) as file:
                unfinished = file.seek(0, os.SEEK_END) > 0
                if unfinished:
                    file.seek(-1, os.SEEK_END)
                    unfinished = file.read(1) != b"\n"
                _write_whole(file.fileno(), b"\n" + line if unfinished else line)
                os.fsync(file.fileno())
        except OSError as error:
            raise storage.cannot_write(path.parent, error) from error
        remote.stored(path)


def delete(dataset: Path, player: str) -> int:
    """Delete all answers of a player, for good; how many there were.

    Lines that nobody can read go with them, as they may have been this player's.

    Raises:
        DatasetError: as ``add`` and ``read``.
    """
    path = path_of(dataset)
    if player not in read(dataset).players:
        return 0
    with storage.lock(path.parent, "delete answers"):
        kept, gone = [], 0
        for line in _lines(dataset):
            try:
                own = _parsed(line).player == player
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
            gone += own
            kept += [] if own else [line]
        try:
            storage.write(path, lambda file: file.write_bytes(b"".join(line + b"\n" for line in kept)))
        except OSError as error:
            raise storage.cannot_write(path.parent, error) from error
    return gone


def _write_whole(handle: int, data: bytes) -> None:
    """Write all of it: a system may take a part at a time."""
    while data:
        data = data[os.write(handle, data) :]


def _lines(dataset: Path) -> list[bytes]:
    """The lines of the file that are not empty, as they are."""
    try:
        data = storage.read_bytes(path_of(dataset), storage.LARGE)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DatasetError(f"{PATTERN} of {dataset.name!r} cannot be read ({in_one_line(error)})") from error
    return [line for line in data.split(b"\n") if line.strip()]


def _parsed(line: bytes) -> Answer:
    """An answer; ValueError, TypeError or KeyError where the line is none."""
    found = json.loads(line)
    given: dict[str, Any] = {field.name: found[field.name] for field in fields(Answer)}
    options = given.pop("options")
    numbers = {name: given[name] for name in _BOUNDS}
    texts = [*options, *(value for name, value in given.items() if name not in numbers)]
    if type(options) is not list or not 2 <= len(set(options)) == len(options) <= MOST_OPTIONS:
        raise ValueError("no options to choose from")
    if not all(type(text) is str and 0 < len(text) <= LONGEST_TEXT for text in texts):
        raise ValueError("a text is missing or too long")
    if not all(type(value) is int and 0 <= value <= _BOUNDS[name] for name, value in numbers.items()):
        raise ValueError("a number is out of range")
    if given["player"] != player_name(given["player"]) or not {given["chosen"], given["right"]} <= set(options):
        raise ValueError("no name, or none of the options")
    return Answer(**given, options=tuple(options))
