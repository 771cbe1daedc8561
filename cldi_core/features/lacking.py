"""What a backbone has no features of yet: pictures that words use, by language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import PictureIds, unique
from cldi_core.features import provenance, shards


@dataclass(frozen=True)
class Lacking:
    """The pictures of one language that have no features.

    Attributes:
        pictures: how many, each counted once.
        words: those that use them, and how many of its pictures each of them lacks; sorted.
        bare: those of the words of which no picture has features, so that nothing can be said of them; sorted.
    """

    language: str
    pictures: int
    words: dict[str, int]
    bare: tuple[str, ...]


def lacking(dataset: Dataset, backbone: str = "") -> list[Lacking]:
    """What words use and a backbone has no features of, a language each; those that could not be used do not count.

    Args:
        backbone: without it, as of one that has not been extracted: everything that words use.

    Raises:
        UnknownNameError: it has no features at all; DatasetError: a file is broken.
    """
    done, failed = PictureIds.of([]), PictureIds.of([])
    if backbone:
        loaded = shards.open_features(dataset, backbone)
        done = loaded.ids
        failed = PictureIds.of(sorted({row["id"] for row in provenance.failed_pictures(loaded)}))
    found = []
    for language in sorted(dataset.pictured):
        stored = dataset.stored_members(language)
        has = done.has_rows(stored.rows)
        absent = ~has & ~failed.has_rows(stored.rows)
        if not absent.any():
            continue
        numbers = stored.owner_numbers()
        lost, reached = (np.bincount(numbers[mask], minlength=len(stored)) for mask in (absent, has))
        own = sorted((word, int(count), bool(some)) for word, count, some in zip(stored, lost, reached, strict=True))
        words = {word: count for word, count, _ in own if count}
        bare = tuple(word for word, count, some in own if count and not some)
        found.append(Lacking(language, len(unique(stored.rows[absent])), words, bare))
    return found
