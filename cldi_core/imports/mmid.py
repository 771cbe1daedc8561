"""Packages of the Massively Multilingual Image Dataset (Hewitt et al. 2018) become words with pictures.

``<language>-package.tar`` holds a ``<n>.tar.gz`` for each word, and that ``word.txt``, ``metadata.json`` (where each
picture comes from), ``errors.json`` (what could not be fetched) and ``01.png`` … ``100.png``, in any order.  A package
streams past: one word's archive is in memory at a time, and nothing is unpacked to disk.  A folder that holds these
archives, or what was unpacked from them, is read alike.
"""

from __future__ import annotations

import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from cldi_core.data import parsing, storage
from cldi_core.data.dataset import create
from cldi_core.errors import CldiError, DatasetError, LexiconError, in_one_line
from cldi_core.imports import archives, fit, languages, trees
from cldi_core.imports.paths import MAX_FILE, Entry, Meter, Refuse, natural, shown
from cldi_core.imports.pictures import Found, Provenance, import_pictures
from cldi_core.imports.report import Report, keep
from cldi_core.imports.words import clean

MAX_WORD = 1_000_000_000  # bytes of one word's archive
AT_ONCE = 64_000_000  # bytes that are unpacked in one go
WORD, METADATA, ERRORS = "word.txt", "metadata.json", "errors.json"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
PACKED = (".tar.gz", ".tgz", ".tar")
EXPECTED = (
    f"expected a <language>-package.tar as MMID has them, of <n>.tar.gz with {WORD}, {METADATA} and 01.png …, or a "
    "folder of these"
)
_PACKAGE = re.compile(r"(?:(?:scale|mini)-)?(.+?)-package", re.IGNORECASE)
# Kinds of notes in the report.
NOT_READ, NO_WORD, NO_PROVENANCE = "file that is not read", "archive without a word", "metadata that cannot be read"
NOT_FETCHED, BESIDE = "picture that MMID could not fetch", "file that is no picture"

Inside = Callable[[Refuse], Iterator[Entry]]  # the files of one word, as often as it is called


def import_mmid(
    dataset: Path,
    package: Path,
    *,
    language: str = "",
    licence: str = "unknown",
    progress: Callable[[int, int], object] | None = None,
    workers: int | None = None,
) -> Report:
    """Store the pictures of a package, with their addresses; what is stored already is not decoded again.

    Args:
        language: of the words; without it the package's name says it (``german-package.tar``).
        licence: of the pictures, which MMID does not know.
        progress: told the pictures looked at, and 0, as nobody knows how many there are.

    Raises:
        DatasetError: it is no such package, or as ``import_pictures``.
    """
    code = languages.language(language or _named(package))
    report = Report("mmid", str(package), "MMID package")
    report.counts |= {"words": 0, "errors": 0}
    pictures = _Package(package, code, licence, report).pictures()
    try:
        first = next(pictures, None)
    except OSError as error:
        raise DatasetError(f"{str(package)!r} cannot be read ({in_one_line(error)}); {EXPECTED}") from error
    if first is None:
        why = f" ({report.missing.kept[0].place}: {report.missing.kept[0].text})" if len(report.missing) else ""
        raise DatasetError(f"{str(package)!r} has no pictures of words{why}; {EXPECTED}")
    import_pictures(create(dataset), chain([first], pictures), report, progress=progress, workers=workers)
    report.remarks += fit.remarks(dataset)
    keep(dataset, report)
    return report


def _named(package: Path) -> str:
    match = _PACKAGE.match(package.name)
    if not match:
        raise DatasetError(f"{package.name!r} does not say which language it is of; add --lang, such as --lang de")
    return match[1]


@dataclass
class _Word:
    """What an archive says of its word and pictures; ``metadata`` by the number of the picture."""

    word: str = ""
    metadata: dict[str, Provenance] = field(default_factory=dict)
    errors: int = 0


class _Package:
    def __init__(self, package: Path, language: str, licence: str, report: Report) -> None:
        self._package, self._language, self._report = package, language, report
        self._made_by = Provenance(provider="mmid", licence=licence)

    def pictures(self) -> Iterator[Found]:
        """All pictures, word after word; the report hears of everything else."""
        for place, inside in self._words():
            try:
                yield from self._pictures_of(place, inside)
            except CldiError as error:  # of what cannot be what people packed
                self._report.missing.add(NOT_READ, place, str(error))

    def _words(self) -> Iterator[tuple[str, Inside]]:
        """The place of each word in the package, and a way to its files."""
        if not self._package.is_dir():
            with storage.open_regular(self._package) as file:
                meter = Meter(self._package)
                for entry in archives.of_open_tar(file, meter, self._report.junk, self._not_read, MAX_WORD):
                    place = shown("/".join(entry.path))
                    if place.lower().endswith(PACKED):
                        yield from self._packed(place, entry.read)
                    else:
                        self._report.passed.add(BESIDE, place)
            return
        if (self._package / WORD).is_file():
            yield shown(self._package.name), trees.open_tree(self._package).entries
            return
        for path in sorted(self._package.iterdir(), key=lambda path: natural(path.name)):
            place = shown(path.name)
            if path.name.startswith("."):
                self._report.junk["hidden files"] += 1
            elif path.is_dir() and not path.is_symlink():
                yield place, trees.open_tree(path).entries
            elif place.lower().endswith(PACKED):
                yield from self._packed(place, partial(storage.read_bytes, path, MAX_WORD))
            else:
                self._report.passed.add(BESIDE, place)

    def _packed(self, place: str, read: Callable[[], bytes]) -> Iterator[tuple[str, Inside]]:
        try:
            data = _unpacked(read())
        except OSError as error:
            self._not_read(place, in_one_line(error))
            return

        def inside(refuse: Refuse) -> Iterator[Entry]:
            meter = Meter(Path(place), len(data))
            return archives.of_open_tar(io.BytesIO(data), meter, Counter(), refuse, MAX_FILE)

        yield place, inside

    def _not_read(self, place: str, reason: str) -> None:
        self._report.missing.add(NOT_READ, place, reason)

    def _pictures_of(self, place: str, inside: Inside) -> Iterator[Found]:
        """Twice over the files of a word, as what is said of the pictures may come after them."""
        about = self._about(place, inside)
        if not about.word:
            return
        self._report.counts["words"] += 1
        self._report.counts["errors"] += about.errors
        if about.errors:
            self._report.passed.add(NOT_FETCHED, place, f"{about.errors} of {about.word}")
        for entry in inside(lambda file, reason: self._not_read(f"{place}: {file}", reason)):
            file = entry.path[-1]
            stem, _, end = file.rpartition(".")
            name = f"{place}/{shown(file)}"
            if f".{end.lower()}" not in PICTURES:
                if file not in (WORD, METADATA, ERRORS):
                    self._report.passed.add(BESIDE, name)
                continue
            number = _number(stem)
            made_by = about.metadata.get(number, self._made_by)
            try:
                content = entry.read()
            except OSError as error:
                self._not_read(name, in_one_line(error))
                continue
            position = int(number) if number.isdecimal() else len(about.metadata)
            yield Found(self._language, about.word, position, name, content, made_by)

    def _about(self, place: str, inside: Inside) -> _Word:
        found = _Word()
        said: dict[str, str] = {}
        reasons: list[str] = []  # told of a word's files when its pictures are read
        for entry in inside(lambda file, reason: reasons.append(reason)):
            if (name := entry.path[-1]) in (WORD, METADATA, ERRORS):
                try:
                    said[name] = entry.read().decode("utf-8-sig")
                except (OSError, UnicodeDecodeError) as error:
                    self._not_read(f"{place}: {name}", in_one_line(error))
        try:
            found.word, changes = clean(said[WORD].strip()) if WORD in said else ("", ())
        except LexiconError as error:
            self._report.missing.add(NO_WORD, place, str(error))
            return found
        if not found.word:
            self._report.missing.add(NO_WORD, place, reasons[0] if reasons else f"it has no {WORD} that can be read")
        for change in changes:
            self._report.changed.add(change, place, found.word)
        metadata = self._json(place, METADATA, said)
        if isinstance(metadata, dict):
            found.metadata = {_number(str(key)): self._provenance(value) for key, value in metadata.items()}
        errors = self._json(place, ERRORS, said)
        found.errors = len(errors) if isinstance(errors, dict | list) else 0
        return found

    def _json(self, place: str, name: str, said: dict[str, str]) -> Any:
        try:
            return parsing.parsed_json(said[name]) if said.get(name, "").strip() else None
        except (ValueError, RecursionError) as error:
            self._report.missing.add(NO_PROVENANCE, f"{place}: {name}", in_one_line(error))
            return None

    def _provenance(self, about: Any) -> Provenance:
        """What is said of one picture: ``{"google": {"ru": address of its page}, "image_url": its own}``.

        Where Google's other fields were kept, ``pt`` is the title of that page.
        """
        if not isinstance(about, dict):
            return self._made_by
        engines = [value for value in about.values() if isinstance(value, dict)]
        page = next((str(value["ru"]) for value in engines if isinstance(value.get("ru"), str)), "")
        title = next((str(value["pt"]) for value in engines if isinstance(value.get("pt"), str)), "")
        url = about.get("image_url")
        address = url if isinstance(url, str) else ""
        return Provenance(_short(address), _short(page), "mmid", self._made_by.licence, title=_short(title))


def _unpacked(data: bytes) -> bytes:
    """What an archive holds where that is little, so that it is unpacked once; else the archive."""
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        whole = unpack.decompress(data, AT_ONCE)
    except zlib.error:  # it is not packed, or damaged, which its reader finds
        return data
    return whole if unpack.eof and not unpack.unused_data else data


def _number(text: str) -> str:
    """The number of a picture without zeros before it, as it is its name here and there."""
    return text.lstrip("0") or "0" if text.isascii() and text.isdecimal() and len(text) < 10 else text


def _short(text: str) -> str:
    """An address or title that any file can hold, cut where it is endless."""
    return text[:2000].encode("utf-8", "replace").decode()
