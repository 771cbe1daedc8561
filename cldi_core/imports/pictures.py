"""The one way of pictures into a data set, whatever they come from: ``import_pictures``.

A source is an iterator of ``Found``.  Pictures are decoded once to see that they can be, stored in shards as they come,
and never held all at once; a picture that is stored already is neither decoded nor stored again, so an import that was
ended in whatever way goes on when it is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cldi_core.data.dataset import Dataset
from cldi_core.imports.report import Report

MAX_FILE = 40_000_000  # bytes


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


@dataclass(frozen=True, slots=True)
class Found:
    """One picture that a source has for a word.

    Attributes:
        language: a code as ``wordlists`` accepts them.
        word: NFC, as it is to be stored.
        position: its place in the search result or folder, from 0; ties are broken by the name.
        name: of the file within the source, as text that any file can hold.
        content: its bytes, or the file that holds them.
    """

    language: str
    word: str
    position: int
    name: str
    content: bytes | Path
    provenance: Provenance = field(default_factory=Provenance)


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
    raise NotImplementedError
