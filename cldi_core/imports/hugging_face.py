"""Data sets as Hugging Face has them, from local files: image folders, and Parquet files with pictures in them.

An image folder has ``metadata.csv`` or ``metadata.jsonl`` beside its pictures, with a column ``file_name`` and one with
the word; without it the folder of a picture is its word.  ``train``, ``test`` and ``validation`` are splits, not words.
A Parquet file has a column of pictures (a struct of bytes and path, or bytes) and one of words (texts, or the numbers
of classes whose names stand in its schema).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from cldi_core.data.dataset import create
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports import fit, languages
from cldi_core.imports import hugging_face_parquet as parquet
from cldi_core.imports.hugging_face_folder import labelled
from cldi_core.imports.labelled import EXPECTED, Labelled
from cldi_core.imports.pictures import Found, Provenance, import_pictures
from cldi_core.imports.report import Report, keep
from cldi_core.imports.words import clean

NO_WORD = "label that is no word"


def import_hugging_face(
    dataset: Path,
    source: Path,
    language: str,
    *,
    word: str = "",
    image: str = "",
    licence: str = "unknown",
    progress: Callable[[int, int], object] | None = None,
    workers: int | None = None,
) -> Report:
    """Store the pictures of an image folder, of a Parquet file, or of a folder of Parquet files.

    Args:
        language: of the words.
        word, image: the columns that hold the words and the pictures, where that is not clear.
        licence: of the pictures.
        progress: told the pictures looked at, and how many there are as far as files say it.

    Raises:
        DatasetError: it is none of these, a column is not there or could be several, or as ``import_pictures``.
    """
    code = languages.language(language)
    report = Report("hugging face", str(source))
    files = parquet.files_of(source)
    if files:
        report.format = f"{len(files)} Parquet files" if len(files) > 1 else "a Parquet file"
        opened = [parquet.Opened(file, word, image) for file in files]
        total = sum(each.rows for each in opened)
        rows: Iterator[Labelled] = chain.from_iterable(each.pictures(report) for each in opened)
    elif source.is_dir():
        total, rows = 0, labelled(source, word, report)
    else:
        raise DatasetError(f"{str(source)!r} is not a folder or a .parquet file; {EXPECTED}")
    pictures = _found(rows, code, Provenance(provider="hugging face", licence=licence), report)
    first = next(pictures, None)
    if first is None:
        why = f" ({report.missing.kept[0].place}: {report.missing.kept[0].text})" if len(report.missing) else ""
        raise DatasetError(f"{str(source)!r} has no pictures with words{why}; {EXPECTED}")
    made = create(dataset)
    import_pictures(made, chain([first], pictures), report, progress=progress, total=total, workers=workers)
    report.remarks += fit.remarks(dataset)
    keep(dataset, report)
    return report


def _found(rows: Iterator[Labelled], language: str, made_by: Provenance, report: Report) -> Iterator[Found]:
    """The pictures with clean words, each at the next place of its word."""
    words: dict[str, tuple[str, str]] = {}
    places: Counter[str] = Counter()
    for row in rows:
        if row.label not in words:
            words[row.label] = _word(row, report)
        word, why = words[row.label]
        if why:
            report.missing.add(NO_WORD, row.place, why)
            continue
        yield Found(language, word, places[word], row.place, row.content, made_by)
        places[word] += 1


def _word(row: Labelled, report: Report) -> tuple[str, str]:
    """A label as a word, or why it is none."""
    try:
        word, changes = clean(row.label)
    except CldiError as error:
        return "", str(error)
    for change in changes:
        report.changed.add(change, row.place, word)
    return word, ""
