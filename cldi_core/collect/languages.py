"""How image searches want a language: its short code, and a country where it is spoken."""

from __future__ import annotations

from functools import cache


@cache
def short(language: str) -> str:
    """The code of two letters, where there is one.

    >>> short("deu"), short("haw")
    ('de', 'haw')
    """
    import langcodes  # its tables take a tenth of a second

    return str(langcodes.standardize_tag(language))


@cache
def country(language: str) -> str:
    """The country that most speakers of a language are thought of in, in capitals: that of CLDR's likely subtags.

    >>> country("de"), country("pt")
    ('DE', 'BR')
    """
    import langcodes

    return str(langcodes.Language.get(language).maximize().territory or "US")


def locale(language: str) -> str:
    """Both: ``"de-DE"``."""
    return f"{short(language)}-{country(language)}"
