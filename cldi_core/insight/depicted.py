"""What pictures are known to depict, as text: a concept, a title or caption, the words of a file name."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from cldi_core.data import descriptions, storage, wordlists
from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from cldi_core.data.dataset import Dataset

LONGEST = 80  # characters of a name
KNOWN = ("concept", "source_url", "page", "title", "path")
NOTHING = ("",) * len(KNOWN)  # of a picture that is not there
SEEN = 5000  # pictures that are remembered, half a kilobyte each; a shard when all are looked through
MANY = 1000  # pictures: of so many, shards are read and not each row group
ENDS = frozenset({"jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff", "svg"})
SHORTEST = 3  # letters of a word that says something
LONGEST_WORD = 30
# Of file names and captions: what cameras and sites call pictures, and words that any caption has.
EMPTY_WORDS = frozenset({
    "img", "image", "images", "imgp", "dsc", "dscn", "dscf", "pic", "pics", "picture", "pictures", "photo",
    "photos", "photograph", "thumb", "thumbnail", "file", "scan", "screenshot", "untitled", "unnamed", "download",
    "default", "original", "copy", "final", "and", "are", "for", "from", "has", "have", "her", "his", "its", "not",
    "that", "the", "their", "there", "this", "two", "was", "while", "who", "with",
})  # fmt: skip
_HASH = re.compile(r"[0-9a-fA-F]{8,}")
_BETWEEN = re.compile(r"[\W_]+")
_VOWEL = re.compile(r"[aeiouyаеёиоуыэюя]")
_ASCII = re.compile(r"[a-z]+")


class Depicted:
    """What a data set knows of its pictures, read when first asked for and kept.

    A broken ``descriptions.tsv`` or ``texts.tsv`` counts as none: ``check`` reports it.
    """

    def __init__(self, dataset: Dataset, language: str = "en") -> None:
        # Not the data set itself, which is the weak key that this is kept under.
        self._folders = tuple(dict.fromkeys((dataset.home, dataset.path)))
        self._pictures, self._language = dataset.pictures, language
        self._seen: dict[str, tuple[str, ...]] = {}

    def name(self, key: str) -> str:
        """What a picture is known to depict, at most 80 characters in one line; ``""`` where nothing is known.

        The first there is of: its concept's short name in the language, the concept itself, its text in
        ``texts.tsv`` (in the language, else in any), the title that its page gives it, the words of the file it was
        imported from, those of the file at its ``source_url`` and at its ``page``.
        """
        return self._described(key) or _plain(self._title(key)) or self._file_name(key)

    def terms(self, key: str) -> tuple[str, ...]:
        """What can label groups of pictures: the name of its concept as a whole, else the words of ``name``, each once.

        A concept is drawn again and again under one name; captions and file names have only words in common.
        """
        named = self._concept_name(key)
        return (named,) if named else tuple(dict.fromkeys(words(self.name(key))))

    def title_words(self, key: str) -> tuple[str, ...]:
        """The words of a picture's title, each once; none where it is known otherwise what the picture depicts."""
        return () if self._described(key) else tuple(dict.fromkeys(words(self._title(key))))

    @cached_property
    def key(self) -> str:
        """Changes with what is known: a shard is called by what it holds, and files of texts are read.

        It is of the same shards as all else here, not of those that came since.
        """
        files = [folder / name for folder in self._folders for name in (descriptions.FILE, descriptions.TABLE)]
        shards = [path.name for path in self._pictures.index.shards]
        return storage.digest(self._language, shards, *map(_content, files))

    @cached_property
    def title_frequency(self) -> Counter[str]:
        """Each of ``title_words`` → how many pictures of the data set have it."""
        return Counter(word for key in self._every() for word in self.title_words(key))

    @cached_property
    def frequency(self) -> Counter[str]:
        """Each of ``terms`` → how many pictures of the data set have it."""
        return Counter(term for key in self._every() for term in self.terms(key))

    def __len__(self) -> int:
        """How many pictures the data set has."""
        return len(self._pictures.ids)

    def _concept_name(self, key: str) -> str:
        concept = self._of(key)[0]
        return self._names.get(concept, "") or _plain(concept) if concept else ""

    def _described(self, key: str) -> str:
        """What somebody said that it depicts."""
        return self._concept_name(key) or self._texts.get(key, "")

    def _title(self, key: str) -> str:
        return self._of(key)[3]

    def _file_name(self, key: str) -> str:
        _, url, page, _, path = self._of(key)
        return next((found for found in map(file_words, (path, url, page)) if found), "")

    def look(self, keys: Iterable[str]) -> None:
        """Read what is known of some pictures, which is faster than of one after the other."""
        asked, seen = dict.fromkeys(keys), self._seen
        wanted = [key for key in asked if key not in seen]
        if not wanted:
            return
        if len(wanted) > MANY:
            fresh = _known(self._pictures.about(KNOWN, wanted))
        else:
            found = self._pictures.known(wanted)
            fresh = {key: tuple(str(own[name]) for name in KNOWN) for key, own in found.items()}
        if len(seen) > SEEN:  # but for what is asked for now
            seen = {key: seen[key] for key in asked if key in seen}
        self._seen = seen | dict.fromkeys(wanted, NOTHING) | fresh  # other threads have the old one

    def _of(self, key: str) -> tuple[str, ...]:
        """What ``KNOWN`` names, of a picture; empty texts for one that is not there."""
        seen = self._seen.get(key)
        if seen is None:
            self.look([key])
            seen = self._seen.get(key, NOTHING)
        return seen

    def _every(self) -> Iterator[str]:
        """All pictures, those of a shard at a time."""
        for frame in self._pictures.each(KNOWN):
            self._seen = _known(frame)
            yield from frame.index

    @cached_property
    def _names(self) -> dict[str, str]:
        """Concept → its short name in the language; those of the data set itself before those of its pictures'."""
        return {
            row.concept: _plain(row.name)
            for folder in self._folders
            for row in _rows(folder / descriptions.FILE)
            if row.language == self._language and row.name
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Picture → its first text in the language, else its first in any."""
        own: dict[str, str] = {}
        other: dict[str, str] = {}
        for folder in self._folders:
            with suppress(DatasetError):
                table = descriptions.read_table(folder / descriptions.TABLE)
                keys = self._pictures.names().find([picture for picture, _, _ in table])
                for key, (_, language, text) in zip(keys, table, strict=True):
                    (own if language == self._language else other).setdefault(key, _plain(text))
        return other | own


def _known(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """A frame of ``Pictures.about`` as id → its texts."""
    columns = (frame[name].fillna("").astype(str).tolist() for name in KNOWN)
    return dict(zip(frame.index.tolist(), zip(*columns, strict=True), strict=True))


_KEPT: WeakKeyDictionary[Dataset, dict[str, Depicted]] = WeakKeyDictionary()


def depicted(dataset: Dataset, language: str = "en") -> Depicted:
    """What is known of a data set's pictures; the same object for as long as that data set is open."""
    kept = _KEPT.setdefault(dataset, {})
    if language not in kept:
        kept[language] = Depicted(dataset, language)
    return kept[language]


def names(dataset: Dataset, ids: Iterable[str], language: str = "en") -> dict[str, str]:
    """Picture → what it is known to depict (``Depicted.name``), in the order of ``ids``; ``""`` where nothing is.

    The texts are plain and short, but whoever made the data set chose them: they are hostile.
    """
    known, keys = depicted(dataset, language), [*ids]
    known.look(keys)
    return {key: known.name(key) for key in keys}


def file_words(path: str) -> str:
    """The words of a picture file's name in a path or URL, ``"golden retriever"``; ``""`` where it has none.

    Only of names that end as pictures do.  Numbers, hashes, single letters and what cameras call pictures are no words.
    """
    # A URL's query and fragment go; they are cut off from its end, as a file may be called "c#.png".
    last = re.split(r"[/\\]", path.partition("?")[0][-1000:])[-1]
    stem, _, end = unquote(last, errors="replace").rpartition(".")
    if end.split("#")[0].casefold() not in ENDS:
        return ""
    while stem.rpartition(".")[2].casefold() in ENDS and "." in stem:  # "Dog.svg.png"
        stem = stem.rpartition(".")[0]
    return _plain(" ".join(words(stem)))


def words(text: str) -> Sequence[str]:
    """The words of a text or file name that say something, in lower case and in their order.

    At least three letters; none of ``EMPTY_WORDS``, no hash and no letters without a vowel (of Latin or Cyrillic ones).
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _HASH.sub(_kept, text[:1000]))  # goldenRetriever
    found = (part.strip("0123456789").casefold() for part in _BETWEEN.split(split))
    return [word for word in found if _says(word)]


def _kept(match: re.Match[str]) -> str:
    """A run of hexadecimal digits: a word ("defaced") stays, with a digit it is a hash."""
    return match[0] if match[0].isalpha() else " "


def _says(word: str) -> bool:
    if not (SHORTEST <= len(word) <= LONGEST_WORD and word.isalpha()) or word in EMPTY_WORDS:
        return False
    return bool(_VOWEL.search(word)) or not _ASCII.fullmatch(word)


def _plain(text: str) -> str:
    """In one line, without control characters, and short."""
    line = " ".join("".join(" " if wordlists.is_control(letter) else letter for letter in text[:1000]).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def _content(path: Path) -> bytes:
    try:
        return storage.read_bytes(path, descriptions.MOST)
    except (OSError, DatasetError):  # there is none, or it cannot be fetched
        return b""


def _rows(path: Path) -> list[descriptions.Row]:
    try:
        return descriptions.read_concepts(path)
    except DatasetError:  # also where there is none
        return []
