"""Image folders: pictures with ``metadata.csv`` or ``metadata.jsonl`` beside them, or folders whose names are words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cldi_core.data import parsing
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports.labelled import NO_LABEL, Labelled, word_column
from cldi_core.imports.paths import shown
from cldi_core.imports.report import Report
from cldi_core.imports.trees import Tree, open_tree

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
METADATA = ("metadata.csv", "metadata.jsonl")
SPLITS = frozenset(("train", "test", "validation", "valid", "val", "dev", "eval"))
NOT_READ, BESIDE = "file that is not read", "file that is no picture"
NO_LINE, LOST = "line of metadata that names no file and word", "picture of the metadata that is not there"

Names = tuple[str, ...]  # the folders that lead to a file


def labelled(source: Path, word: str, report: Report) -> Iterator[Labelled]:
    """The pictures of an image folder with their labels, in its order; the report hears of everything else.

    Args:
        word: the column of the metadata that holds the words, where that is not clear.

    Raises:
        DatasetError: the metadata cannot be used.
    """
    tree = open_tree(source)
    metadata, splits = _metadata(tree, word, report)
    kinds = ["metadata" if metadata else "folders as words"] + ["splits"] * splits
    report.format = f"an image folder with {' and '.join(kinds)}"
    met: set[tuple[str, ...]] = set()
    for entry in tree.entries(lambda place, reason: report.missing.add(NOT_READ, place, reason)):
        place = shown("/".join(entry.path))
        if entry.path[-1] in METADATA:
            continue
        if Path(entry.path[-1]).suffix.lower() not in PICTURES:
            report.passed.add(BESIDE, place)
            continue
        met.add(entry.path)
        label = metadata.get(entry.path, "") if metadata else _folder(entry.path, splits=splits)
        if not label:
            report.missing.add(NO_LABEL, place)
            continue
        try:
            yield Labelled(label, place, entry.read())
        except OSError as error:
            report.missing.add(NOT_READ, place, in_one_line(error))
    for path in metadata:
        if path not in met:
            report.missing.add(LOST, shown("/".join(path)))
    report.junk.update(tree.junk)


def _folder(path: tuple[str, ...], *, splits: bool) -> str:
    """The name of the folder that a picture lies in, if that is not a split's."""
    folders = path[splits:-1]
    return folders[-1].replace("_", " ") if folders else ""


def _metadata(tree: Tree, word: str, report: Report) -> tuple[dict[tuple[str, ...], str], bool]:
    """The path of each picture of the metadata → its word; and whether the uppermost folders are splits."""
    found: dict[tuple[str, ...], str] = {}
    tops: set[str] = set()
    for entry in tree.entries(lambda place, reason: None):  # told when the pictures are read
        if len(entry.path) > 1:
            tops.add(entry.path[0].lower())
        if entry.path[-1] in METADATA:
            place = shown("/".join(entry.path))
            try:
                text = entry.read().decode("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise DatasetError(f"{place!r} cannot be read ({in_one_line(error)}); expected UTF-8") from error
            rows = _csv(text) if place.endswith(".csv") else _jsonl(text, place, report)
            for path, label in _lines(rows, place, word, report):
                found[entry.path[:-1] + path] = label
    return found, bool(tops) and tops <= SPLITS


def _lines(
    rows: Iterator[tuple[int, Mapping[Any, Any]]], place: str, word: str, report: Report
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path of each line, from the metadata's own folder, and its word."""
    column = ""
    for number, row in rows:
        columns = [str(name) for name in row if name and name != "file_name"]
        column = column or word_column(columns, word, place)
        name, label = row.get("file_name"), row.get(column)
        if not isinstance(name, str) or not name or not isinstance(label, str | int) or label == "":
            report.missing.add(NO_LINE, f"{place}, line {number}")
            continue
        yield tuple(part for part in name.split("/") if part not in ("", ".")), str(label)


def _csv(text: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DatasetError(f"metadata.csv, line {reader.line_num}: {in_one_line(error)}") from error


def _jsonl(text: str, place: str, report: Report) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parsing.parsed_json(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield number, row
        else:
            report.missing.add(NO_LINE, f"{place}, line {number}")
