"""What looks odd in a word list: another pair's words, columns exchanged, single lines; said, and changing nothing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from cldi_core.data import wordlists
from cldi_core.imports.list_layout import Layout
from cldi_core.imports.list_reading import Reading

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset

NAMED = 10  # suspicious lines
SEARCHED = 100_000  # rows in which they are looked for
SAMPLE = 5000  # words of a column by which it is judged as a whole
FEW = 5  # words that may be anything
COLUMNS = ("word", "translation")
LATIN = frozenset({"LATIN"})
# How Unicode calls the letters of a script, by the code of the script; those of others are called as the code begins.
SCRIPTS = {
    "Latn": LATIN, "Jpan": frozenset({"HIRAGANA", "KATAKANA", "CJK"}), "Kore": frozenset({"HANGUL", "CJK"}),
    "Cyrl": frozenset({"CYRILLIC"}), "Grek": frozenset({"GREEK"}), "Arab": frozenset({"ARABIC"}),
    "Hebr": frozenset({"HEBREW"}), "Deva": frozenset({"DEVANAGARI"}), "Beng": frozenset({"BENGALI"}),
    "Taml": frozenset({"TAMIL"}), "Telu": frozenset({"TELUGU"}), "Knda": frozenset({"KANNADA"}),
    "Mlym": frozenset({"MALAYALAM"}), "Gujr": frozenset({"GUJARATI"}), "Guru": frozenset({"GURMUKHI"}),
    "Sinh": frozenset({"SINHALA"}), "Thai": frozenset({"THAI"}), "Laoo": frozenset({"LAO"}),
    "Khmr": frozenset({"KHMER"}), "Mymr": frozenset({"MYANMAR"}), "Geor": frozenset({"GEORGIAN"}),
    "Armn": frozenset({"ARMENIAN"}), "Ethi": frozenset({"ETHIOPIC"}), "Hans": frozenset({"CJK"}),
    "Hant": frozenset({"CJK"}), "Tibt": frozenset({"TIBETAN"}),
}  # fmt: skip
TWO_SCRIPTS = frozenset(
    {"az", "bs", "ha", "kk", "ks", "ku", "mn", "pa", "sd", "sh", "sr", "tg", "tk", "tt", "ug", "uz"}
)
# The letters beyond a to z that a language writes its own words with.
LETTERS = {
    "en": "", "de": "äöüß", "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíñóúü", "it": "àèéìíîòóùú", "pt": "áâãàçéêíóôõú",
    "nl": "áéèëïíóöúü", "sv": "åäöé", "da": "æøåé", "nb": "æøåéòô", "no": "æøåéòô", "fi": "åäöšž", "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "ro": "ăâîșțşţ", "hr": "čćđšž",
    "sl": "čšž", "tr": "çğıöşüâîû", "et": "äöõüšž", "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "ca": "àçèéíïòóúü·",
}  # fmt: skip
# What makes a single word suspicious, and how that is said.
ODD = {
    "\ufffd|Ã[\u0080-¿]|â€|[ÐÑ][\u0080-¿]": "looks like text that was read in a wrong encoding",
    r"<[a-zA-Z/]|&#?\w+;|https?:|www\.": "holds markup or an address",
    r"[;|]|, ": "may be several words",
}
ANY_ODD = re.compile("|".join(ODD))


def of_tags(layout: Layout, found: Reading, pos: str | None) -> Iterator[str]:
    """Sentences about columns and parts of speech: there are none, or some that nobody knows."""
    others = sum(row.pos == "X" for row in found.rows)
    if layout.tag < 0 and pos is None:
        yield f"it has no parts of speech: all {others:,} rows are 'X', in no table but ALL; --pos N makes them nouns"
    if layout.tag >= 0 and pos is not None:
        yield f"it has parts of speech of its own; {pos!r} is taken where a line has none"
    if found.unknown:
        named = ", ".join(f"{tag[:20]!r} ({count})" for tag, count in list(found.unknown.items())[:5])
        yield f"{sum(found.unknown.values()):,} rows have a part of speech that no tagset knows, and are 'X': {named}"
    unused = layout.columns - 2 - (layout.tag >= 0)
    if unused > 0:
        yield f"{unused} of its {layout.columns} columns are not used: they are neither words nor parts of speech"


def of_words(pair: str, found: Reading, dataset: Dataset | None) -> Iterator[str]:
    """Sentences about the words: whether they are of this pair, and the first ten lines that look suspicious."""
    languages = wordlists.pair_languages(pair)
    step = max(1, len(found.rows) // SAMPLE)
    sample = found.rows[::step]
    columns = [list(dict.fromkeys(row.source for row in sample)), list(dict.fromkeys(row.target for row in sample))]
    yield from _of_pictures(columns, languages, dataset)
    yield from _of_letters(columns, languages)
    if not all(_is_written(column, language) for column, language in zip(columns, languages, strict=True)):
        return  # as the whole list is, so are its lines
    yield from islice(_suspicious(found, languages), NAMED)


def _of_letters(columns: Sequence[list[str]], languages: tuple[str, str]) -> Iterator[str]:
    fits = [_is_written(column, language) for column, language in zip(columns, languages, strict=True)]
    turned = [_is_written(column, language) for column, language in zip(columns, languages[::-1], strict=True)]
    if not all(fits) and all(turned):
        source, target = languages
        yield f"its columns look exchanged: the {COLUMNS[0]} is written as {target} is, the {COLUMNS[1]} as {source} is"
        return
    for column, language, name, is_fit in zip(columns, languages, COLUMNS, fits, strict=True):
        if not is_fit:
            others = (
                [code for code in LETTERS if _is_written(column, code) and code != "en"] if _is_latin(column) else []
            )
            like = f", but as {', '.join(others[:5])}" if others else ""
            shown = ", ".join(repr(word) for word in _unlike(column, language)[:3])
            yield f"the {name}s are not written as {language} is{like} ({shown}, …): is it the list of another pair?"


def _is_written(column: Sequence[str], language: str) -> bool:
    """Whether words may be of a language by the letters they have; a few always may."""
    odd = _unlike(column, language)
    if len(odd) < min(FEW, len(column)) or not odd:
        return True
    if _scripts(language) != LATIN or not _is_latin(column):
        return len(odd) < len(column) / 2
    special = sum(not word.isascii() for word in column)
    return len(odd) < 0.03 * len(column) or len(odd) < special / 2


def _unlike(column: Sequence[str], language: str) -> list[str]:
    """The words with letters that the language does not have: of another script, or accents of others."""
    scripts, own = _scripts(language), LETTERS.get(language)
    odd = [word for word in column if not _in_script(word, scripts)]
    if odd or own is None or scripts != LATIN:
        return odd
    return [word for word in column if not word.isascii() and not set(_special(word)) <= set(own)]


def _special(word: str) -> str:
    return "".join(char for char in word.lower() if char.isalpha() and not char.isascii())


def _is_latin(column: Sequence[str]) -> bool:
    return sum(_in_script(word, LATIN) for word in column) > len(column) / 2


@lru_cache(maxsize=256)
def _scripts(language: str) -> frozenset[str]:
    """How Unicode calls the letters of a language; none where that is not known or there are two ways to write it."""
    import langcodes

    script = langcodes.Language.get(language).maximize().script or ""
    return frozenset() if language in TWO_SCRIPTS else SCRIPTS.get(script, frozenset())


def _in_script(word: str, scripts: frozenset[str]) -> bool:
    """Whether a word's letters are of one of the scripts, which none are where the scripts are not known."""
    if not scripts or (scripts is LATIN and word.isascii()):
        return True
    return all(_script_of(char) in scripts for char in word if char.isalpha())


@lru_cache(maxsize=100_000)
def _script_of(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def _of_pictures(columns: Sequence[list[str]], languages: tuple[str, str], dataset: Dataset | None) -> Iterator[str]:
    """Whether the words that have pictures have them in this language."""
    if dataset is None:
        return
    there = {language: {word.casefold() for word in dataset.members(language)} for language in dataset.languages}
    for column, language, name in zip(columns, languages, COLUMNS, strict=True):
        fits = Counter({other: sum(word.casefold() in own for word in column) for other, own in there.items()})
        for other, count in fits.most_common(1):
            if count >= FEW and count > len(column) / 5 and count > 2 * fits[language]:
                told = (
                    f"{count:,} of {len(column):,} {name}s have pictures as words of {other}, and {fits[language]:,} as"
                )
                asked = "are its columns exchanged?" if other in languages else "is it the list of another pair?"
                yield f"{told} words of {language}: {asked}"


def _suspicious(found: Reading, languages: tuple[str, str]) -> Iterator[str]:
    scripts = [_scripts(language) for language in languages]
    for row, number in islice(zip(found.rows, found.numbers, strict=True), SEARCHED):
        for word, own, language in zip((row.source, row.target), scripts, languages, strict=True):
            if not _in_script(word, own):
                yield f"line {number}: {word!r} is not in the letters of {language}"
            elif not (word.isascii() and word.isalnum()) and ANY_ODD.search(word):
                why = next(why for odd, why in ODD.items() if re.search(odd, word))
                yield f"line {number}: {word!r} {why}"
