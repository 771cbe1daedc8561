"""The one way of pictures into a data set, whatever they come from: ``import_pictures``.

A source is an iterator of ``Found``.  Pictures are decoded once to see that they can be, stored in shards as they come,
and never held all at once; a picture that is stored already is neither decoded nor stored again, so an import that was
ended in whatever way goes on when it is run again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cldi_core.data import storage, under_way
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import SHARD, Examined, Picture, Shard, examine_all, picture_id
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports.memberships import KnownIds, Places
from cldi_core.imports.report import Report

MAX_FILE = 40_000_000  # bytes
BATCH, BATCH_BYTES = 64, 8_000_000  # pictures, and bytes of them, that are decoded together
UNUSABLE = "picture that cannot be used"
LACKS = "lacks its last bytes"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a picture comes from; all are texts, empty where unknown.

    Attributes:
        source_url, page: of the picture file, and of the page that shows it.
        provider: who was asked, such as ``"folder"``, ``"mmid"`` or ``"openverse"``.
        time: when it was fetched, as ISO 8601.
        title: what its page says of it.
    """

    source_url: str = ""
    page: str = ""
    provider: str = ""
    licence: str = ""
    author: str = ""
    time: str = ""
    title: str = ""

    def texts(self) -> dict[str, str]:
        """All of it by name; a tenth of the time of ``asdict``, which copies deeply."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Found:
    """One picture that a source has for a word.

    Attributes:
        language: a code as ``wordlists`` accepts them.
        word: NFC, as it is to be stored.
        position: its place in the search result or folder, from 0; of one position, who comes first goes first.
        name: of the file within the source, as text that any file can hold.
        content: its bytes, or the file that holds them.
    """

    language: str
    word: str
    position: int
    name: str
    content: bytes | Path
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(slots=True)
class _Waiting:
    """A picture that is looked at: ``data`` is empty where that is stored already, or was met before."""

    found: Found
    key: bytes
    data: bytes
    failed: str = ""


def import_pictures(
    dataset: Dataset,
    pictures: Iterable[Found],
    report: Report,
    *,
    progress: Callable[[int, int], object] | None = None,
    total: int = 0,
    workers: int | None = None,
) -> Report:
    """Store the pictures of a source.

    The words that the source has get these pictures and no others, in the order of their positions; other words stay.

    Args:
        report: told of what cannot be used (``missing``); its ``counts`` get ``languages`` (words of each that got
            pictures), ``pictures``, ``new`` and ``memberships``.
        progress: told the pictures looked at, and ``total``.
        workers: processes that decode; without it as many as there are cores, with 0 this process.

    Raises:
        DatasetError: the data set uses a sibling's pictures, or cannot be written to.
    """
    if dataset.home != dataset.path:
        raise DatasetError(f"{dataset.name!r} uses the pictures of {dataset.home.name!r}; import there")
    count = workers if workers is not None else os.cpu_count() or 1
    done = 0
    with (
        under_way.changing(dataset.path, "import pictures"),
        closing(_Import(dataset, report)) as imported,
        Workers(examine_all, count) as decoders,
    ):
        batches = imported.batches(pictures)
        ahead: deque[list[_Waiting]] = deque()

        def to_decode() -> Iterator[list[bytes]]:
            for batch in batches:
                ahead.append(batch)
                yield [each.data for each in batch if each.data]

        for seen in decoders.map(to_decode()):
            looked_at = iter(seen)
            for each in ahead.popleft():
                imported.take(each, next(looked_at) if each.data else None)
                done += 1
                if progress:
                    progress(done, total)
        imported.finish()
    return report


class _Import:
    """What has been seen and is to be stored: ids in 16 bytes each, places in words as numbers, and one shard."""

    def __init__(self, dataset: Dataset, report: Report) -> None:
        self.dataset, self.report = dataset, report
        self.words = Places()
        self.known = KnownIds(dataset.pictures)
        self.failed: dict[bytes, str] = {}
        self.new = 0
        self._images = dataset.path / "images"
        self._shard: Shard | None = None

    def close(self) -> None:
        """Let go of the pictures that are not stored."""
        if self._shard:
            self._shard.close()

    def batches(self, pictures: Iterable[Found]) -> Iterator[list[_Waiting]]:
        """The pictures read, as many at a time as are decoded together."""
        batch: list[_Waiting] = []
        size = 0
        for found in pictures:
            batch.append(self._read(found))
            size += len(found.content if isinstance(found.content, bytes) else batch[-1].data)
            if len(batch) == BATCH or size > BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _read(self, found: Found) -> _Waiting:
        try:
            data = found.content if isinstance(found.content, bytes) else storage.read_bytes(found.content, MAX_FILE)
        except OSError as error:
            return _Waiting(found, b"", b"", in_one_line(error))
        if len(data) > MAX_FILE:
            return _Waiting(found, b"", b"", f"it is larger than the {MAX_FILE:,} bytes that are accepted")
        key = bytes.fromhex(picture_id(data))
        if not data or key in self.known:
            return _Waiting(found, key, b"", "" if data else "the file is empty")
        self.known.add(key)
        return _Waiting(found, key, data)

    def take(self, each: _Waiting, seen: Examined | Ended | str | None) -> None:
        """One picture of which all is known now: ``seen`` is what decoding it gave, if it was decoded."""
        found = each.found
        if isinstance(seen, Ended):
            self.failed[each.key] = f"decoding {seen.reason}"
        elif isinstance(seen, str):
            self.failed[each.key] = seen
        if reason := each.failed or self.failed.get(each.key, ""):
            self.report.missing.add(UNUSABLE, found.name, reason)
            return
        if isinstance(seen, Examined):
            self._store(found, each.data, seen)
        self.words.add(found.language, found.word, found.position, each.key)

    def _store(self, found: Found, data: bytes, seen: Examined) -> None:
        if seen.lacks:
            self.report.changed.add(LACKS, found.name, seen.lacks)
        if self._shard is None:
            self._shard = Shard(self._images)
        self._shard.add(Picture(data, found.name, seen.width, seen.height, **found.provenance.texts()))
        if len(self._shard) == SHARD:
            with storage.lock(self.dataset.path, "import pictures"):
                self._write_shard()

    def _write_shard(self) -> None:
        """Under the lock: store what nobody else has stored meanwhile."""
        if self._shard is None:
            return
        self.known.look_again()
        others = {key for key in self._shard.ids if bytes.fromhex(key) in self.known.others}
        if path := self._shard.write(without=others):
            self.known.stored(path)
        self.new += len(self._shard) - len(others)
        self._shard.close()
        self._shard = None

    def finish(self) -> None:
        """Store the rest, and which picture belongs to which word."""
        if not len(self.words):
            return
        with storage.lock(self.dataset.path, "import pictures"):
            self._write_shard()
            self.words.write(self.dataset.path)
        self.report.counts |= self.words.counts() | {"new": self.new}
