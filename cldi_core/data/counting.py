"""Numbers with what they count."""

from __future__ import annotations


def counted(number: int, one: str, more: str = "", *, form: str = "") -> str:
    """A number and what it counts: ``one``, or where nothing else is given its regular plural.

    Args:
        form: how the number is written, as in a format string.

    >>> counted(1, "picture"), counted(2, "picture"), counted(3, "query"), counted(2, "class", "classes")
    ('1 picture', '2 pictures', '3 queries', '2 classes')
    >>> counted(1500, "picture", form=",")
    '1,500 pictures'
    """
    plural = more or (f"{one[:-1]}ies" if one.endswith("y") and one[-2:-1] not in "aeiou" else f"{one}s")
    return f"{number:{form}} {one if number == 1 else plural}"


def have(number: int) -> str:
    """``"has"`` or ``"have"``, after as many.

    >>> have(1), have(0)
    ('has', 'have')
    """
    return "has" if number == 1 else "have"


def every(number: int, one: str) -> str:
    """All of some things, and that they have: ``"The one query has"``, ``"All 12 queries have"``.

    >>> every(1, "query"), every(12, "query")
    ('The one query has', 'All 12 queries have')
    """
    return f"The one {one} has" if number == 1 else f"All {counted(number, one)} have"


def about(seconds: float) -> str:
    """A time as one says it before it has passed.

    >>> about(3.2), about(48), about(130), about(5000)
    ('3 s', '50 s', '2 min', '1 h 25 min')
    """
    if seconds < 10:
        return f"{max(round(seconds), 1)} s"
    if seconds < 95:
        return f"{10 * round(seconds / 10)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {5 * round(minutes % 60 / 5)} min"
