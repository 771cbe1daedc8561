"""Word lists as people have them become the list of a pair in a data set, and a report says what was made of them.

``look`` reads one and writes nothing; ``store`` writes what was looked at; ``import_lists`` does both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset, create
from cldi_core.data.wordlists import Row
from cldi_core.errors import DatasetError, LexiconError, unknown_name
from cldi_core.imports import fit, list_remarks, tags
from cldi_core.imports.list_layout import find, mmid_language
from cldi_core.imports.list_reading import Reading, lines_of
from cldi_core.imports.report import Report, keep

KIND = "lists"


@dataclass(frozen=True)
class Looked:
    """One word list that was read, and not yet stored.

    Attributes:
        name: the file, as it was given.
        pair: the language pair, such as ``"en-de"``.
        rows: what can be used, in the order of the file, repeated lines included.
        report: what was read, left out, changed, and looks odd; its ``format`` says what the file was taken for.
    """

    name: str
    pair: str
    rows: list[Row]
    report: Report

    @property
    def format(self) -> str:
        """What the file was taken for, in a few words."""
        return self.report.format

    @cached_property
    def summary(self) -> wordlists.Summary:
        """The list in numbers, see ``wordlists.summary``."""
        return wordlists.summary(self.name, self.pair, self.rows)


def import_lists(dataset: Path, files: Sequence[Path], pair: str | None = None, pos: str | None = None) -> list[Looked]:
    """Read word lists into ``lexicon/``; all files are read before the first is written.

    Args:
        pair: of the files' languages, where their names do not say it.
        pos: "N", "V" or "A" for the words of lists that have no parts of speech; without it they are "X".

    Raises:
        LexiconError: a file that cannot be read, or holds nothing usable; DatasetError: two lists of one pair.  Nothing
            is written then.  Single lines that cannot be used are in the reports.
    """
    there = Dataset(dataset) if (dataset / "dataset.toml").is_file() else None
    looked = [look(file, str(file), pair, pos, dataset=there) for file in files]
    store(dataset, looked)
    return looked


def store(dataset: Path, looked: Sequence[Looked]) -> None:
    """Write lists that were looked at to a data set, which is made if need be, and keep their reports.

    Raises:
        DatasetError: two of the lists are of one pair, or the data set cannot be written to.
    """
    pairs = [one.pair for one in looked]
    for one in looked:
        if pairs.count(one.pair) > 1:
            raise DatasetError(f"two of the files are lists of the pair {one.pair}; import one list per pair")
    create(dataset)
    with storage.lock(dataset):
        for one in looked:
            path = dataset / "lexicon" / f"{one.pair}.tsv"
            before = storage.read_bytes(path, storage.LARGE) if path.is_file() else b""
            wordlists.write_list(path, one.rows)
            if before and before != storage.read_bytes(path, storage.LARGE):
                one.report.remarks.append(f"it replaced another list of {one.pair} that the data set had")
        for one in looked[-1:]:  # of all lists together
            one.report.remarks += fit.remarks(dataset)
        for one in looked:
            keep(dataset, one.report)


def look(
    source: Path | bytes,
    name: str,
    pair: str | None = None,
    pos: str | None = None,
    *,
    dataset: Dataset | None = None,
) -> Looked:
    """Read a word list of any format that people have; nothing is written.

    Args:
        source: the file, or what it holds.
        name: of the file, by which the pair is told unless ``pair`` is given.
        pos: as ``import_lists``.
        dataset: one whose pictures tell whether the list is of another pair; without it only the letters do.

    Raises:
        LexiconError: it cannot be read, is neither UTF-8 nor marked UTF-16, tells no pair, or holds nothing usable.
    """
    if pos is not None and pos not in wordlists.POS:
        raise unknown_name("part of speech", pos, wordlists.POS)
    shown = name.encode("utf-8", "replace").decode()  # a file's name may be bytes that no text has
    file = Path(shown).name
    foreign = mmid_language(file)
    if pair is not None:
        pair = "-".join(wordlists.pair_languages(pair))
    else:
        pair = f"en-{foreign}" if foreign else wordlists.pair_of(file)
    lines, encoding = lines_of(source, shown)
    layout = find(lines, file, pair)
    found = Reading(layout, pos or tags.OTHER, Report(KIND, shown, f"{layout.name}{encoding}"))
    with wordlists.many_rows():
        found.read(lines)
        return _looked(shown, pair, found, pos, dataset)


def _looked(name: str, pair: str, found: Reading, pos: str | None, dataset: Dataset | None) -> Looked:
    """What was read, with its numbers and what looks odd in its report."""
    report, layout = found.report, found.layout
    if not found.rows:
        first = next(iter(report.missing.kept), None)
        why = f" ({first.place}: {first.text})" if first else ""
        raise LexiconError(f"none of the lines of {name!r} is a word pair{why}; it was taken for a {layout.name}")
    looked = Looked(name, pair, found.rows, report)
    counted = {name: value for name, value in looked.summary.items() if name not in ("file", "pair")}
    report.counts |= {**counted, "repeated": len(found.rows) - len(set(found.rows))}
    report.remarks += list_remarks.of_tags(layout, found, pos)
    report.remarks += list_remarks.of_words(pair, found, dataset)
    return looked
