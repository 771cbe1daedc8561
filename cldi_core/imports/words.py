"""Words as people have them in files, cleaned: the one form in which lists, folders and packages give a word."""

from __future__ import annotations

import re
import unicodedata

from cldi_core.errors import LexiconError

MAX_WORD = 100  # characters
LOOKED_AT = 10_000  # characters; what is longer is no word, however many of them are invisible
JOINERS = "\u200c\u200d"  # part of the spelling in Persian and in Indian languages
SPOKEN = "LNS"  # letters, numbers, symbols (a word may be a sign): their Unicode categories begin so
UNREADABLE = ("Cs", "Co")  # bytes that are no text, and characters that each font fills as it likes
# What nobody sees although Unicode counts it among letters, marks and symbols.
_BLANK = "\u034f\u2800\u3164\uffa0"
_FILLERS = "\u115f\u1160"  # which hold a place within an old Korean syllable, and are nothing alone
_UNSEEN_LETTER = re.compile(f"[{_BLANK}{_FILLERS}]")
_SPACES = re.compile(r"\s+")
_JOINED = re.compile(f"[{JOINERS}]+")
_VIRAMA = 9  # the combining class of a sign that a joiner changes, also at a word's end

SPACE, INVISIBLE, COMPOSED = "white space made one space", "invisible characters removed", "composed (NFC)"


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """A word in the form in which it is stored, and what was changed.

    The word is NFC, any white space in it is one space and there is none around it; invisible characters (zero width,
    soft hyphen, byte order marks, directions of writing, other controls) are gone, but for joiners inside words.

    Returns:
        the word, and the kinds of change, of ``SPACE``, ``INVISIBLE`` and ``COMPOSED``.

    Raises:
        LexiconError: nothing readable stays, more than 100 characters do, or some are no characters at all.

    >>> clean("See\\u200bweg")
    ('Seeweg', ('invisible characters removed',))
    """
    if is_clean(text):
        return text, ()
    if len(text) > LOOKED_AT:
        _check(text[:LOOKED_AT], text)
    seen = "".join(char for char in text if char.isspace() or char in JOINERS or not _is_invisible(char))
    composed = unicodedata.normalize("NFC", seen)
    joined = _JOINED.sub(lambda run: run[0][0] if _matters(run) else "", composed)  # marks now stand in their order
    word = _SPACES.sub(" ", joined).strip()
    steps = {INVISIBLE: seen != text or joined != composed, COMPOSED: composed != seen, SPACE: word != joined}
    _check(word, text)
    return word, tuple(kind for kind, happened in steps.items() if happened)


def is_plain(text: str) -> bool:
    """Whether a text is a word of letters and digits alone, which ``clean`` would leave as it is; very quick."""
    return text.isalnum() and len(text) <= MAX_WORD and has_plain_letters(text)


def has_plain_letters(text: str) -> bool:
    """Whether all words of letters and digits alone in a text, of at most ``MAX_WORD`` characters each, are plain."""
    return text.isascii() or (unicodedata.is_normalized("NFC", text) and not _UNSEEN_LETTER.search(text))


def is_clean(text: str) -> bool:
    """Whether ``clean`` would leave a text as it is: exact where it says yes, and quick, for lists of millions."""
    if is_plain(text):
        return True
    if not (0 < len(text) <= MAX_WORD and text.isprintable()) or text[0] == " " or text[-1] == " " or "  " in text:
        return False
    if text.isascii():
        return any(map(str.isalnum, text))
    return text[0].isalpha() and unicodedata.is_normalized("NFC", text) and not _UNSEEN_LETTER.search(text)


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf") or char in _BLANK


def _matters(run: re.Match[str]) -> bool:
    """Whether joiners stand within a word, or end one after a virama: a letter of Malayalam's and Sinhala's own."""
    before, after = run.string[max(0, run.start() - 1) : run.start()], run.string[run.end() : run.end() + 1]
    if not before or before.isspace():
        return False
    return bool(after and not after.isspace()) or unicodedata.combining(before) == _VIRAMA


def _check(word: str, text: str) -> None:
    shown = repr(text[:60]) + ("…" if len(text) > 60 else "")
    categories = [unicodedata.category(char) for char in word]
    if any(category in UNREADABLE for category in categories):
        raise LexiconError(
            f"{shown} is no word: some of it is no text; write it in UTF-8, with letters of its language"
        )
    if not any(category[0] in SPOKEN and char not in _FILLERS for category, char in zip(categories, word, strict=True)):
        raise LexiconError(f"{shown} is no word: there is no letter, number or symbol in it")
    if len(word) > MAX_WORD:
        long = len(text) if len(text) > LOOKED_AT else len(word)
        raise LexiconError(f"{shown} is no word: it has {long:,} characters, and at most {MAX_WORD} are accepted")
