"""Where corpora come from: a data set's own descriptions, a table of the user's, Multi30k."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.descriptions import FILE, TABLE, Row, read_concepts, read_table
from cldi_core.errors import DatasetError
from cldi_core.features import shards
from cldi_core.pivot import multi30k
from cldi_core.pivot.corpus import Corpus, Item, Split
from cldi_core.scoring.imagesets import unit_rows

LARGEST = 1e18  # of a feature
BUNDLED = 12  # concepts of a word that a split tries to keep together
# part → what its files are called in task 1, and in task 2
MULTI30K = {"train": ("train", "train"), "validation": ("val", "val"), "test": ("test_2016_flickr", "test_2016")}


def of_dataset(dataset: Dataset, backbone: str, pair: str) -> Corpus:
    """A data set whose ``descriptions.tsv`` describes what its pictures depict, or one with a table of ``of_table``.

    No picture is used in two languages: where concepts are described in both, each language has the artwork of the
    vendors that its words have; where each is described in one only, its language has all of it.  A concept is tested
    with its name and all keywords, also in a language whose descriptions of it are kept from training (these are the
    descriptions of the sibling that holds the pictures).

    Raises:
        DatasetError: no descriptions, or none in one of the languages.
    """
    if not (dataset.path / FILE).is_file() and (dataset.path / TABLE).is_file():
        return of_table(dataset, backbone, pair, dataset.path / TABLE)
    languages = wordlists.pair_languages(pair)
    trained = _concepts(dataset.path / FILE, languages)
    home = dataset.home / FILE
    asked = _concepts(home, languages) if home != dataset.path / FILE else trained
    table = dataset.pictures.about(["concept", "provider"], dataset.pictures.concepts)
    loaded = shards.open_features(dataset, backbone)
    one, *others = (set(found) for found in trained.values())
    apart = one.isdisjoint(*others)
    providers = {language: _providers(dataset, language) for language in languages}
    items: list[Item] = []
    ids: list[str] = []
    usable = (loaded.ids.find(table.index.tolist()) >= 0) & ~table.index.isin(dataset.sieve.pictures)
    for concept, group in table[usable].sort_index().groupby("concept"):
        name, hands = str(concept), tuple(group["provider"].astype(str))
        texts = {language: found[name] for language, found in trained.items() if name in found}
        tested = {language: (" ".join(found[name]),) for language, found in asked.items() if name in found}
        rows = range(len(ids), len(ids) + len(hands))
        own = {
            language: tuple(row for row, hand in zip(rows, hands, strict=True) if apart or hand in providers[language])
            for language in tested
        }
        if tested:
            items.append(Item(name, tuple(rows), own, texts, tested, hands))
            ids += group.index.tolist()
    if not items:
        raise DatasetError(f"no picture of {dataset.name!r} depicts what {FILE} describes; expected the same concepts")
    matrix = loaded.matrix[loaded.ids.find(ids)]
    every = _features(matrix, backbone)
    return Corpus(
        dataset.title,
        languages,
        backbone,
        loaded.digest,
        every,
        tuple(ids),
        tuple(items),
        True,
        _bundles(dataset, pair),
        given=f"--dataset {dataset.address}",
    )


def _bundles(dataset: Dataset, pair: str) -> tuple[tuple[str, ...], ...]:
    """The items behind each word of the word list and its right answers, where they are few: concepts or pictures."""
    if pair not in dataset.directions:
        return ()
    concept, (source, target) = dataset.pictures.concepts, map(dataset.members, wordlists.pair_languages(pair))
    found = []
    for query in dataset.queries(pair):
        keys = [*source.get(query.word, ()), *(key for word in query.right for key in target.get(word, ()))]
        own = sorted({concept.get(key, "") or key for key in keys})
        if 0 < len(own) <= BUNDLED:
            found.append(tuple(own))
    return tuple(found)


def _providers(dataset: Dataset, language: str) -> frozenset[str]:
    """Who made the pictures of a language's words."""
    keys = {key for found in dataset.members(language).values() for key in found}
    return frozenset(dataset.pictures.about(["provider"], keys)["provider"])


def _concepts(path: Path, languages: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Language → concept → its short name and keywords, without the name among these."""
    found: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in languages}
    for row in read_concepts(path):
        if row.language in found:
            found[row.language][row.concept] = _phrases(row)
    _described(path.name, found)
    return found


def _phrases(row: Row) -> tuple[str, ...]:
    name = row.name or row.keywords[0]
    return (name, *(word for word in row.keywords if word != name))


def _described(name: str, found: dict[str, dict[str, tuple[str, ...]]]) -> None:
    for language, texts in found.items():
        if not texts:
            raise DatasetError(
                f"{name!r} describes nothing in {language!r}; expected descriptions in {', '.join(found)}"
            )


def of_table(dataset: Dataset, backbone: str, pair: str, path: Path) -> Corpus:
    """Pictures of a data set and a table of picture (id or file name), language, text.

    Raises:
        DatasetError: what ``read_table`` raises, a picture that is not there or has no features, a language without
            descriptions.
    """
    languages = wordlists.pair_languages(pair)
    loaded = shards.open_features(dataset, backbone)
    table = [*read_table(path)]
    named = [*dict.fromkeys(picture for picture, _, _ in table)]
    keys = dataset.pictures.names().find(named)
    for picture, row in zip(named, loaded.ids.find(keys).tolist(), strict=True):
        if row < 0:
            raise DatasetError(
                f"{path.name!r} describes {picture!r}, which is no picture of {dataset.name!r} with features of "
                f"{backbone!r}; expected picture ids or file names"
            )
    found = dict(zip(named, keys, strict=True))
    texts: dict[str, dict[str, list[str]]] = {}
    for picture, language, text in table:
        texts.setdefault(found[picture], {}).setdefault(language, []).append(text)
    described = {
        language: {key: tuple(by[language]) for key, by in texts.items() if language in by} for language in languages
    }
    _described(path.name, described)
    keys = sorted(key for key in texts if any(key in described[language] for language in languages))
    items = _photographs(keys, described)
    matrix = loaded.matrix[loaded.ids.find(keys)]
    every = _features(matrix, backbone)
    words = _bundles(dataset, pair)
    given = f"--dataset {dataset.address}" + ("" if path == dataset.path / TABLE else f" --texts {_quoted(path)}")
    return Corpus(path.name, languages, backbone, loaded.digest, every, tuple(keys), items, bundles=words, given=given)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _photographs(keys: Sequence[str], described: dict[str, dict[str, tuple[str, ...]]]) -> tuple[Item, ...]:
    """One item for each picture, in the order of the rows."""
    items = []
    for row, key in enumerate(keys):
        texts = {language: found[key] for language, found in described.items() if key in found}
        items.append(Item(key, (row,), dict.fromkeys(texts, (row,)), texts, texts))
    return tuple(items)


def of_multi30k(
    folder: Path, task: int, pair: str, *, given: Path | None = None, dataset: Dataset | None = None, backbone: str = ""
) -> Corpus:
    """Multi30k's texts with features that the user has.

    Args:
        task: 1, translations; 2, five independent descriptions of each picture and language.
        given: a folder with ``train*.npy``, ``val*.npy`` and ``test_2016*.npy``, float (n, dim), a row for each line of
            the texts.
        dataset, backbone: instead, a data set that holds the pictures under their file names, with features.

    Raises:
        DatasetError: a file is missing or does not fit; it says which, and where to get it.
    """
    languages = wordlists.pair_languages(pair)
    read = multi30k.task1 if task == 1 else multi30k.task2
    parts = {part: read(folder, names[task - 1], languages) for part, names in MULTI30K.items()}
    if given:
        matrices = [_given(given, MULTI30K[part][1], len(found.pictures)) for part, found in parts.items()]
        if len({matrix.shape[1] for matrix in matrices}) > 1:
            raise DatasetError(f"the features in {str(given)!r} have different dimensions in training and test")
        matrix, backbone = np.concatenate(matrices), f"features of {given.name}"
    elif dataset:
        matrix = _by_name(dataset, backbone, [name for found in parts.values() for name in found.pictures])
    else:
        raise DatasetError(
            "Multi30k's pictures are Flickr30k's, which its authors give on request; expected --features FOLDER with "
            "train.npy, val.npy and test_2016.npy, or --dataset NAME of a data set that holds the pictures"
        )
    keys = {part: tuple(f"{part}/{name}" for name in found.pictures) for part, found in parts.items()}
    described = {
        language: {
            key: texts
            for part, found in parts.items()
            for key, texts in zip(keys[part], found.texts[language], strict=True)
        }
        for language in languages
    }
    every = [key for part in keys.values() for key in part]
    split = Split(keys["train"], keys["validation"], keys["test"])
    items = _photographs(every, described)
    name, source = f"Multi30k, task {task}", storage.digest(np.ascontiguousarray(matrix).tobytes())
    own = f"--features {_quoted(given)}" if given else f"--dataset {dataset.address if dataset else ''}"
    named = f"--preset multi30k --multi30k {_quoted(folder)} --task {task} {own} --output FOLDER"
    rows = _features(matrix, backbone)
    return Corpus(name, languages, backbone, source, rows, tuple(every), items, fixed=split, given=named)


def _given(folder: Path, part: str, count: int) -> NDArray[np.floating]:
    files = sorted(folder.glob(f"{part}*.npy"))
    if not files:
        raise DatasetError(
            f"{str(folder)!r} has no {part}*.npy; expected float (n, dim), a row for each line of the texts"
        )
    try:
        matrix = np.load(files[0], allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DatasetError(f"{files[0].name!r} cannot be read ({error}); expected an array saved by numpy") from error
    if not isinstance(matrix, np.ndarray):
        raise DatasetError(f"{files[0].name!r} is an archive; expected an array saved by numpy.save")
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or len(matrix) != count or not _usable(matrix):
        raise DatasetError(
            f"{files[0].name!r} is {matrix.dtype} of shape {matrix.shape}; expected finite float ({count}, dim), a row "
            "for each line of the texts"
        )
    return np.asarray(matrix)


def _usable(matrix: NDArray[np.floating]) -> bool:
    """Whether all features are finite, and their squares in float32 too."""
    return bool(np.isfinite(matrix).all()) and float(np.abs(matrix).max(initial=0)) < LARGEST


def _features(matrix: NDArray[np.floating], backbone: str) -> NDArray[np.float32]:
    """Unit rows of features that are finite."""
    if not _usable(matrix):
        raise DatasetError(f"the features of {backbone!r} are not all finite; extract them again with --force")
    return unit_rows(matrix)


def _by_name(dataset: Dataset, backbone: str, names: Sequence[str]) -> NDArray[np.floating]:
    loaded = shards.open_features(dataset, backbone)
    rows = loaded.ids.find(dataset.pictures.names().find(names))
    missing = [name for name, row in zip(names, rows.tolist(), strict=True) if row < 0]
    if missing:
        raise DatasetError(
            f"{dataset.name!r} has no picture with features for {len(missing)} of {len(names)} names, such as "
            f"{missing[0]!r}; import Flickr30k's pictures under their file names and extract {backbone}"
        )
    return loaded.matrix[rows]
