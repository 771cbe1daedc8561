"""WordNet's synsets of English words, with glosses and relations, read from the plain files of a WordNet 3.x folder.

Beside the counts of ``wordnet``, which knows where a word's line of an index file begins; a data file is read at the
offsets which that line names, so that no file is ever in memory as a whole.  The format is that of wndb(5WN).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cldi_core.data import storage, wordnet
from cldi_core.data.wordnet import PARTS_OF_SPEECH, WordNet
from cldi_core.errors import DatasetError, in_one_line, unknown_name

POS = {"N": "noun", "V": "verb", "A": "adj"}  # the letters of word lists
LETTERS = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}  # s: a satellite of an adjective
HYPERNYM = ("@", "@i")  # of a kind, of an instance
HYPONYM = ("~", "~i")
ANTONYM, DERIVED, ALSO_SEE = "!", "+", "^"
STEPS = 3  # of hypernyms that are followed: further up everything is of one kind
SAME, HYPERNYM_OF, HYPONYM_OF, DERIVATION, OPPOSITE, SISTERS = RELATIONS = (
    "the same synset",
    "a hypernym of",
    "a hyponym of",
    "derivationally related",
    "an antonym of",
    "share a hypernym",
)
SYNSETS = 1024  # kept at hand, two kilobytes each
LONGEST = 1 << 20  # bytes of a line; those of WordNet 3.0 have 16,000 at most
_FORMAT = "expected a line as in WordNet 3.x (wndb(5WN))"
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Pointer:
    """A relation of one synset to another.

    Attributes:
        symbol: its kind, such as ``@`` for a hypernym, ``~`` for a hyponym, ``^`` for also see (wninput(5WN)).
        pos, offset: of the other synset.
        source, target: which lemma of this one is related to which of that one, from 1; 0 and 0: all to all.
    """

    symbol: str
    pos: str
    offset: int
    source: int
    target: int


@dataclass(frozen=True)
class Synset:
    """One meaning that some words share.

    Attributes:
        pos: "noun", "verb", "adj" or "adv"; offset: its place in the data file of these, in bytes.
        lemmas: in WordNet's order and case, with spaces.
        gloss: what it says of the meaning, examples in quotes included.
    """

    pos: str
    offset: int
    lemmas: tuple[str, ...]
    gloss: str
    pointers: tuple[Pointer, ...]

    @property
    def key(self) -> Key:
        """Names it among all synsets."""
        return self.pos, self.offset

    def related(self, *symbols: str) -> set[Key]:
        """The keys of the synsets that its pointers of these symbols lead to."""
        return {(one.pos, one.offset) for one in self.pointers if one.symbol in symbols}


class Senses:
    """The synsets of a WordNet folder that has ``data.noun``, ``data.verb``, ``data.adj`` and ``data.adv`` too.

    Raises:
        DatasetError: one of these is missing.
    """

    def __init__(self, counts: WordNet) -> None:
        self.counts = counts
        missing = [f"data.{pos}" for pos in PARTS_OF_SPEECH if not self._path("data", pos).is_file()]
        if missing:
            raise DatasetError(
                f"WordNet folder {str(counts.folder)!r} has no {', '.join(missing)}; expected the whole WordNet 3.x"
            )
        self._files: dict[Path, IO[bytes]] = {}
        self._reading = threading.Lock()
        self._synset = functools.lru_cache(SYNSETS)(self._read_synset)

    def synsets(self, word: str, pos: str = "") -> tuple[Synset, ...]:
        """The synsets of a word and of its base forms, those in most use first within a form; each once.

        Args:
            word: as for ``WordNet.senses``; pos: "noun", "verb", "adj" or "adv", else all of them in this order.

        Returns:
            none where WordNet does not have the word.

        Raises:
            UnknownNameError: another part of speech; DatasetError: a line is malformed.
        """
        if pos and pos not in PARTS_OF_SPEECH:
            raise unknown_name("part of speech", pos, PARTS_OF_SPEECH)
        found: dict[Key, Synset] = {}
        for one in (pos,) if pos else PARTS_OF_SPEECH:
            for form in self.counts.base_forms(word, one):
                for offset in self._offsets(form, one):
                    found.setdefault((one, offset), self._synset(one, offset))
        return tuple(found.values())

    def related(self, one: str, other: str) -> str:
        """What one English word is to another, in any part of speech: the first of ``RELATIONS`` that holds, or ``""``.

        It holds where it does of any sense of the one and any of the other; which of them a picture shows is not known.
        One is a hypernym of the other where at most ``STEPS`` hypernyms lead there.  Derivation and antonymy hold
        between the words themselves, not between others of their synsets.
        """
        own, others = self.synsets(one), self.synsets(other)
        keys, other_keys = {each.key for each in own}, {each.key for each in others}
        holds: dict[str, Callable[[], bool]] = {
            SAME: lambda: bool(keys & other_keys),
            HYPERNYM_OF: lambda: bool(keys & self._above(others)),
            HYPONYM_OF: lambda: bool(other_keys & self._above(own)),
            DERIVATION: lambda: self._points(DERIVED, own, one, other) or self._points(DERIVED, others, other, one),
            OPPOSITE: lambda: self._points(ANTONYM, own, one, other) or self._points(ANTONYM, others, other, one),
            SISTERS: lambda: bool(_parents(own) & _parents(others)),
        }
        return next((relation for relation, is_true in holds.items() if is_true()), "")

    def _above(self, synsets: Iterable[Synset]) -> set[Key]:
        """The hypernyms of some synsets, and theirs, as far as ``STEPS``."""
        found: set[Key] = set()
        level = _parents(synsets)
        for _ in range(STEPS):
            found |= level
            level = _parents(self._synset(*key) for key in level) - found
        return found

    def _points(self, symbol: str, synsets: Iterable[Synset], word: str, other: str) -> bool:
        """Whether a pointer leads from a word, in one of its synsets, to the other word in one of its own."""
        for synset in synsets:
            for pointer in synset.pointers:
                if pointer.symbol != symbol or not self._is(word, synset, pointer.source):
                    continue
                if self._is(other, self._synset(pointer.pos, pointer.offset), pointer.target):
                    return True
        return False

    def _is(self, word: str, synset: Synset, number: int) -> bool:
        """Whether a lemma of a synset is a base form of a word; lemma 0 is any of them."""
        forms = self.counts.base_forms(word, synset.pos)
        lemmas = synset.lemmas if number == 0 else synset.lemmas[number - 1 : number]
        return any("_".join(lemma.lower().split()) in forms for lemma in lemmas)

    def _offsets(self, lemma: str, pos: str) -> list[int]:
        """The places of a lemma's synsets, from its line ``lemma pos synset_cnt p_cnt … sense_cnt tags offset …``."""
        place = self.counts.place(lemma, pos)
        line = self._line("index", pos, place)
        cells = line.split()
        if cells[:1] != [lemma] or len(cells) < 3 or not cells[2].isdecimal():
            raise self._wrong("index", pos, place, line)
        offsets = cells[max(len(cells) - int(cells[2]), 3) :]
        if len(offsets) != int(cells[2]) or not all(offset.isdecimal() for offset in offsets):
            raise self._wrong("index", pos, place, line)
        return [int(offset) for offset in offsets]

    def _read_synset(self, pos: str, offset: int) -> Synset:
        line = self._line("data", pos, offset)
        try:
            return _parsed(line, pos, offset)
        except (ValueError, IndexError, KeyError) as error:
            raise self._wrong("data", pos, offset, line) from error

    def _line(self, kind: str, pos: str, place: int) -> str:
        path = self._path(kind, pos)
        try:
            with self._reading:
                if path not in self._files:
                    self._files[path] = storage.open_regular(path)
                self._files[path].seek(place)
                return self._files[path].readline(LONGEST).decode("utf-8", "replace").rstrip("\n")
        except OSError as error:
            raise DatasetError(f"WordNet file {str(path)!r} cannot be read ({in_one_line(error)})") from error

    def _path(self, kind: str, pos: str) -> Path:
        return self.counts.folder / f"{kind}.{pos}"

    def _wrong(self, kind: str, pos: str, place: int, line: str) -> DatasetError:
        path = str(self._path(kind, pos))
        return DatasetError(f"WordNet file {path!r}, at byte {place}, has {line[:60]!r}; {_FORMAT}")


@functools.cache
def installed() -> Senses | None:
    """The synsets of this machine's WordNet (``wordnet.installed``); ``None`` where it has none, or counts only.

    Raises:
        DatasetError: the folder that WNSEARCHDIR names is no WordNet.
    """
    counts = wordnet.installed()
    if counts is None or not all((counts.folder / f"data.{pos}").is_file() for pos in PARTS_OF_SPEECH):
        return None
    return Senses(counts)


def _parents(synsets: Iterable[Synset]) -> set[Key]:
    """The direct hypernyms of some synsets."""
    return {key for synset in synsets for key in synset.related(*HYPERNYM)}


def _parsed(line: str, pos: str, offset: int) -> Synset:
    """``offset file type w_cnt (word id) … p_cnt (symbol offset pos source/target) … [frames] | gloss``.

    ``w_cnt`` and ``source/target`` are hexadecimal.  ValueError, IndexError or KeyError where it is not.
    """
    data, bar, gloss = line.partition(" | ")
    cells = data.split(" ")
    if not bar or int(cells[0]) != offset or LETTERS[cells[2]] != pos:
        raise ValueError(line)
    first = 4 + 2 * int(cells[3], 16)
    lemmas = cells[4:first:2]
    count = int(cells[first])
    pointers = tuple(_pointer(cells[start : start + 4]) for start in range(first + 1, first + 1 + 4 * count, 4))
    if not lemmas or not all(lemmas):
        raise ValueError(line)
    # An adjective may have a marker of where it stands: "ablaze(p)".
    plain = (lemma.partition("(")[0].replace("_", " ") for lemma in lemmas)
    return Synset(pos, offset, tuple(plain), " ".join(gloss.split()), pointers)


def _pointer(cells: list[str]) -> Pointer:
    symbol, offset, letter, ends = cells
    return Pointer(symbol, LETTERS[letter], int(offset), int(ends[:2], 16), int(ends[2:], 16))
