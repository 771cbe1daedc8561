"""How the documents write figures and tables, and how their texts are filled with them.

What is made stands between two comments, ``<!-- table: NAME -->``, ``<!-- figure: NAME -->`` or
``<!-- output: NAME -->`` (of commands) and ``<!-- end -->``.
Tables of words alone stand between ``<!-- words -->`` and ``<!-- end -->``.  No other table may be there, so that no
figure of a table can be typed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Interval

KINDS = ("table", "figure", "output")
_PART = re.compile(rf"<!-- (?:({'|'.join(KINDS)}): (\S+)|words) -->(.*?)<!-- end -->", re.DOTALL)
_MARK = re.compile(rf"<!-- (?:(?:{'|'.join(KINDS)}):.*?|words|end) -->")


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


@dataclass(frozen=True)
class Made:
    """What is made, by its names in the documents.

    Attributes:
        tables: the lines of each.
        figures: as they are written in a sentence.
        outputs: the commands that were run, and what they printed.
    """

    tables: Mapping[str, Iterable[str]]
    figures: Mapping[str, str]
    outputs: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> Mapping[str, Iterable[str]]:
        """All of a kind: ``"table"``, ``"figure"`` or ``"output"``."""
        return {"table": self.tables, "figure": self.figures, "output": self.outputs}[kind]

    def written(self, kind: str, name: str) -> str:
        """One of them, as it stands between its comments."""
        if kind == "table":
            return "\n" + "\n".join(self.tables[name]) + "\n"
        return self.figures[name] if kind == "figure" else f"\n```console\n{self.outputs[name].strip()}\n```\n"

    def names(self) -> list[str]:
        """All of them, as ``"table NAME"``."""
        return [f"{kind} {name}" for kind in KINDS for name in self[kind]]


def fill(documents: Mapping[str, str], made: Made) -> dict[str, str]:
    """The documents with all that is made in its place; one thing may stand in several places.

    Args:
        documents: name, which errors begin with → text.

    Raises:
        CldiError: a name in a text is not made, or what is made stands nowhere; a comment has no partner; a table
            stands outside.
    """
    used: set[str] = set()
    filled = {name: _filled(name, text, made, used) for name, text in documents.items()}
    if unused := [name for name in made.names() if name not in used]:
        raise CldiError(f"no document has a place for: {', '.join(unused)}")
    return filled


def _filled(document: str, text: str, made: Made, used: set[str]) -> str:
    """One document; ``used`` hears of what stands in it."""

    def written(found: re.Match[str]) -> str:
        kind, name, _ = found.groups()
        if kind is None:
            return found[0]
        if name not in made[kind]:
            raise CldiError(f"{document}: nothing makes the {kind} {name!r}; choose from: {', '.join(made[kind])}")
        used.add(f"{kind} {name}")
        return f"<!-- {kind}: {name} -->{made.written(kind, name)}<!-- end -->"

    filled = _PART.sub(written, text)
    outside = _PART.sub("", text)
    if lonely := _MARK.search(outside):
        raise CldiError(f"{document}: {lonely[0]} has no partner; write <!-- table: NAME --> … <!-- end -->")
    if hand := re.search(r"^\s*\|.*$", outside, re.MULTILINE):
        raise CldiError(
            f"{document}: a table is typed by hand: {hand[0].strip()[:60]}; let tools/documents make it, or "
            "put a table without figures between <!-- words --> and <!-- end -->"
        )
    return filled
