"""Tables as CSV: nothing in them is a formula to any spreadsheet, and what was written can be read back."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.csv_safe import as_csv, original, safe
from tests.pages.hostile import CORPUS

ATTACKS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1",
    "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://evil.example")', "=cmd|' /C calc'!A0", "x;=1", "x\n=1", "x\t=1",
    "x\r\n+1", '"=1', "'=1", "''=1", "' =1", 'a";=1', "a;'=1", "-", "=", "; ;-", "-0.5 [-0.7, -0.3]",
)  # fmt: skip
HARMLESS = (
    "a",
    "",
    "a=1",
    "a-b",
    "10:30",
    "0.5 [0.4, 0.6]",
    "▲ +.04",
    "−1",
    "'tis",
    "a'b",
    "well-known",
    "1e3",
    "x;y",
    "Köter",
)
SEPARATORS = (",", ";", "\t")


def is_formula(cell: str) -> bool:
    """A naive spreadsheet: what it passes over before a cell begins, and what it then takes for a formula."""
    while cell and (cell[0].isspace() or cell[0] in '\u200b\ufeff"'):
        if cell[0] in "\t\r":
            return True
        cell = cell[1:]
    return bool(cell) and cell[0] in "=+-@＝＋－＠"


def cells(text: str, separator: str) -> list[str]:
    """All cells of a file as a program reads it that cuts lines at ``separator``."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]


def written(frame: pd.DataFrame, **how: bool) -> str:
    data = as_csv(frame, **how)
    assert data.startswith(b"\xef\xbb\xbf"), "Excel needs it for umlauts"
    return data.decode("utf-8-sig")


@pytest.mark.parametrize("text", [*ATTACKS, *CORPUS])
def test_no_cell_is_a_formula_however_the_file_is_cut(text: str) -> None:
    """Lines are cut at commas, semicolons or tabs, by readers of quotes and by those who know none."""
    made = written(pd.DataFrame({"word": ["a", text], text: ["b", text], "n": [1, 2]}))
    for separator in SEPARATORS:
        # Whoever cuts at commas knows quotes; others find quotes within cells, and leave them there.
        plain = [part for line in made.splitlines() for part in line.split(separator) if separator != ","]
        assert not any(map(is_formula, [*cells(made, separator), *plain])), separator
    read = pd.read_csv(io.BytesIO(as_csv(pd.DataFrame({"x": [text]}))), encoding="utf-8-sig", keep_default_na=False)
    if "\r" not in text and "\n" not in text and "\0" not in text:  # a reader of CSV may read those as line ends
        assert original(str(read["x"][0])) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert safe(text) == text == original(text)


def test_every_text_can_be_read_back() -> None:
    draw = random.Random(0)
    for _ in range(5000):
        text = "".join(draw.choices("=+-@'\" ;,\t\r\nax＝\u200b", k=draw.randint(0, 7)))
        assert original(safe(text)) == text, repr(text)
        assert not any(is_formula(part) for part in [safe(text)]), repr(text)


def test_numbers_stay_numbers_and_what_is_missing_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "whole": [-3, 4], "part": [-0.1, np.nan], "single": np.array([0.1, -2.5], np.float32),
            "mixed": ["=x", -1.5], "none": [None, pd.NA], "truth": [True, False], "kind": pd.Categorical(["-a", "b"]),
            "list": [["=1"], ("a",)],
        }
    )  # fmt: skip
    made = written(frame)
    assert made.splitlines()[1] == '-3,-0.1,0.10000000149011612,"\'=x","",True,"\'-a","[\'=1\']"'
    read = pd.read_csv(io.StringIO(made))
    assert read["whole"].tolist() == [-3, 4] and read["part"][0] == -0.1 and np.isnan(read["part"][1])
    assert read["mixed"].tolist() == ["'=x", "-1.5"] and read["kind"].tolist() == ["'-a", "b"]
    assert read["none"].isna().all()


def test_labels_and_levels_of_headings_are_written_too() -> None:
    columns = pd.MultiIndex.from_tuples([("en-de", "=MRR"), ("-x", "")])
    frame = pd.DataFrame([[1, 2]], columns=columns, index=pd.Index(["=row"], name="-name"))
    assert written(frame, index=True) == '"\'-name","en-de =MRR","\'-x"\r\n"\'=row",1,2\r\n'
    assert written(frame.reset_index(drop=True)) == '"en-de =MRR","\'-x"\r\n1,2\r\n'
    assert written(pd.DataFrame({"a": []})) == '"a"\r\n'


def test_a_name_that_is_no_text_is_written_as_far_as_it_is() -> None:
    assert (
        as_csv(pd.DataFrame({"file": pd.Series(["a\udcff.png"], dtype=object)})).decode("utf-8-sig").splitlines()[1]
        == '"a?.png"'
    )
