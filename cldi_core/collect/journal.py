"""What a collection asked and got, kept in the data set line by line: so nothing is asked or fetched twice.

``collect/<provider>/journal.jsonl`` is only ever appended to, by one process at a time.  A line is a search with its
hits, a picture with its id or why there is none, words that are about to be stored in the data set, or that are.  Files
of pictures lie beside it, by their ids, until they are stored.  A process that ends in any way leaves at most half a
line, which is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cldi_core.collect.records import Hit, Request
from cldi_core.data import checksums, storage
from cldi_core.data.pictures import picture_id

FOLDER, JOURNAL, FILES = "collect", "journal.jsonl", "files"
LONGEST = 20_000_000  # bytes of a line; a search of 1,000 hits has some 500,000
_ID = re.compile(r"[0-9a-f]{32}")
Word = tuple[str, str]  # language, word


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an address: the picture's id and when it was fetched, or why there is none."""

    id: str = ""
    time: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A word that is done: so many pictures were wanted, so many were there; ``open`` ones may be had another day."""

    wanted: int
    got: int
    open: int = 0


class Journal:
    """The journal of a provider in a data set; threads may share one.

    Args:
        folder: of the provider, as ``folder_of`` names it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / JOURNAL
        self._lock = threading.Lock()
        self._searches: dict[str, int] = {}  # where in the file the line of a search begins
        self.fetched: dict[str, Fetched] = {}
        self.begun: set[Word] = set()  # whose pictures in the data set, if any, are from here
        self.stored: dict[Word, Stored] = {}
        self._end = 0
        self._read()

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError), storage.open_regular(self.path) as file:
            while line := file.readline(LONGEST):
                with contextlib.suppress(ValueError, RecursionError, KeyError, TypeError, AttributeError):
                    self._take(json.loads(line), self._end)
                self._end += len(line)

    def _take(self, line: dict[str, Any], place: int) -> None:
        if "search" in line:
            self._searches[str(line["search"])] = place
        elif "url" in line:
            found = Fetched(*(str(line.get(name, "")) for name in ("id", "time", "failed")))
            if found.failed or _ID.fullmatch(found.id):  # it names a file
                self.fetched[str(line["url"])] = found
        elif "storing" in line:
            self.begun.update((str(language), str(word)) for language, word in line["storing"])
        elif "stored" in line:
            for language, word, *counts in line["stored"]:
                self.stored[str(language), str(word)] = Stored(*map(int, counts))

    def _append(self, line: dict[str, Any], *, sync: bool = False) -> None:
        """One more line; what is there already and has no end gets one first."""
        data = checksums.with_checksum(line).encode() + b"\n"
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                size = file.seek(0, os.SEEK_END)
                if size:
                    file.seek(size - 1)
                    if file.read(1) != b"\n":
                        data = b"\n" + data
                file.write(data)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            self._take(line, size + (data[:1] == b"\n"))

    def hits(self, request: Request) -> list[Hit] | None:
        """The hits of a search that was answered; ``None`` where it was not."""
        place = self._searches.get(key_of(request))
        if place is None:
            return None
        with storage.open_regular(self.path) as file:
            file.seek(place)
            try:
                found = json.loads(file.readline(LONGEST))["hits"]
                return [Hit(*(str(hit.get(name, "")) for name in Hit.__match_args__)) for hit in found]
            except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
                return None  # somebody else wrote into it

    def add_search(self, request: Request, word: Word, hits: Sequence[Hit]) -> None:
        """A search was answered; on disk when this returns, since it may have cost money."""
        line = {"search": key_of(request), "language": word[0], "word": word[1], "time": _now()}
        self._append({**line, "hits": [{k: v for k, v in asdict(hit).items() if v} for hit in hits]}, sync=True)

    def add_picture(self, url: str, data: bytes) -> Fetched:
        """A picture was fetched: its file is kept until it is stored."""
        key = picture_id(data)
        path = self.file(key)
        if not path.is_file():
            storage.write(path, lambda temporary: temporary.write_bytes(data))
        self._append({"url": url, "id": key, "time": _now()})
        return self.fetched[url]

    def add_failure(self, url: str, reason: str) -> Fetched:
        """There is no picture at an address, and there will be none."""
        self._append({"url": url, "failed": reason})
        return self.fetched[url]

    def add_begun(self, words: Iterable[Word]) -> None:
        """The pictures of some words are about to be put into the data set."""
        self._append({"storing": [list(word) for word in words]}, sync=True)

    def add_stored(self, words: dict[Word, Stored]) -> None:
        """The pictures of some words are in the data set."""
        lines = [[*word, found.wanted, found.got, found.open] for word, found in words.items()]
        self._append({"stored": lines}, sync=True)

    def file(self, key: str) -> Path:
        """Where a picture lies until it is stored."""
        return self.folder / FILES / key

    def waiting(self) -> list[str]:
        """The ids of the pictures whose files lie here."""
        with contextlib.suppress(FileNotFoundError):
            return [path.name for path in (self.folder / FILES).iterdir() if _ID.fullmatch(path.name)]
        return []

    def drop(self, keys: Iterable[str]) -> None:
        """Remove files of pictures that are stored."""
        for key in keys:
            self.file(key).unlink(missing_ok=True)


def key_of(request: Request) -> str:
    """32 hex digits that stand for a request; the user's keys are no part of it."""
    return storage.digest(request.url, dict(request.parameters))


def folder_of(dataset: Path, provider: str, program: Sequence[str] = ()) -> Path:
    """The folder of a provider in a data set; each program with its arguments has one of its own."""
    name = f"command-{storage.digest(list(program))[:16]}" if program else provider
    return dataset / FOLDER / name


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
