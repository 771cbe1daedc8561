"""Dispersions of all words under a backbone, kept so that nobody has to read all features to see them.

``dispersions/<backbone>/words.parquet`` has a row for each word: ``key`` (of ``ImageSets.keys``, 32 hex digits), which
stands for its pictures and their features, and ``dispersion`` (float64, nan below two pictures).  A word's dispersion
depends on nothing else, so it holds in whichever pairs the word is asked or a candidate, until its pictures change.  A
checksum tells a damaged file, which is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight.prepared import AT_ONCE, FOLDER
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.imagesets import ImageSets

if TYPE_CHECKING:
    import pandas as pd

Known = dict[str, float]  # a word's key → its dispersion
VERSION = 1  # raise it when the numbers change: stored ones are then computed again
STEP = 100  # words that are measured between two reports of how far it is


def dispersions(pair: Pair) -> pd.DataFrame:
    """All words of a pair: columns language, word, pos, dispersion, pictures, senses; a row per word and POS.

    What is stored and stands is read; the rest is computed, and not kept.  ``senses`` are WordNet's for English words,
    nan for others and where no WordNet is at hand.
    """
    known = _stored(pair.dataset, pair.backbone)
    for found in _measured(_unknown([pair], known)):
        known |= found
    return _table(pair, known)


def at_hand(pair: Pair) -> pd.DataFrame | None:
    """As ``dispersions``; ``None`` where more would have to be read than somebody waits for (``AT_ONCE``)."""
    missing = _unknown([pair], _stored(pair.dataset, pair.backbone))
    width = pair.source.dim * pair.source.features.dtype.itemsize
    count = sum(len(sets.rows(word)) for sets, word in missing.values())
    return None if count * width > AT_ONCE else dispersions(pair)


def keep_dispersions(
    dataset: Dataset,
    backbone: str,
    pairs: Iterable[Pair],
    *,
    force: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> int:
    """Keep the dispersions of all words of some pairs, and of no others; how many words had to be measured.

    Args:
        pairs: of this data set and backbone.
        force: measure those again that are stored and stand.
        progress: told the words done and their number.

    Raises:
        DatasetError: they cannot be written.
    """
    import pandas as pd

    pairs = list(pairs)
    stored = _stored(dataset, backbone)
    missing = _unknown(pairs, {} if force else stored)
    wanted = {key for pair in pairs for _, keys in _sides(pair) for key in keys}
    if not missing and wanted == stored.keys():
        return 0
    kept, done = {key: stored[key] for key in wanted - missing.keys()}, 0
    for found in _measured(missing):
        kept |= found
        done += len(found)
        if progress is not None:
            progress(done, len(missing))
    frame = pd.DataFrame(sorted(kept.items()), columns=["key", "dispersion"])
    frame.attrs = {"key": storage.digest(VERSION)}
    try:
        storage.write_frame(path_of(dataset, backbone), frame, compression="zstd")
    except OSError as error:
        raise storage.cannot_write(dataset.path, error) from error
    return len(missing)


def path_of(dataset: Dataset, backbone: str) -> Path:
    """Where the dispersions under a backbone are kept."""
    return dataset.path / FOLDER / backbone / "words.parquet"


def _table(pair: Pair, known: Known) -> pd.DataFrame:
    import pandas as pd

    source_pos: dict[str, str] = {}
    for query in pair.queries:
        source_pos[query.word] = source_pos.get(query.word, "") + query.pos
    rows = []
    for (sets, keys), language, letters in zip(
        _sides(pair), pair.languages, (source_pos, pair.target_pos), strict=True
    ):
        for word, key, size in zip(sets.words, keys, sets.sizes.tolist(), strict=True):
            count = pair.dataset.senses(word) if language == "en" else None
            senses = float("nan") if count is None else float(count)
            rows += [(language, word, letter, known[key], size, senses) for letter in letters[word]]
    return pd.DataFrame(rows, columns=["language", "word", "pos", "dispersion", "pictures", "senses"])


def _stored(dataset: Dataset, backbone: str) -> Known:
    frame = storage.frame_of(path_of(dataset, backbone), storage.digest(VERSION))
    return {} if frame is None else dict(zip(frame["key"].tolist(), frame["dispersion"].tolist(), strict=True))


def _sides(pair: Pair) -> Iterator[tuple[ImageSets, list[str]]]:
    """Both sides of a pair, each with the keys of its words."""
    for sets, keys in zip((pair.source, pair.target), pair.keys, strict=True):
        yield sets, [key.tobytes().hex() for key in keys]


def _unknown(pairs: Iterable[Pair], known: Known) -> dict[str, tuple[ImageSets, str]]:
    """The keys that are not known, each with a word that has it."""
    return {
        key: (sets, word)
        for pair in pairs
        for sets, keys in _sides(pair)
        for word, key in zip(sets.words, keys, strict=True)
        if key not in known
    }


def _measured(words: dict[str, tuple[ImageSets, str]]) -> Iterator[Known]:
    """The dispersions of some words, some at a time."""
    for sets in {id(sets): sets for sets, _ in words.values()}.values():
        own = {key: word for key, (of, word) in words.items() if of is sets}
        for start in range(0, len(own), STEP):
            keys = list(own)[start : start + STEP]
            yield dict(zip(keys, dispersion(sets.select([own[key] for key in keys])).tolist(), strict=True))
