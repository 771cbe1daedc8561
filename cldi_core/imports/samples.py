"""A few pictures of what was looked at, before anything is stored."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from cldi_core.data.pictures import thumbnail_all
from cldi_core.data.workers import Ended, Workers
from cldi_core.imports.folder import Plan

MET = 5000  # files that are met in looking for them
SECONDS = 10.0  # for one picture
LARGEST = 20_000_000  # bytes of all of them together


@dataclass(frozen=True)
class Sample:
    """The first picture of a word: a thumbnail (WebP), or nothing and why there is none."""

    language: str
    word: str
    file: bytes
    reason: str = ""


def samples(plan: Plan, count: int = 8) -> list[Sample]:
    """The first pictures of the first words that are met, decoded in a process of its own, which may die of them."""
    words, found = list(plan.words), list[tuple[tuple[str, str], bytes]]()
    find = plan.files.finder()
    size = 0
    with closing(plan.tree.entries(lambda *_: None)) as entries:  # type: ignore[type-var]
        for _, entry in zip(range(MET), entries, strict=False):
            place = plan.files.place(find("/".join(entry.path)))
            if place is None or place[1]:
                continue
            data = entry.read()
            size += len(data)
            found.append((words[place[0]], data))
            if len(found) == count or size > LARGEST:
                break
    with Workers(thumbnail_all, 1, SECONDS) as workers:
        (made,) = [*workers.map([[data for _, data in found]])] if found else [[]]
    return [_sample(word, file) for (word, _), file in zip(found, made, strict=True)]


def _sample(word: tuple[str, str], file: bytes | str | Ended) -> Sample:
    if isinstance(file, bytes):
        return Sample(*word, file)
    return Sample(*word, b"", file.reason if isinstance(file, Ended) else file)
