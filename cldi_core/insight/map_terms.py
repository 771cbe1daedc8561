"""What the points of a map show, in words: those of a picture's name, and those that enough of a word's pictures have.

Of many pictures it takes seconds to read their names, so they are read ahead and kept: beside the map, in
``projections/<backbone>/words-terms.parquet`` and ``pictures-terms.parquet``, a text ``terms`` for each of its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import texts
from cldi_core.features import shards
from cldi_core.insight import map_layout, maps
from cldi_core.insight.depicted import Depicted, depicted, words

if TYPE_CHECKING:
    import pandas as pd

Terms = tuple[str, ...]
OF_ITS_PICTURES = 0.25  # a word shows what so many of its pictures do
AT_ONCE = 40_000  # pictures whose names are in memory
VERSION = 1  # raise it when other terms are made of the same names


def of_pictures(known: Depicted, ids: Sequence[str]) -> list[Terms]:
    """The words of each picture's name, each once."""
    known.look(ids)
    return [tuple(dict.fromkeys(words(known.name(key)))) for key in ids]


def of_words(known: Depicted, own: Sequence[Sequence[str]]) -> list[Terms]:
    """What at least ``OF_ITS_PICTURES`` of each word's pictures show.

    Args:
        own: the ids of each word's pictures.
    """
    known.look(key for ids in own for key in ids)
    result = []
    for ids in own:
        counts = Counter(term for key in ids for term in dict.fromkeys(words(known.name(key))))
        result.append(tuple(term for term, count in counts.items() if count >= OF_ITS_PICTURES * len(ids)))
    return result


def keep(
    dataset: Dataset,
    backbone: str,
    *,
    loaded: shards.Features | None = None,
    stages: map_layout.Stages = map_layout.untold,
) -> list[str]:
    """Read and store the terms of the stored maps, where they lack; the kinds of those of which they did.

    Args:
        loaded: the features that the maps are of, where they are open.
        stages: told of each step and how far it is.

    Raises:
        UnknownNameError: the backbone has no features; DatasetError or OSError: something cannot be read or written.
    """
    import pandas as pd

    loaded = loaded or shards.open_features(dataset, backbone)
    known, made = depicted(dataset), []
    for kind in maps.KINDS:
        places = maps.stored(dataset, loaded, backbone, kind)
        if places is None or _stored(dataset, backbone, kind, places) is not None:
            continue
        with stages(f"{kind}: reading names", kind) as report:
            terms: list[str] = []
            for found in _blocks(dataset, loaded, places, known):
                terms += map(" ".join, found)
                report(len(terms), len(places))
        frame = pd.DataFrame({"terms": pd.Series(terms, dtype="str")})
        frame.attrs = {"key": _key(dataset, places)}
        storage.write_frame(_path(dataset, backbone, kind), frame)
        made.append(kind)
    return made


def with_terms(dataset: Dataset, backbone: str, kind: str, places: pd.DataFrame) -> pd.DataFrame:
    """A map of ``maps.coordinates`` with the column ``terms``, where it is stored; else as it is."""
    found = _stored(dataset, backbone, kind, places)
    return places if found is None else places.assign(terms=found["terms"].to_numpy())


def _stored(dataset: Dataset, backbone: str, kind: str, places: pd.DataFrame) -> pd.DataFrame | None:
    found = storage.frame_of(_path(dataset, backbone, kind), _key(dataset, places))
    return found if found is not None and len(found) == len(places) else None  # it may be PCA of a sample


def _key(dataset: Dataset, places: pd.DataFrame) -> str:
    return storage.digest(VERSION, places.attrs["key"], depicted(dataset).key)


def _path(dataset: Dataset, backbone: str, kind: str) -> Path:
    return dataset.path / "projections" / backbone / f"{kind}-terms.parquet"


def _blocks(dataset: Dataset, loaded: shards.Features, places: pd.DataFrame, known: Depicted) -> Iterator[list[Terms]]:
    """The terms of a map's rows, of some at a time, so that few names are in memory."""
    if "id" in places:
        for start in range(0, len(places), AT_ONCE):
            yield of_pictures(known, places["id"].iloc[start : start + AT_ONCE].tolist())
        return
    members = {language: dataset.members(language) for language in dataset.languages}
    own: list[list[str]] = []
    for language, word in zip(places["language"], places["word"], strict=True):
        rows = members[language].rows_of(word)
        own.append(texts(rows[loaded.ids.has_rows(rows)]))
        if sum(map(len, own)) >= AT_ONCE:
            yield of_words(known, own)
            own = []
    yield of_words(known, own)
