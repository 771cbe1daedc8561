"""Judgements as tables: what is written comes back, nothing acts in a spreadsheet, and nothing goes in silence."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from cldi_core.data import judgement_tables, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.errors import DatasetError, UnknownNameError

HEADER = "pair\tword\tpos\tcandidate\tverdict\tnote\tjudge\n"
GOOD = "en-de\trun\tV\tgroß\tacceptable\ta note\tAnn\n"
TEXTS = (
    "=1+1", "+1", "-ish", "@SUM(A1)", "'=x", "''x", "'tis", "'", "''", '"', 'a "b" c', '"=1"', "＝1", "a,b;c",
    "<b>x</b>", "🤷", "#N/A", "1e5", "x=1",
)  # fmt: skip


def read(text: str, dataset: Dataset) -> judgement_tables.Table:
    return judgement_tables.from_tsv(text.encode(), dataset)


@pytest.fixture
def odd(small: Dataset) -> Dataset:
    """The tiny data set whose words are hostile texts."""
    rows = [wordlists.Row(f"{text}" or "x", f"{text}", "N") for text in TEXTS]
    wordlists.write_list(small.path / "lexicon" / "en-xx.tsv", rows)
    return Dataset(small.path)


def test_what_is_exported_is_imported_as_it_was(odd: Dataset) -> None:
    given = [
        Judgement("en-xx", text, "N", TEXTS[number - 1], ("acceptable", "wrong")[number % 2], text, "t")
        for number, text in enumerate(TEXTS)
    ]
    table = judgement_tables.to_tsv(given, "=Ann")
    found = read(table, odd)
    assert found.left_out == ()
    assert [replace(one, time="t") for one in found.judgements] == given
    seen = list(csv.reader(io.StringIO(table), "excel-tab"))
    assert [len(cells) for cells in seen] == [7] * (len(TEXTS) + 1)
    assert not [cell for cells in seen for cell in cells if cell.startswith(tuple("=+-@＝"))]


def test_a_spreadsheet_may_have_saved_it(small: Dataset) -> None:
    """With a byte order mark, other line ends, quotes, other cases, other columns and empty lines."""
    text = (
        '\ufeffVerdict\tnote\tCandidate\tPOS\tWord\tpair\r\n\r\n"Acceptable"\t"say ""x"""\tgroß\tverb\trun\ten-de\r\n'
        "WRONG\t\tgro\u00df\tadj\tred\ten-de"
    )
    found = read(text, small)
    assert found.left_out == ()
    assert [(one.query, one.candidate, one.verdict, one.note) for one in found.judgements] == [
        ("run.V", "groß", "acceptable", 'say "x"'), ("red.A", "groß", "wrong", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("en-xx\trun\tV\tgroß\twrong\t\tAnn", "unknown pair 'en-xx'"),
        ("../..\trun\tV\tgroß\twrong\t\tAnn", "unknown pair"),
        ("en-de\tfly\tV\tgroß\twrong\t\tAnn", "unknown word 'fly' ('V')"),
        ("en-de\trun\tN\tgroß\twrong\t\tAnn", "unknown word 'run' ('N')"),
        ("en-de\trun\tV\tBaum\twrong\t\tAnn", "'Baum' is not a candidate"),
        ("en-de\trun\tV\tgroß\tmaybe\t\tAnn", "unknown verdict 'maybe'; choose from: acceptable, wrong"),
        ("en-de\trun\tV\tgroß\twrong\t" + "x" * 501 + "\tAnn", "the note has 501 characters"),
        ("en-de\trun\tV\tgroß\twrong\t\tAnn\tmore", "it has 8 cells"),
        ("en-de", "unknown word ''"),
        ('"en-de\trun\tV\tgroß\twrong\t\tAnn', "its quotation marks"),
        ("en-de\trun\tV\tgroß\twrong\ta\rb\tAnn", "line ends do not fit"),
        ("\x00", "unknown pair"),
    ],
)
def test_each_line_that_is_not_taken_is_named(small: Dataset, line: str, reason: str) -> None:
    found = read(f"{HEADER}{GOOD}{line}\n{GOOD.replace('run', 'red').replace('V', 'A')}", small)
    assert [one.query for one in found.judgements] == ["run.V", "red.A"], "the others are"
    (left_out,) = found.left_out
    assert left_out.line == 3 and reason in left_out.reason and left_out.text == line[:80]
    assert len(left_out.reason) < 150


def test_of_two_lines_of_the_same_the_last_counts(small: Dataset) -> None:
    found = read(HEADER + GOOD + GOOD.replace("acceptable", "wrong"), small)
    assert [one.verdict for one in found.judgements] == ["wrong"]
    assert [(one.line, one.reason) for one in found.left_out] == [(2, "line 3 is of the same")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "does not name the columns pair, word"), (b"\xff\xfe", "is not UTF-8"), (GOOD.encode(), "does not name"),
        (b"pair\tword\tpos\tcandidate\n", "does not name the columns verdict"), (b'"', "does not name the columns"),
        (b"x" * (judgement_tables.MAX_BYTES + 1), "larger than the 5,000,000 bytes"), (b"\x89PNG\x00\x1a", "UTF-8"),
    ],
    ids=list("abcdefg"),
)  # fmt: skip
def test_what_is_no_such_table_is_refused_in_one_line(small: Dataset, raw: bytes, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason) as told:
        judgement_tables.from_tsv(raw, small)
    assert "\n" not in str(told.value) and len(str(told.value)) < 250


def test_a_list_has_what_was_accepted_and_not_what_was_judged_wrong(small: Dataset) -> None:
    given = [
        Judgement("en-de", "run", "V", "groß", "acceptable"), Judgement("en-de", "dog", "N", "Köter", "wrong"),
        Judgement("en-de", "hat", "N", "Hand", "wrong"), Judgement("en-de", "red", "A", "rot", "acceptable"),
        Judgement("de-en", "Hand", "N", "hat", "acceptable"), Judgement("en-fr", "red", "A", "groß", "acceptable"),
    ]  # fmt: skip
    kept = [row for row in small.lexicon("en-de") if row != wordlists.Row("dog", "Köter", "N")]
    made = judgement_tables.as_list(small, "en-de", given)
    assert made == [*kept, wordlists.Row("run", "groß", "V"), wordlists.Row("hat", "Hand", "N")]
    with pytest.raises(UnknownNameError):
        judgement_tables.as_list(small, "en-xx", given)
