"""The tables of docs/PIVOT.md: how they are written, and that its sentences stand on them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from cldi_core.evaluation.metrics import Interval
from tools.documents import pivot
from tools.documents.form import percent, shown

TEXT = (Path(__file__).resolve().parents[2] / "docs/PIVOT.md").read_text("utf-8")
NAN = float("nan")


def cells(table: str, *starts: str) -> list[str]:
    """The row of a table whose first cells are these."""
    body = TEXT.split(f"<!-- table: {table} -->\n")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()]
    (found,) = [row for row in rows if tuple(row[: len(starts)]) == starts]
    return found


def told(row: list[str]) -> str:
    """For each figure of a row ``+``, ``−``, or ``0`` where it is not told from 0; nothing for empty cells."""
    figures = [cell for cell in row if "[" in cell or "(n too small)" in cell]
    return "".join(cell[2] if cell.startswith("**") else "0" for cell in figures)


def test_every_table_has_its_place_and_every_place_its_table() -> None:
    assert re.findall(r"<!-- table: (\S+) -->", TEXT) == list(pivot.tables())
    outside = re.sub(r"<!-- (?:table: \S+|words) -->.*?<!-- end -->", "", TEXT, flags=re.DOTALL)
    assert not re.search(r"^\|", outside, re.MULTILINE), "no table is typed by hand"


def test_sentences_stand_on_the_tables() -> None:
    """Text→picture and picture→text in both languages, then text en→de and de→en."""

    def difference(one: str, data: str) -> str:
        return told(cells("pivot-differences", one, f"`{data}`"))

    assert difference("PIVOT-SYM less VSE", "demo-hard") == "0000++", "the pivot joins the languages"
    assert difference("PIVOT-SYM less ridge regression", "demo-hard") == "−−0+−−"
    assert difference("PIVOT-SYM less spelling", "demo-hard") == "−−"
    assert difference("PIVOT-SYM less PIVOT-ASYM", "demo-hard") == "00++++"
    assert difference("PIVOT-SYM less PIVOT-ASYM", "demo")[4:] == "++"
    for data in ("demo", "demo-hard"):
        assert difference("OE less PIVOT-ASYM", data) == "000000"
        assert "−" not in difference("VSE less OE", data), "order is nowhere above cosine"
    assert difference("PARALLEL-SYM less PIVOT-SYM", "demo") == "0000++"
    assert difference("identity, no pictures less PARALLEL-SYM", "demo") == "00"
    assert difference("PARALLEL-SYM less PARALLEL-SYM, pictures permuted", "demo") == "+++++0"


@pytest.mark.parametrize(
    ("model", "demo", "hard"),
    [("VSE, bridged", "+", "0"), ("OE, bridged", "+", "+"), ("PIVOT-SYM", "+", "0"), ("PIVOT-ASYM", "+", "0"),
     ("PARALLEL-SYM", "0", ""), ("PARALLEL-ASYM", "+", "")],
)  # fmt: skip
def test_what_is_said_of_verbs_stands_on_the_tables(model: str, demo: str, hard: str) -> None:
    on_all, never_seen = told(cells("pivot-words-less", model))[1], told(cells("pivot-words-less", model))[3:]
    assert on_all == demo and never_seen == "+++"
    assert not hard or told(cells("pivot-words-hard-less", model))[1] == hard


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Interval(0.023, 0.003, 0.042, 40), "**+2.3 [+0.3, +4.2]**"),
        (Interval(-0.023, -0.042, -0.003, 40), "**−2.3 [−4.2, −0.3]**"),
        (Interval(0.023, 0.0004, 0.042, 40), "+2.3 [0.0, +4.2]"),
        (Interval(0.023, -0.01, 0.042, 40), "+2.3 [−1.0, +4.2]"),
        (Interval(0.3, NAN, NAN, 19), "+30.0 (n too small)"),
    ],
)
def test_bold_is_what_excludes_0_as_it_is_printed(found: Interval, said: str) -> None:
    assert shown(found, "+", number=percent, digits=3) == said


def test_figures_in_per_cent() -> None:
    assert shown(Interval(0.123, 0.1, 0.2, 30), number=percent) == "12 [10, 20]"
    assert shown(Interval(0.1234, 0.1231, 0.1239, 30), number=percent) == "12.3 [12.3, 12.4]", "bounds are told apart"
    assert percent(1) == "100" and percent(0.004) == "0"


def test_seeds_are_written_shortly() -> None:
    for seeds, said in (([2], "2"), ([3, 2], "2, 3"), ([4, 2, 3, 3], "2–4"), ([2, 3, 5], "2, 3, 5")):
        assert pivot.seeds_of(pd.DataFrame({"seed": seeds})) == said
