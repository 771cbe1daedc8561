"""Numbers with what they count."""

from __future__ import annotations


def counted(number: int, one: str, more: str = "", *, form: str = "") -> str:
    """A number and what it counts, which is ``one`` with an s where nothing else is given.

    Args:
        form: how the number is written, as in a format string.

    >>> counted(1, "picture"), counted(2, "picture"), counted(1, "query", "queries")
    ('1 picture', '2 pictures', '1 query')
    >>> counted(1500, "picture", form=",")
    '1,500 pictures'
    """
    return f"{number:{form}} {one if number == 1 else more or one + 's'}"
