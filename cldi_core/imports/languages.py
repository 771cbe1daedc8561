"""Languages as people write them: codes and names, in any of the usual forms, become the codes of word lists."""

from __future__ import annotations

import re
import unicodedata

from cldi_core.errors import DatasetError

# Two or three letters, then what is said beside of script or region: zh-CN, pt_BR, sr-Latn.
_CODE = re.compile(r"([a-z]{2,3}|[A-Z]{2,3}|[A-Z][a-z])((?:[-_][A-Za-z0-9]{2,8})*)")
_LIKE_A_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_.][A-Za-z0-9]{0,8})*\W?")
_BEHIND = re.compile(r"\s*[(-].*")  # what follows a name: "Chinese (Simplified)"
LONGEST = 60  # characters of a name that is looked up


def language(name: str) -> str:
    """The code of a language: two or three lower-case letters.

    Args:
        name: a code (``de``, ``DE``, ``zh-CN``, ``pt_BR``; script and region are left out), or the language's name in
            English or in itself (``german``, ``Deutsch``).  Two or three lower-case letters are taken as they are.

    Raises:
        DatasetError: it is neither.

    >>> [language(name) for name in ("de", "DE", "zh-CN", "pt_BR", "german", "Deutsch", "Chinese (Simplified)")]
    ['de', 'de', 'zh', 'pt', 'de', 'de', 'zh']
    """
    code, hint = _CODE.fullmatch(name), ""
    if code:
        if not code[2] or _is_region(code[2]):
            return code[1].lower()
    elif found := _named(name):
        if len(found) == 2:
            return found
        hint = f", or {found!r} if that is what you mean"  # small languages have names such as Bench, Even and Mono
    raise DatasetError(
        f"{name[:LONGEST]!r} is not a language; expected a code such as 'en' or 'zh-CN'{hint}, or a name as 'German'"
    )


def is_meant(name: str) -> bool:
    """Whether something that is no language looks as if it were meant for one: as codes are written, but for a slip."""
    return len(name) <= LONGEST and bool(_LIKE_A_CODE.fullmatch(name))


def same(code: str) -> str:
    """What two codes of one language have in common: ``"de"`` for ``de``, ``ger`` and ``deu``."""
    import langcodes

    try:
        return langcodes.standardize_tag(code)
    except ValueError:
        return code


def _is_region(behind: str) -> bool:
    """Whether what follows a code is of letters and digits as scripts, regions and variants are."""
    import langcodes

    return langcodes.tag_is_valid("en" + behind.replace("_", "-"))


def _named(name: str) -> str:
    """The code of the language of that name; empty where there is none.  What only resembles one is none."""
    import langcodes

    whole = name.replace("_", " ").strip()
    for text in dict.fromkeys((whole, _BEHIND.sub("", whole))):
        if not text.isprintable() or not (text.isascii() * 3 < len(text) <= LONGEST):
            continue
        try:
            found = langcodes.find(text)
        except LookupError:
            continue
        if _bare(text) in (_bare(found.display_name("en")), _bare(found.autonym())):
            return found.language or ""
    return ""


def _bare(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
