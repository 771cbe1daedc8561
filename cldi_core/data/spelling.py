"""How words of lists and words with pictures find each other: exactly, or else by the one spelling that is alike.

Folders of pictures come from other hands than word lists: capitals, the way accents are composed, stress marks and
vowel signs differ, though the word is the same.  What differs in more than that is told and never taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from cldi_core.data import ids
from cldi_core.data.left_out import Sieve
from cldi_core.data.members import Members
from cldi_core.data.wordlists import folded

# Only where the letter before is Cyrillic: elsewhere, as in é and ü, they are a part of the spelling.  They stand
# alone, as Unicode composes them with two letters only, which are stressed ones wherever they are not a word.
_STRESS = re.compile("(?<=[\u0400-\u052f])[\u0300\u0301]")
_STRESSED = str.maketrans("\u0400\u0450\u040d\u045d", "ЕеИи")
# Hebrew points and cantillation; Arabic short vowels, doubling and their like, without hamza and madda (of letters).
_VOWELS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0656-\u065f\u0670]")


def _unstressed(word: str) -> str:
    return _STRESS.sub("", word).translate(_STRESSED)


def _composed(word: str) -> str:
    return unicodedata.normalize("NFC", word)


# What two spellings of a word may differ in, in the order in which it is taken away.
DIFFERENCES: dict[str, Callable[[str], str]] = {
    "composition (NFC)": _composed,
    "stress marks": _unstressed,
    "vowel signs": lambda word: _VOWELS.sub("", word) or word,
    "capitals": str.lower,
}


@dataclass(frozen=True, slots=True)
class Match:
    """A word of a list that has the pictures of a folder which is spelled a little otherwise.

    Attributes:
        how: what the spellings differ in: some of ``DIFFERENCES``.
    """

    word: str
    folder: str
    how: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.word!r} has the pictures of {self.folder!r}: {' and '.join(self.how)} differ"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word of a list that has no pictures, and the folders that may be meant.

    Attributes:
        why: none of them was taken.
    """

    word: str
    folders: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        named = " or ".join(map(repr, self.folders))
        what = "folder" if len(self.folders) == 1 else "folders"
        return f"no pictures for {self.word!r}; did you mean the {what} {named}? ({self.why})"


@dataclass(frozen=True)
class Spellings:
    """How the words of a language's lists and its words with pictures ("folders") fit.

    Attributes:
        exact: words that have a folder of their name.
        matched: words that have the pictures of another one.
        suggestions: words without pictures for which one might be meant; missing: those for which there is none.
        unlisted: folders that are in no list, nor matched with a word of one.
    """

    exact: tuple[str, ...]
    matched: tuple[Match, ...]
    suggestions: tuple[Suggestion, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def plainly(word: str, *, without: str = "") -> str:
    """A word without all ``DIFFERENCES``, or all but one: words of which this is the same may be one word.

    >>> plainly("Kuh") == plainly("kuh"), plainly("во́да") == plainly("вода"), plainly("élan") == plainly("elan")
    (True, True, False)
    """
    for name, change in DIFFERENCES.items():
        word = word if name == without else change(word)
    return word


def spellings(listed: Collection[str], folders: Collection[str]) -> Spellings:
    """Join words of lists and folders, each in their order.

    A word without a folder of exactly its name gets the one folder that is the same ``plainly``, if no list has that
    folder's name and no other word would get it.
    """
    wanted, there = dict.fromkeys(listed), dict.fromkeys(folders)
    lacking = [word for word in wanted if word not in there]
    spare = [folder for folder in there if folder not in wanted]
    words_of, spare_of = _grouped(lacking, plainly), _grouped(spare, plainly)
    matched = []
    for key, words in words_of.items():
        found = spare_of.get(key, [])
        if len(words) == len(found) == 1:
            matched.append(Match(words[0], found[0], _differences(words[0], found[0])))
    settled, taken = {match.word for match in matched}, {match.folder for match in matched}
    left = [word for word in lacking if word not in settled]
    suggestions = _suggestions(left, wanted, there, taken) if left else {}
    return Spellings(
        tuple(word for word in wanted if word in there),
        tuple(matched),
        tuple(suggestions.values()),
        tuple(word for word in left if word not in suggestions),
        tuple(folder for folder in spare if folder not in taken),
    )


def members(language: str, stored: Members, found: Spellings, sieve: Sieve) -> Members:
    """The pictures of a language's words by the spelling of its lists, without what is left out.

    Args:
        stored: by folders; found: of this language.
    """
    if not found.matched and not sieve:
        return stored
    names = {match.folder: match.word for match in found.matched}
    gone = ids.PictureIds.of(sorted(sieve.pictures))

    def kept(folder: str) -> ids.Raw:
        rows = stored.rows_of(folder)
        own = {folder, names.get(folder, folder)}
        if sieve.names(language, own) or (len(gone) and gone.has_rows(rows).any()):
            return ids.raw(sieve.kept(language, own, ids.texts(rows)))
        return rows

    return Members.packed((names.get(folder, folder), kept(folder)) for folder in stored)


def _grouped(words: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(key(word), []).append(word)
    return groups


def _differences(one: str, other: str) -> tuple[str, ...]:
    """What two words differ in that are the same ``plainly``."""
    return tuple(name for name in DIFFERENCES if plainly(one, without=name) != plainly(other, without=name))


def _suggestions(
    left: Collection[str], listed: Collection[str], folders: Collection[str], taken: Collection[str]
) -> dict[str, Suggestion]:
    """For words without pictures the folders that are nearly spelled alike: word → suggestion, where there is one."""
    words_of, folders_of = _grouped(left, folded), _grouped(folders, folded)
    made = {}
    for key, words in words_of.items():
        found = tuple(folders_of.get(key, ()))
        for word in words if found else ():
            if len(found) > 1:
                why = f"{len(found)} folders are spelled alike"
            elif found[0] in listed or found[0] in taken:
                why = "it has a word of its own"
            elif len(words) > 1 and plainly(word) == plainly(found[0]):
                why = f"{len(words)} words are spelled alike"
            else:
                why = "more than capitals and stress marks differ"
            made[word] = Suggestion(word, found, why)
    return made
