"""What commands print: JSON, bars of progress, and what could not be used."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import typer

from cldi_core.commands.progress_lines import Lines, State
from cldi_core.data.counting import counted

QUIET = 1.0  # seconds until a bar is shown where there is often nothing to do


def print_json(value: object) -> None:
    """One JSON document on standard output; it is all that a command with ``--json`` prints there."""
    print(json.dumps(_finite(value), ensure_ascii=False))


def _finite(value: Any) -> Any:
    """JSON has neither nan nor infinity: they become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def results(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The records of ``tables.table`` as lines: MRR with its interval, P@1, P@10, ``–`` where nothing was measured."""
    from cldi_core.evaluation import tables
    from cldi_core.evaluation.metrics import ENOUGH

    wide = max((len(row["method"]) for row in records), default=0)
    pairs = _pairs(records)
    long = max(8, *map(len, pairs), 0)
    figures = f"{'MRR, 95 %':20} {'P@1':>5} {'P@10':>5} {'n':>5} {'words':>5} coverage MRR of all"
    yield f"{'pair':{long}} {'method':{wide}} {'POS':4} {figures}"
    for row, pair in zip(records, pairs, strict=True):
        mrr = tables.interval_of(row, "mrr").text(number)
        hits = " ".join(f"{number(row[name]):>5}" for name in ("p@1", "p@10"))
        yield (
            f"{pair:{long}} {row['method']:{wide}} {row['setting']:4} {mrr:20} {hits} "
            f"{row['n']:5d} {row['clusters']:5d} {number(row['coverage']):>8} {number(row['mrr_all']):>10}"
        )
    yield (
        "n: queries; MRR of all: those without pictures count as 0; words: what the intervals are over; there is none "
        f"below {ENOUGH} words"
    )


def _pairs(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the records are of; averages with their direction where there are two."""
    two = len({row.get("direction") for row in records}) > 1
    return [f"{row['pair']}, {row['direction']}" if two and "-" not in row["pair"] else row["pair"] for row in records]


def comparisons(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The records of ``tables.compared`` as lines; ``*`` marks those that survive Holm's correction."""
    from cldi_core.evaluation import tables
    from cldi_core.evaluation.significance import ALPHA, DRAWS

    names = [f"{row['one']} to {row['other']}" for row in records]
    heading, pairs = "difference (MRR) of", _pairs(records)
    wide = max(map(len, [heading, *names]))
    long = max(8, *map(len, pairs), 0)
    counts = f"{'won':>4} {'lost':>4} {'level':>5} {'words':>5}"
    yield f"\n{'pair':{long}} {'POS':4} {heading:{wide}} {'95 %':24} {'p':>7} {'Holm':>7} {counts}"
    for row, name, pair in zip(records, names, pairs, strict=True):
        found = f"{tables.interval_of(row, 'mrr').text(number)}{' *' if tables.survives(row) else ''}"
        ps = " ".join(f"{number(row[key], 4):>7}" for key in ("p", "p_holm"))
        yield (
            f"{pair:{long}} {row['setting']:4} {name:{wide}} {found:24} {ps} "
            f"{row['won']:4d} {row['lost']:4d} {row['level']:5d} {row['clusters']:5d}"
        )
    yield (
        f"bootstrap and permutation over words, {DRAWS} draws each; Holm: p after the correction for all lines of a "
        f"direction; *: below {ALPHA:g}, with an interval that excludes 0"
    )


def suspected(pairs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How many queries findings take away, in a line for each pair.

    Args:
        pairs: pair → ``queries``, ``taken`` and ``findings`` (finding → how many queries).
    """
    from cldi_core.insight.clean import label

    yield "without queries of which, or of a right answer of which, something may mislead (one may count several times)"
    for name, one in pairs.items():
        why = "; ".join(f"{label(finding)}: {count}" for finding, count in one["findings"].items() if count)
        yield f"{name}: {one['taken']} of {counted(one['queries'], 'query')} taken away" + (f": {why}" if why else "")


def number(value: float, digits: int = 2) -> str:
    """Decimals, and no minus before what is rounded to nothing; ``–`` for nan."""
    return "–" if math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"


class Bar:
    """What long work is told to: a bar on a terminal, elsewhere a line every 30 s (``progress_lines``).

    Called with what is done, all there is (0 where nobody knows), and how many failed.
    """

    def __init__(self, bar: Any, what: str, unit: str, clock: Callable[[], float]) -> None:
        self._bar, self._what, self._clock = bar, what, clock
        self._state = State(what, unit, clock())

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """How far it is."""
        bar = self._bar
        if self._state.first is None:
            bar.initial = done  # what was done before does not count for the rate
        self._state.tell(self._clock(), done, total, failed)
        bar.total = total
        if failed:
            bar.set_postfix_str(f"{failed} failed", refresh=False)
        bar.update(done - bar.n)

    def stage(self, name: str, unit: str = "") -> None:
        """What follows is another part of the work, ``"evidence"``, and counts anew, also in another unit."""
        self.begin(f"{self._what}, {name}", unit)

    def begin(self, what: str, unit: str = "") -> None:
        """What follows is another work, and counts anew."""
        self._state = State(what, unit or self._state.unit, self._clock())
        self._bar.reset()
        self._bar.unit = f" {self._state.unit}"
        self._bar.set_description(what, refresh=False)

    def beside(self, text: str) -> None:
        """What is shown beside the numbers, such as a loss."""
        self._state.beside = text
        self._bar.set_postfix_str(text, refresh=False)

    def line(self) -> str:
        """How far it is, in words."""
        return self._state.line(self._clock())


@contextmanager
def progress(
    what: str, unit: str = "pictures", clock: Callable[[], float] = time.monotonic, *, delay: float = 0.0
) -> Iterator[Bar]:
    """How far long work is, with a rate and the time left, on standard error: a bar, or lines where it is no terminal.

    Args:
        what: is done, ``"scoring en-de"``; unit: what is counted, in the plural.
        clock: seconds that never go back.
        delay: seconds until a bar is shown: where there is often nothing to do.
    """
    from tqdm import tqdm

    is_terminal = sys.stderr.isatty()
    with tqdm(desc=what, unit=f" {unit}", disable=not is_terminal, delay=delay) as shown:
        bar = Bar(shown, what, unit, clock)
        with nullcontext() if is_terminal else Lines(bar.line, sys.stderr):
            yield bar


@contextmanager
def epochs() -> Iterator[Callable[..., None]]:
    """As ``progress``, of the epochs of one training after the other.

    It is told what is trained, the epochs done, how many there are at most, and what to show beside.
    """
    shown = ""
    with progress("training", "epochs") as bar:

        def update(what: str, done: int, total: int, beside: str) -> None:
            nonlocal shown
            if shown != what:
                shown = what
                bar.begin(what)
            bar.beside(beside)
            bar(done, total)

        yield update


def failures(failed: list[dict[str, str]]) -> None:
    """Name what could not be used and end with 1, since not all the work was done."""
    listed(failed, "not used")
    if failed:
        raise typer.Exit(1)


def listed(rows: list[dict[str, str]], what: str) -> None:
    """Say on standard error what became of some files, and why: the first twenty."""
    for row in rows[:20]:
        print(f"{what}: {row['file']!r}: {row['reason']}", file=sys.stderr)
    if len(rows) > 20:
        print(f"… and {len(rows) - 20} more", file=sys.stderr)
