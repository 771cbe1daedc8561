"""A data set on disk: a folder with ``dataset.toml``, word lists, pictures, and what was computed from them."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from cldi_core.data import left_out, parsing, remote, spelling, stamping, storage, word_table, wordlists, wordnet
from cldi_core.data.ids import Raw, raw, unique
from cldi_core.data.members import Members
from cldi_core.data.pictures import Pictures
from cldi_core.data.queries import Query, queries
from cldi_core.errors import DatasetError, LexiconError, in_one_line, unknown_name

if TYPE_CHECKING:
    import pandas as pd

# An installed package carries the dashboard inside; in a checkout it lies beside the package.
DASHBOARD = Path(__file__).resolve().parents[1] / "_dashboard"
CHECKOUT = None if DASHBOARD.is_dir() else DASHBOARD.parents[1]
MAX_TITLE = 200  # characters that people see
POS = {"N": "noun", "V": "verb", "A": "adjective", "X": "other"}
CLASSES = ("N", "V", "A")  # the parts of speech that have tables of their own; others are in those of all words alone
SETTINGS = {"ALL": tuple(POS), "NN": ("N",), "VB": ("V",), "ADJ": ("A",)}


class Dataset:
    """One data set.  Nothing is read before it is asked for; what was read is kept.

    Raises:
        DatasetError: it is none, is broken, or the address that it comes from cannot be reached.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        remote.synced(path, remote.FRESH)
        try:
            self.info: Mapping[str, Any] = parsing.parsed_toml(storage.read_text(path / "dataset.toml"))
            repr(self.info)  # a number of 5,000 digits in hex can be read, but not be shown
        except FileNotFoundError as error:
            shown = remote.url_of(path) or str(path)
            raise DatasetError(f"{shown!r} is not a data set: it has no dataset.toml. {HOW_TO_START}") from error
        except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no TOML, an endless number
            raise DatasetError(f"dataset.toml of {path.name!r} cannot be read: {in_one_line(error)}") from error

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def address(self) -> str:
        """What a ``--dataset`` has to be given to open it, quoted for a shell."""
        return shlex.quote(address(self.path))

    def command(self, what: str, *options: str) -> str:
        """A command about this data set as a shell takes it: ``command("extract", "--backbone", name)``."""
        return " ".join(["python -m cldi_core", what, "--dataset", self.address, *map(shlex.quote, options)])

    @property
    def title(self) -> str:
        """What people see."""
        return str(self.info.get("title", self.name))[:MAX_TITLE]

    @cached_property
    def home(self) -> Path:
        """The folder that holds the pictures and features: its own, or that of the sibling named by ``pictures``."""
        other = str(self.info.get("pictures", ""))
        if not other:
            return self.path
        if re.fullmatch(r"\.\./[\w-]{1,255}", other):
            remote.synced(self.path.parent / other[3:], remote.FRESH)
        # 255: no file system has longer names, and to ask for one is an error.
        # A data set: what is computed is written there, and a link with that name could lead to any folder.
        file = self.path.parent / other[3:] / "dataset.toml"
        if not re.fullmatch(r"\.\./[\w-]{1,255}", other) or not _is_there(file, Path.is_file):
            shown = other if len(other) < 200 else f"{other[:200]}…"
            raise DatasetError(
                f"dataset.toml of {self.name!r} says pictures = {shown!r}; expected '../NAME' of a sibling"
            )
        return self.path.parent / other[3:]

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures."""
        return Pictures(self.home / "images")

    @cached_property
    def pairs(self) -> tuple[str, ...]:
        """The language pairs that have a word list, such as ``"en-de"``."""
        return tuple(sorted(path.stem for path in (self.path / "lexicon").glob("*.tsv")))

    @cached_property
    def directions(self) -> tuple[str, ...]:
        """All pairs that can be asked: ``pairs``, then those that are made by turning their lists round.

        A list on disk goes before one that is turned round: with ``de-en.tsv`` beside ``en-de.tsv`` both are ``pairs``.
        """
        turned = (wordlists.reversed_pair(pair) for pair in self.pairs)
        return tuple(dict.fromkeys([*self.pairs, *(pair for pair in turned if pair)]))

    def alike(self, pair: str) -> tuple[str, ...]:
        """The pairs of the same direction as ``pair``, itself among them: what an average is over.

        One direction is into English, the other is that of all other lists; without English in a pair, its list on
        disk is of the second kind, and what is made by turning that round of the first.
        """
        return tuple(other for other in self.directions if self._is_back(other) == self._is_back(pair))

    def _is_back(self, pair: str) -> bool:
        sides = pair.split("-")
        return sides[-1] in wordlists.ENGLISH if wordlists.ENGLISH & set(sides) else pair not in self.pairs

    def back(self, pair: str) -> str:
        """The same pair asked the other way, ``"de-en"`` for ``"en-de"``; ``""`` where there is none."""
        turned = wordlists.reversed_pair(pair)
        return turned if turned in self.directions else ""

    @cached_property
    def backbones(self) -> tuple[str, ...]:
        """The backbones that have features."""
        folders = (self.home / "features").glob("*/")
        return tuple(sorted(folder.name for folder in folders if any(folder.glob("*.safetensors"))))

    @cached_property
    def _lexicons(self) -> dict[str, list[wordlists.Row]]:
        return {}

    def lexicon(self, pair: str) -> list[wordlists.Row]:
        """The word list of a pair of ``directions``: that on disk, or the one that it is made of turned round.

        A reversed list has the same rows in the same order with their words exchanged: its queries are the distinct
        words of the other language with their part of speech, its candidates all English words of the list.  Rows with
        a word that is left out are not there.
        """
        if pair not in self.directions:
            raise unknown_name("language pair", pair, self.directions, f"Add one: {self.command('import-lists FILE')}")
        if pair not in self._lexicons:
            if pair in self.pairs:
                rows = self._listed(pair)
                rows = self.sieve.rows(pair, rows) if self.sieve.words else rows
            else:
                rows = wordlists.reversed_rows(self.lexicon(wordlists.reversed_pair(pair)))
            self._lexicons[pair] = rows
        return self._lexicons[pair]

    def _listed(self, pair: str) -> list[wordlists.Row]:
        """The word list of a pair on disk, with what is left out."""
        if pair not in self._lists:
            self._lists[pair] = wordlists.read_list(self.path / "lexicon" / f"{pair}.tsv", pair)[1]
        return self._lists[pair]

    @cached_property
    def _lists(self) -> dict[str, list[wordlists.Row]]:
        return {}

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The parts of speech that one can choose from: ``CLASSES``, and "X" where a word list has others."""
        for pair in self.pairs:
            with contextlib.suppress(LexiconError):  # what is wrong with it is said where it is asked for
                if any(row.pos not in CLASSES for row in self.lexicon(pair)):
                    return tuple(POS)
        return CLASSES

    def queries(self, pair: str) -> list[Query]:
        """The queries of a pair of ``directions``."""
        return queries(self.lexicon(pair))

    @cached_property
    def sieve(self) -> left_out.Sieve:
        """What is left out."""
        return left_out.sieve(self)

    @property
    def words(self) -> pd.DataFrame:
        """Which pictures belong to which word: columns language, word, position, id; sorted.

        It is read anew each time, and takes 100 bytes a row; ``stored_members`` and ``members`` take 16.
        """
        return self.word_table.frame()

    @property
    def word_table(self) -> word_table.WordTable:
        """As ``words``, in numbers and bytes, read anew each time.

        Raises:
            DatasetError: it cannot be read.
        """
        path = self.path / "words.parquet"
        if not path.is_file():
            return word_table.WordTable.of([])
        try:
            return word_table.read(path)
        except Exception as error:  # pyarrow raises many kinds for a broken file
            raise DatasetError(f"words.parquet of {self.name!r} cannot be read ({error}); import again") from error

    @cached_property
    def _stored(self) -> dict[str, Members]:
        return self.word_table.members()

    def members(self, language: str) -> Members:
        """The words of a language that have pictures: word → picture ids in the order of the search result.

        A word is spelled as lists have it (``spellings``).  What is left out (``data.left_out``) is not there.
        """
        if language not in self._members:
            stored, found = self.stored_members(language), self.spellings(language)
            self._members[language] = spelling.members(language, stored, found, self.sieve)
        return self._members[language]

    @cached_property
    def _members(self) -> dict[str, Members]:
        return {}

    def spellings(self, language: str) -> spelling.Spellings:
        """How the words of a language's lists and its words with pictures fit, with all that is left out.

        A list that cannot be read has no words here; who asks for it (``lexicon``) is told why.
        """
        if language not in self._spellings:
            words: dict[str, None] = {}
            for pair in self.pairs:
                with contextlib.suppress(LexiconError):
                    source, target = wordlists.pair_languages(pair)
                    rows = self._listed(pair) if language in (source, target) else []
                    words |= dict.fromkeys(row.source if language == source else row.target for row in rows)
            self._spellings[language] = spelling.spellings(words, self.stored_members(language))
        return self._spellings[language]

    @cached_property
    def _spellings(self) -> dict[str, spelling.Spellings]:
        return {}

    def stored_members(self, language: str) -> Members:
        """As ``members``, with all that is left out, by the words as they are stored: by folders."""
        return self._stored.get(language) or Members.packed([])

    @property
    def used(self) -> Raw:
        """The ids of all pictures of words, each once and sorted: uint8 (n, 16)."""
        rows = [members.rows for members in self._stored.values()]
        return unique(np.concatenate(rows)) if rows else raw([])

    @property
    def pictured(self) -> tuple[str, ...]:
        """The languages that have words with pictures, as they are stored."""
        return tuple(self._stored)

    @property
    def languages(self) -> tuple[str, ...]:
        """All languages of the word lists and of the pictures; the source language first."""
        sides = [side for pair in self.pairs for side in pair.split("-")]
        return tuple(dict.fromkeys([*sides, *sorted(self._stored)]))

    @cached_property
    def _senses(self) -> dict[str, int] | None:
        return wordnet.counts(self.path / "senses.tsv")

    def senses(self, word: str) -> int | None:
        """WordNet senses of an English word: from ``senses.tsv``, else from this machine's WordNet, else ``None``."""
        if self._senses is not None:
            return self._senses.get(word)
        installed = wordnet.installed()
        return None if installed is None else installed.senses(word)

    def stamp(self, patterns: Sequence[str] = stamping.STAMPED) -> str:
        """Changes whenever a file of the data set does: the key under which pages keep what they read.

        What is new at an address is seen once in ``remote.FRESH`` seconds; where that fails, what is here is shown.
        """
        folders = tuple(dict.fromkeys((self.path, self.home)))
        for folder in folders:
            with contextlib.suppress(DatasetError):
                remote.synced(folder, remote.FRESH)
        return stamping.stamp(folders, patterns)


HOW_TO_START = "Start one with: python -m cldi_core import-folder DIR --dataset NAME"


def root() -> Path:
    """The folder of named data sets: ``$CLDI_DATA``, or ``data/`` of the checkout, else of the current folder."""
    return Path(os.environ.get("CLDI_DATA") or (CHECKOUT or Path.cwd()) / "data")


def available() -> dict[str, Path]:
    """The data sets to choose from: what a ``--dataset`` opens them by → folder.

    That of ``$CLDI_DATASET`` comes first, the named ones follow.
    """
    return requested() | {path.parent.name: path.parent for path in sorted(root().glob("*/dataset.toml"))}


def _is_there(path: Path, is_kind: Callable[[Path], bool]) -> bool:
    """``Path.is_dir`` or ``Path.is_file``; false also for what the system will not look at, such as an endless name."""
    try:
        return is_kind(path)
    except OSError:
        return False


def requested() -> dict[str, Path]:
    """The data set of ``$CLDI_DATASET``, if it is one: its name, or its path where the name means another → folder.

    An address is not asked for anything here; one that is none is no data set.
    """
    given = os.environ.get("CLDI_DATASET", "")
    if remote.is_url(given):
        with contextlib.suppress(DatasetError):
            path = remote.folder_of(given)
            return {path.name if _named(path.name) is None else given: path}
        return {}
    if not given or "\x00" in given or not _is_there(Path(given) / "dataset.toml", Path.is_file):
        return {}
    path = Path(given).resolve()
    return {path.name if _named(path.name) in (None, path) else str(path): path}


def _named(name: str) -> Path | None:
    """The folder of the data set of this name; ``None`` where there is none."""
    path = root() / name
    return path.resolve() if name and _is_there(path / "dataset.toml", Path.is_file) else None


def address(path: Path) -> str:
    """What a ``--dataset`` has to be given to mean this folder: its name where that leads here, else its path.

    Of one that comes from an address that.
    """
    path = path.resolve()
    if url := remote.url_of(path):
        return url
    return path.name if path.parent == root().resolve() and not is_path(path.name) else str(path)


def is_path(given: str) -> bool:
    """Whether a ``--dataset`` is a path: it has a separator, or starts with ``.`` or ``~``.  All else are names."""
    return given.startswith((".", "~")) or "/" in given or os.sep in given


def locate(given: str) -> Path:
    """The folder a ``--dataset`` means, whether it exists or not: a path is that path, a name a folder of ``root()``.

    An address means the folder that mirrors it.  A name that is not there may be that of ``$CLDI_DATASET``; it never
    means a folder of the working directory.
    """
    if not given or "\x00" in given:
        raise DatasetError(f"{given!r} is not the name of a data set; give a name or a path")
    if remote.is_url(given):
        return remote.folder_of(given)
    if is_path(given):
        return Path(os.path.expanduser(given)).resolve()  # noqa: PTH111 (Path.expanduser raises where there is no such user)
    named = root() / given
    return named if _is_there(named, Path.is_dir) else requested().get(given, named)


def open_dataset(name: str) -> Dataset:
    """Open a data set by name or path.

    Raises:
        UnknownNameError: no data set of that name; DatasetError: the folder is not one, or is broken.
    """
    path = locate(name)
    if remote.is_url(name):
        return Dataset(path)
    if not _is_there(path, Path.is_dir):
        raise unknown_name("data set", name, available(), HOW_TO_START)
    return Dataset(path)


def create(path: Path, title: str = "", **info: str) -> Dataset:
    """Make a data set of an empty or new folder, or open the one that is there."""
    remote.synced(path)
    if not (path / "dataset.toml").is_file():
        # A folder's name may be bytes that no text has.
        name = path.name.encode("utf-8", "replace").decode()
        write_info(path, {"title": title or name, **info})
    return Dataset(path)


def write_info(path: Path, info: Mapping[str, str]) -> None:
    """Replace ``dataset.toml``."""
    storage.write_text(path / "dataset.toml", tomli_w.dumps(info))


def write_words(path: Path, rows: Sequence[tuple[str, str, int, str]]) -> None:
    """Replace ``words.parquet``: rows of (language, word, position, picture id), stored sorted."""
    word_table.write(path / "words.parquet", word_table.WordTable.of(rows))
