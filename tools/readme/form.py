"""How the README writes figures and tables, and how its text is filled with them.

What is made stands between two comments, ``<!-- table: NAME -->`` or ``<!-- figure: NAME -->`` and ``<!-- end -->``.
Tables of words alone stand between ``<!-- words -->`` and ``<!-- end -->``.  No other table may be there, so that no
figure of a table can be typed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Interval

_PART = re.compile(r"<!-- (?:(table|figure): (\S+)|words) -->(.*?)<!-- end -->", re.DOTALL)
_MARK = re.compile(r"<!-- (?:(?:table|figure):.*?|words|end) -->")


def short(value: float, sign: str = "", digits: int = 2) -> str:
    """``".60"``, ``"+.09"``, ``"−.01"``, and ``".00"`` for what is rounded to nothing."""
    text = re.sub(r"^([+-]?)0\.", r"\1.", f"{round(value, digits) + 0.0:{sign}.{digits}f}")
    return text.lstrip("+") if not text.strip("+.0") else text.replace("-", "−")


def percent(value: float, sign: str = "", digits: int = 2) -> str:
    """``"60"``; with three digits ``"+9.1"``, ``"−1.0"``, and ``"0.0"`` for what is rounded to nothing."""
    text = f"{round(100 * value, digits - 2) + 0.0:{sign}.{digits - 2}f}"
    return text.lstrip("+") if not text.strip("+.0") else text.replace("-", "−")


def shown(found: Interval, sign: str = "", *, number: Callable[..., str] = short, digits: int | None = None) -> str:
    """A figure with its interval; a difference whose interval excludes 0, as it is written, is bold.

    Args:
        number: ``short`` or ``percent``; digits: of the figures, in place of as many as tell the bounds apart.
    """
    text = found.text(lambda value, own: number(value, sign, digits or own))
    return f"**{text}**" if sign and found.side(digits) else text


def table(*rows: Iterable[str]) -> Iterator[str]:
    """The lines of a Markdown table; the first row is its head."""
    for number, cells in enumerate(map(list, rows)):
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
        if not number:
            yield f"|{'---|' * len(cells)}"


def fill(text: str, tables: Mapping[str, Iterable[str]], figures: Mapping[str, str]) -> str:
    """The text with all that is made in its place.

    Raises:
        CldiError: a name in the text is not made, or what is made stands nowhere; a comment has no partner; a table
            stands outside.
    """
    used: set[str] = set()

    def made(found: re.Match[str]) -> str:
        kind, name, _ = found.groups()
        if kind is None:
            return found[0]
        known: Mapping[str, object] = tables if kind == "table" else figures
        if name not in known:
            raise CldiError(f"README: nothing makes the {kind} {name!r}; choose from: {', '.join(known)}")
        used.add(f"{kind} {name}")
        body = "\n" + "\n".join(tables[name]) + "\n" if kind == "table" else figures[name]
        return f"<!-- {kind}: {name} -->{body}<!-- end -->"

    filled = _PART.sub(made, text)
    outside = _PART.sub("", text)
    if lonely := _MARK.search(outside):
        raise CldiError(f"README: {lonely[0]} has no partner; write <!-- table: NAME --> … <!-- end -->")
    if hand := re.search(r"^\s*\|.*$", outside, re.MULTILINE):
        raise CldiError(
            f"README: a table is typed by hand: {hand[0].strip()[:60]}; let tools/readme make it, or put a table "
            "without figures between <!-- words --> and <!-- end -->"
        )
    every = [*(f"table {name}" for name in tables), *(f"figure {name}" for name in figures)]
    if unused := [name for name in every if name not in used]:
        raise CldiError(f"README: it has no place for: {', '.join(unused)}")
    return filled
