"""From the user's files to a data set: folders of pictures."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset, create, write_words
from cldi_core.data.pictures import Picture, probe, write_shards
from cldi_core.errors import DatasetError, PictureError, in_one_line

MAX_FILE = 40_000_000  # bytes
MAX_WORD = 100  # characters
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # Unicode categories
SPOKEN = "LNS"  # letters, numbers, symbols (a picture's word may be a sign): their categories begin so
BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # that Unicode counts among them, and nobody sees
SYSTEMS = ("__MACOSX", "@eaDir")  # folders that computers put beside one's own, as hidden ones are
JOINERS = "\u200c\u200d"  # part of the spelling in Persian and in Indian languages


@dataclass
class Imported:
    """What an import of pictures did.

    Attributes:
        languages: how many words of each language got pictures.
        pictures, new, memberships: different pictures, those that were not stored before, and places in words.
        failed: the files, and the folders that are no words, that could not be used: ``file`` and ``reason``.
        skipped: likewise, the folders beside those of languages, which may well be something else.
    """

    languages: dict[str, int] = field(default_factory=dict)
    pictures: int = 0
    new: int = 0
    memberships: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)


def import_folder(
    dataset: Path,
    folder: Path,
    *,
    licence: str = "unknown",
    author: str = "",
    progress: Callable[[int, int], object] | None = None,
) -> Imported:
    """Import ``folder/<language>/<word>/<picture>``; pictures that are there already are not stored again.

    A word's pictures are replaced by those found now, in the order of their file names; other words stay.

    Raises:
        DatasetError: not a folder, or no folder of a language in it.  A picture that cannot be used, or a folder whose
        name is no word, stops nothing: it is listed in ``failed``.
    """
    found = Imported()
    files = _find(folder, found)
    pictures: dict[str, Picture] = {}
    rows: list[tuple[str, str, int, str]] = []
    positions: dict[tuple[str, str], int] = {}
    for number, (language, word, path) in enumerate(files, 1):
        try:
            picture = _read(path, folder, licence, author)
        except (PictureError, OSError) as error:
            found.failed.append({"file": _place(path, folder), "reason": str(error)})
        else:
            position = positions.setdefault((language, word), 0)
            positions[language, word] += 1
            pictures.setdefault(picture.id, picture)
            rows.append((language, word, position, picture.id))
        if progress:
            progress(number, len(files))
    if not rows:
        raise DatasetError(f"none of the {len(files)} files under {str(folder)!r} is a picture that can be read")
    _store(create(dataset), pictures, rows, found)
    return found


def _store(
    dataset: Dataset, pictures: dict[str, Picture], rows: list[tuple[str, str, int, str]], found: Imported
) -> None:
    if dataset.home != dataset.path:
        raise DatasetError(f"{dataset.name!r} uses the pictures of {dataset.home.name!r}; import there")
    with storage.lock(dataset.path):
        known = set(dataset.pictures.table.index)
        new = [picture for key, picture in pictures.items() if key not in known]
        write_shards(dataset.path / "images", new)
        fresh = {(language, word) for language, word, _, _ in rows}
        kept = [
            row for row in dataset.words.itertuples(index=False, name=None) if (row[0], row[1]) not in fresh
        ]  # fmt: skip
        write_words(dataset.path, [*kept, *rows])
    found.pictures, found.new, found.memberships = len(pictures), len(new), len(rows)
    for language, _ in fresh:
        found.languages[language] = found.languages.get(language, 0) + 1
    found.languages = dict(sorted(found.languages.items()))


def _find(folder: Path, found: Imported) -> list[tuple[str, str, Path]]:
    """The files of each language and word; ``found`` hears of folders that are neither."""
    if not folder.is_dir():
        raise DatasetError(f"{str(folder)!r} is not a folder; expected DIR/<language>/<word>/<picture>")
    files = []
    languages = []
    for path in _folders(folder):
        if _is_language(path.name):
            languages.append(path)
        else:
            reason = "no language; expected a code such as 'en' or 'de'"
            found.skipped.append({"file": _place(path, folder), "reason": reason})
    if not languages:
        raise DatasetError(
            f"{str(folder)!r} has no folder named like a language ('en', 'de', …); "
            "expected DIR/<language>/<word>/<picture>"
        )
    for language in languages:
        for word in _folders(language):
            try:
                name = clean_word(word.name)
                files += [(language.name, name, path) for path in sorted(word.iterdir()) if _is_file(path)]
            except (DatasetError, OSError) as error:  # OSError: a folder that one may not look into
                found.failed.append({"file": _place(word, folder), "reason": in_one_line(error)})
    if not files:
        why = f" ({found.failed[0]['reason']})" if found.failed else ""
        raise DatasetError(f"no pictures under {str(folder)!r}{why}; expected DIR/<language>/<word>/<picture>")
    return files


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, without hidden ones and those of computers' own."""
    there = (path for path in sorted(folder.iterdir()) if path.name not in SYSTEMS and not path.name.startswith("."))
    return [path for path in there if path.is_dir()]


def _is_language(name: str) -> bool:
    return name.isascii() and name.isalpha() and name.islower() and len(name) in (2, 3)


def _is_file(path: Path) -> bool:
    """Whether to read it: also a link that leads nowhere, so that it is reported; not notes and metadata."""
    wanted = not path.name.startswith(".") and path.suffix.lower() not in (".txt", ".json", ".md")
    return wanted and (path.is_file() or (path.is_symlink() and not path.exists()))


def clean_word(name: str) -> str:
    """A folder's name as a word: NFC, underscores as spaces.

    Raises:
        DatasetError: empty, without a letter, number or symbol, longer than 100 characters, or with control or
        invisible formatting characters.  Names that some systems reserve (con, aux) are words.
    """
    word = unicodedata.normalize("NFC", name).replace("_", " ").strip()
    bad = [char for char in word if unicodedata.category(char) in UNPRINTABLE and char not in JOINERS]
    spoken = any(unicodedata.category(char)[0] in SPOKEN and char not in BLANK for char in word)
    if not spoken or len(word) > MAX_WORD or bad:
        raise DatasetError(
            f"the folder name {name[:60]!r} is not a word: 1 to {MAX_WORD} printable characters, and not marks alone"
        )
    return word


def _read(path: Path, folder: Path, licence: str, author: str) -> Picture:
    size = path.stat().st_size
    if size > MAX_FILE:
        raise PictureError(f"{size:,} bytes are more than the {MAX_FILE:,} that are accepted")
    data = storage.read_bytes(path, MAX_FILE)
    width, height = probe(data)
    return Picture(data, _place(path, folder), width, height, provider="folder", licence=licence, author=author)


def _place(path: Path, folder: Path) -> str:
    """The path inside the folder, as text that any file can hold: bytes that are no UTF-8 become question marks."""
    return str(path.relative_to(folder)).encode("utf-8", "replace").decode()
