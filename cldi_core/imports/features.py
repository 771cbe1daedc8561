"""Features that somebody extracted elsewhere become those of a backbone, with or without the pictures.

A row is of a picture that is in the data set, or of a word.  A word without pictures gets members whose ids are digests
of its rows, and from then on scores like any other; there is only nothing to show of it.  Rows are stored as they come,
a shard at a time; whatever ends an import, a second run ends with the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage, under_way
from cldi_core.data.counting import counted
from cldi_core.data.dataset import create
from cldi_core.errors import DatasetError, FeatureError
from cldi_core.features import shards
from cldi_core.imports import feature_files, feature_index
from cldi_core.imports.feature_index import Index, Line
from cldi_core.imports.feature_store import Store, check_name
from cldi_core.imports.feature_targets import Targets
from cldi_core.imports.report import Report, keep
from cldi_core.scoring.feature_rows import row_digests

BLOCK_BYTES = 16_000_000  # of rows that are looked at together
MATRICES = ("features", "embeddings", "vectors", "matrix", "arr_0")  # arrays that others stand beside and name
LARGEST, SMALLEST = 65504.0, 6.2e-5  # of half precision, in which features are stored, at its full precision

TWICE = "picture with two different rows, of which the first counts"


@dataclass(frozen=True)
class Source:
    """Rows of features and what each is of.

    Attributes:
        name: of the array, for people.
        lines: one for each row, or one for all of them.
        read: gives (n, dim).
        whole: whether all rows are of the only line.
    """

    name: str
    lines: Sequence[Line]
    read: feature_files.Read
    whole: bool = False


def import_features(
    dataset: Path,
    files: Sequence[Path],
    backbone: str,
    *,
    language: str = "",
    index: Path | None = None,
    about: str = "",
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Store rows of features under a backbone's name.

    Args:
        files: ``.npy``, ``.npz``, ``.safetensors`` or ``.pkl``; arrays are named by their words (with ``language``) or
            by ``language/word``, or are one matrix with an index.
        language: of the words, where neither index nor names say it.
        index: what the rows are of (see ``feature_index``); without it a file of the same name that ends in ``.tsv``
            or ``.json`` counts.
        about: what made the features, for people: network, layer, who.
        progress: told the rows that were taken, and 0, as nobody knows how many there are.

    Raises:
        FeatureError: a file or index cannot be read, or they do not fit; a name that is none or taken.
        DatasetError: the data set uses a sibling's pictures, or cannot be written to.
    """
    check_name(backbone)
    report = Report("features", ", ".join(str(file) for file in files))
    made = create(dataset)
    if made.home != made.path:
        raise DatasetError(f"{made.name!r} uses the pictures of {made.home.name!r}; import there")
    what = "import-features"
    with storage.lock(shards.folder_of(made, backbone), what), under_way.changing(made.path, what):
        store = Store(made, backbone, about or "features of elsewhere", [file.name for file in files])
        targets = Targets(made, backbone, language, report)
        lines = feature_index.read(index, words=bool(language)) if index else None
        formats: Counter[str] = Counter()
        for file in files:
            for source in sources(file, lines, formats, words=bool(language)):
                _take(source, targets, store, report, progress)
        languages = store.finish()
    report.counts = {"backbone": backbone, "files": len(files), "dimensions": store.dim} | store.counts
    report.counts["languages"] = languages
    report.format = ", ".join(f"{what} ({count} files)" if count > 1 else what for what, count in formats.items())
    keep(dataset, report)
    return report


def sources(path: Path, index: Index | None, formats: Counter[str], *, words: bool) -> Iterator[Source]:
    """The rows of one file with what they are of; ``formats`` counts what files were taken for.

    Raises:
        FeatureError: that is not to be known, or the index does not fit.
    """
    named = feature_files.open_file(path)
    beside = next((found for end in (".tsv", ".json") if (found := path.with_suffix(end)).is_file()), None)
    if index is None and beside is not None:
        index = feature_index.read(beside, words=words)
    formats[f"{named.format} with an index" if index else named.format] += 1
    if index is not None:
        yield _indexed(path, named, index)
    elif (inside := _named_inside(named)) is not None:
        yield inside
    elif named.is_one:
        if not words:
            raise FeatureError(
                f"{path.name!r} is one matrix; say what its rows are of: --index FILE, or --lang if it is of one word "
                f"that its name says; {feature_index.EXPECTED}"
            )
        yield _of_word(path.name, "", path.stem, named.arrays[""])
    else:
        for name, read in named.arrays.items():
            language, _, word = name.rpartition("/") if not words else ("", "", name)
            yield _of_word(f"{path.name}: {name}", language, word, read)


def _of_word(place: str, language: str, word: str, read: feature_files.Read) -> Source:
    """All rows of a word, however many there are."""
    return Source(place, [Line(place, language, word)], read, whole=True)


def _indexed(path: Path, named: feature_files.Named, index: Index) -> Source:
    matrices = [name for name in named.arrays if len(named.arrays) == 1 or name in MATRICES]
    if len(matrices) != 1:
        raise FeatureError(
            f"{path.name!r} has {len(named.arrays)} arrays, and an index is of one; call it {MATRICES[0]!r}, or give "
            "the arrays their words as names and no index"
        )
    if not index.files:
        return Source(path.name, index.lines, named.arrays[matrices[0]])
    own = index.files.get(path.name, [])
    if len(own) != 1:
        raise FeatureError(f"the index names the file {path.name!r} {len(own)} times; expected once")
    return Source(path.name, own, named.arrays[matrices[0]], whole=True)


def _named_inside(named: feature_files.Named) -> Source | None:
    """One matrix with arrays beside it that say what its rows are of, under the headings of an index."""
    matrices = [name for name in named.arrays if name in MATRICES]
    beside = {name: feature_index.HEADINGS.get(name.removesuffix("s"), "") for name in named.arrays}
    columns = {column: name for name, column in beside.items() if column}
    if len(matrices) != 1 or not columns or len(columns) + 1 != len(named.arrays):
        return None
    read = {column: feature_files.texts(name, named.arrays[name]()) for column, name in columns.items()}
    try:
        lines = [
            feature_index.line(f"row {number}", dict(zip(read, row, strict=True)))
            for number, row in enumerate(zip(*read.values(), strict=True), 1)
        ]
    except ValueError as error:  # also where they are of different lengths
        raise FeatureError(f"the arrays {', '.join(columns.values())} do not name the rows: {error}") from error
    return Source(matrices[0], lines, named.arrays[matrices[0]])


def _take(
    source: Source, targets: Targets, store: Store, report: Report, progress: Callable[[int, int], object] | None
) -> None:
    rows = feature_files.matrix(source.name, source.read())
    lines = source.lines
    if source.whole:
        whole = replace(lines[0], position=-1)
        lines = [replace(whole, place=f"{whole.place}, row {row}") for row in range(1, len(rows) + 1)]
    if len(lines) != len(rows):
        held, told = counted(len(rows), "row", form=","), counted(len(lines), "line", form=",")
        raise FeatureError(f"{source.name!r} has {held}, and its index {told}")
    store.check_dim(source.name, rows.shape[1])
    found = targets.of(lines)
    step = max(1, BLOCK_BYTES // (rows.shape[1] * rows.itemsize))
    for start in range(0, len(rows), step):
        half, usable = _half(rows[start : start + step], lines[start : start + step], report)
        digests = row_digests(half)
        for row in np.flatnonzero(usable).tolist():
            target = found[start + row]
            if target is not None and not store.add(target, digests[row].tobytes(), half[row]):
                report.changed.add(TWICE, lines[start + row].place)
        if progress:
            progress(store.counts["rows"], 0)


def _half(rows: NDArray[Any], lines: Sequence[Line], report: Report) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Rows in half precision, and which of them can be used; the report hears of the others."""
    given = np.asarray(rows, np.float64 if rows.dtype.itemsize > 4 else np.float32)
    largest = np.abs(given).max(axis=1, initial=0)  # nan where one is
    wrong = {
        "row with a value that is not finite": ~np.isfinite(given).all(axis=1),
        f"row with a value beyond half precision ({LARGEST:.0f}); scale the features": largest > LARGEST,
        f"row of values below half precision ({SMALLEST:g}); scale the features": (largest < SMALLEST) & (largest > 0),
    }
    usable = largest > 0
    for row in np.flatnonzero(largest == 0).tolist():
        report.passed.add("row of zeros, which has no direction", lines[row].place)
    told = np.zeros(len(rows), bool)
    for what, which in wrong.items():
        for row in np.flatnonzero(which & ~told).tolist():
            report.missing.add(what, lines[row].place)
        told |= which
    with np.errstate(over="ignore", invalid="ignore"):
        return given.astype(np.float16), usable & ~told
