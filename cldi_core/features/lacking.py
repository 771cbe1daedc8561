"""What a backbone has no features of yet: pictures that words use, by language."""

from __future__ import annotations

from dataclasses import dataclass

from cldi_core.data.dataset import Dataset
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
    done: set[str] = set()
    failed: set[str] = set()
    if backbone:
        loaded = shards.open_features(dataset, backbone)
        done, failed = set(loaded.ids), {row["id"] for row in provenance.failed_pictures(loaded)}
    table = dataset.words
    has = table["id"].isin(done)
    absent = table[~has & ~table["id"].isin(failed)]
    found = []
    for language, rows in absent.groupby("language", sort=True):
        words = {str(word): int(count) for word, count in rows["word"].value_counts().sort_index().items()}
        own = table["language"] == language
        reached = set(table.loc[own & has, "word"])
        bare = tuple(word for word in words if word not in reached)
        found.append(Lacking(str(language), int(rows["id"].nunique()), words, bare))
    return found
