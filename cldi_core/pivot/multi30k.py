"""Multi30k (Elliott et al. 2016): pictures described in English and German.

Task 1 has one English description of a picture and its German translation; task 2 has five English and five German
descriptions that were written independently.  The texts are plain files, one description a line, gzipped or not:

    task 1: SPLIT.LANGUAGE[.gz], such as val.en.gz
    task 2: task2.SPLIT.NUMBER.LANGUAGE[.gz] with NUMBER 1 … 5, such as task2.test_2016.1.de.gz
    SPLIT.images.txt (or .lst): the name of each line's picture

The pictures are Flickr30k's and have their own terms; they are not part of the texts.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from cldi_core.errors import DatasetError

DESCRIPTIONS = 5  # of each picture and language in task 2
WHERE = "the texts are in the Multi30k repository's folder 'data', tasks 1 and 2"
MOST = 100_000_000  # bytes of one file, unpacked


@dataclass(frozen=True)
class Described:
    """One split of one task.

    Attributes:
        pictures: the name of each line's picture.
        texts: language → for each picture its descriptions, one in task 1, five in task 2.
    """

    pictures: tuple[str, ...]
    texts: dict[str, tuple[tuple[str, ...], ...]]


def task1(folder: Path, split: str, languages: tuple[str, ...] = ("en", "de")) -> Described:
    """Translations: one description of each picture and language.

    Raises:
        DatasetError: a file is missing or unreadable, a line is empty, or the files do not have equally many lines.
    """
    files = {language: _file(folder, f"{split}.{language}") for language in languages}
    names = _names(folder, split)
    lines = {language: _lines(path) for language, path in files.items()}
    _aligned({**{files[language]: found for language, found in lines.items()}, names[0]: names[1]})
    texts: dict[str, tuple[tuple[str, ...], ...]] = {
        language: tuple((line,) for line in found) for language, found in lines.items()
    }
    return Described(tuple(names[1]), texts)


def task2(folder: Path, split: str, languages: tuple[str, ...] = ("en", "de")) -> Described:
    """Independent descriptions: five of each picture and language.

    Pictures have the names of ``SPLIT.images.txt`` or, as for test_2016, ``SPLIT_flickr.images.txt`` where it is there,
    otherwise their line's number.

    Raises:
        DatasetError: as ``task1``.
    """
    texts: dict[str, tuple[tuple[str, ...], ...]] = {}
    read: dict[Path, list[str]] = {}
    for language in languages:
        files = [_file(folder, f"task2.{split}.{number}.{language}") for number in range(1, DESCRIPTIONS + 1)]
        read |= {path: _lines(path) for path in files}
        _aligned(read)
        texts[language] = tuple(zip(*(read[path] for path in files), strict=True))
    count = len(next(iter(read.values())))
    for name in (split, f"{split}_flickr"):
        if (folder / f"{name}.images.txt").is_file():
            path, names = _names(folder, name)
            _aligned({**read, path: names})
            return Described(tuple(names), texts)
    return Described(tuple(f"{split}/{number + 1}" for number in range(count)), texts)


def _names(folder: Path, split: str) -> tuple[Path, list[str]]:
    for path in (folder / f"{split}.images.txt", folder / f"{split}.lst", folder / f"{split}.txt"):
        if path.is_file():
            return path, _lines(path)
    raise DatasetError(f"{str(folder)!r} has no {split}.images.txt, which names each line's picture; get it: {WHERE}")


def _file(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DatasetError(f"{str(folder)!r} has no {name}.gz and no {name}; get it: {WHERE}")


def _lines(path: Path) -> list[str]:
    """The lines of a text file, gzipped or not; none may be empty."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST + 1)
        if len(data) > MOST:
            raise DatasetError(f"{path.name!r} has more than {MOST:,} bytes; expected one description a line")
        text = data.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path.name!r} cannot be read ({error}); expected UTF-8 text, gzipped if it ends in .gz"
        ) from error
    lines = text.removesuffix("\n").split("\n") if text else []
    empty = [number for number, line in enumerate(lines, 1) if not line.strip()]
    if empty:
        raise DatasetError(f"{path.name!r} has an empty line {empty[0]}; expected one description a line")
    return [" ".join(line.split()) for line in lines]


def _aligned(files: dict[Path, list[str]]) -> None:
    (first, expected), *others = files.items()
    for path, found in others:
        if len(found) != len(expected):
            shorter, longer = sorted(((first, len(expected)), (path, len(found))), key=lambda one: one[1])
            raise DatasetError(
                f"{longer[0].name!r} goes on at line {shorter[1] + 1} where {shorter[0].name!r} has ended "
                f"({longer[1]} and {shorter[1]} lines); expected files whose lines belong together"
            )
