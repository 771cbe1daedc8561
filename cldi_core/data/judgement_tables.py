"""Judgements as tables: a TSV that people exchange and open in a spreadsheet, and word lists with what was accepted.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it (``csv_safe.safe``); reading
takes that one apostrophe away, so every text comes back as it was.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cldi_core.data import candidates, csv_safe
from cldi_core.data.judgements import ACCEPTABLE, VERDICTS, WRONG, Judgement, Key, checked
from cldi_core.data.wordlists import POS_ALIASES, Row
from cldi_core.errors import CldiError, DatasetError

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset

COLUMNS = ("pair", "word", "pos", "candidate", "verdict", "note", "judge")
NEEDED = COLUMNS[:5]
MAX_BYTES = 5_000_000  # of a table that is imported


@dataclass(frozen=True)
class LeftOut:
    """A line of a table that was not taken: its number, from 1, what it says, shortened, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Table:
    """What a table holds: the judgements that can be taken, in its order, and the lines that cannot."""

    judgements: tuple[Judgement, ...]
    left_out: tuple[LeftOut, ...]


def to_tsv(judgements: Iterable[Judgement], name: str) -> str:
    """A TSV of judgements with a header; ``name`` is in the last column of each row."""
    made = io.StringIO()
    writer = csv.writer(made, "excel-tab", lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in judgements:
        writer.writerow(map(csv_safe.safe, (*one.key, one.verdict, one.note, name)))
    return made.getvalue()


def from_tsv(data: bytes, dataset: Dataset) -> Table:
    """The judgements of a table that a data set knows the words of; no line goes without being named.

    The columns go by the names in the first line, in any order; ``note`` and ``judge`` may be missing, and ``judge`` is
    not looked at.  A query and candidate that come twice count as the last of them.

    Raises:
        DatasetError: it is too large, not UTF-8, or its first line does not name the columns.
    """
    lines = _lines(data)
    header = [name.strip().lower() for name in _cells(lines[0]) or ()]
    if missing := [name for name in NEEDED if name not in header]:
        raise DatasetError(
            f"the first line does not name the columns {', '.join(missing)}; expected: {', '.join(COLUMNS)}, separated "
            "by tabs"
        )
    known = _Known(dataset)
    taken: dict[Key, tuple[int, Judgement]] = {}
    left_out = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        read = _judgement(line, header, known)
        if isinstance(read, str):
            left_out.append(LeftOut(number, line[:80], read))
            continue
        if read.key in taken:
            earlier, _ = taken.pop(read.key)
            left_out.append(LeftOut(earlier, lines[earlier - 1][:80], f"line {number} is of the same"))
        taken[read.key] = (number, read)
    return Table(tuple(one for _, one in taken.values()), tuple(sorted(left_out, key=lambda one: one.line)))


def _lines(data: bytes) -> list[str]:
    if len(data) > MAX_BYTES:
        raise DatasetError(f"the table is larger than the {MAX_BYTES:,} bytes that are accepted")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError("the table is not UTF-8; save it as text in UTF-8, separated by tabs") from error
    return [line.removesuffix("\r") for line in text.split("\n")]


def _cells(line: str) -> list[str] | None:
    """The cells of one line, as spreadsheets write them; ``None`` where the quotes do not fit."""
    try:
        return next(csv.reader([line], "excel-tab", strict=True), [])
    except csv.Error:
        return None


class _Known:
    """What there is to judge, looked up once for each pair."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._pairs: dict[str, tuple[set[tuple[str, str]], set[str]] | None] = {}

    def of(self, pair: str) -> tuple[set[tuple[str, str]], set[str]] | None:
        """The queries (word, pos) and the candidates of a pair; ``None`` where there is no such pair."""
        if pair not in self._pairs:
            try:
                asked = self._dataset.queries(pair)
            except CldiError:
                self._pairs[pair] = None
            else:
                answers = {answer for query in asked for answer in query.right}
                answers.update(candidates.further(self._dataset, pair))
                self._pairs[pair] = {(query.word, query.pos) for query in asked}, answers
        return self._pairs[pair]


def _judgement(line: str, header: Sequence[str], known: _Known) -> Judgement | str:
    """The judgement of one line, or why it is none."""
    cells = _cells(line)
    if cells is None:
        return "its quotation marks or line ends do not fit"
    if len(cells) > len(header):
        return f"it has {len(cells)} cells, the first line {len(header)}"
    row: Mapping[str, str] = {
        name: unicodedata.normalize("NFC", csv_safe.original(cell.strip()))
        for name, cell in zip(header, cells, strict=False)
    }
    pair, word, pos, candidate, verdict = (row.get(name, "") for name in NEEDED)
    one = Judgement(pair, word, POS_ALIASES.get(pos.upper(), pos), candidate, verdict.lower(), row.get("note", ""))
    try:
        return _unknown(one, known) or checked(one)
    except DatasetError as error:
        return str(error)


def _unknown(one: Judgement, known: _Known) -> str:
    """What of a judgement the data set does not have; ``""`` where it has everything."""
    there = known.of(one.pair)
    if there is None:
        return f"unknown pair {one.pair[:40]!r}"
    queries, answers = there
    if (one.word, one.pos) not in queries:
        return f"unknown word {one.word[:40]!r} ({one.pos[:20]!r})"
    if one.candidate not in answers:
        return f"{one.candidate[:40]!r} is not a candidate"
    if one.verdict not in VERDICTS:
        return f"unknown verdict {one.verdict[:40]!r}; choose from: {', '.join(VERDICTS)}"
    return ""


def as_list(dataset: Dataset, pair: str, judgements: Iterable[Judgement]) -> list[Row]:
    """The word list of a pair with what was judged: acceptable candidates are further right answers, at the end.

    Right answers that were judged wrong are left out.  What was judged in the other direction of the list counts too.

    Raises:
        CldiError: there is no list of that pair.
    """
    rows = list(dict.fromkeys(dataset.lexicon(pair)))
    verdicts: dict[Row, str] = {}
    back = "-".join(reversed(pair.split("-")))
    for one in judgements:
        if one.pair == pair:
            verdicts[Row(one.word, one.candidate, one.pos)] = one.verdict
        elif one.pair == back:
            verdicts[Row(one.candidate, one.word, one.pos)] = one.verdict
    kept = [row for row in rows if verdicts.get(row) != WRONG]
    return list(dict.fromkeys([*kept, *(row for row, verdict in verdicts.items() if verdict == ACCEPTABLE)]))
