"""The bytes of a word list as lines of text, and its lines as rows: what can be used, and what becomes of the rest."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

from cldi_core.data import storage, wordlists
from cldi_core.data.wordlists import Row
from cldi_core.errors import LexiconError
from cldi_core.imports import tags, words
from cldi_core.imports.list_layout import Layout
from cldi_core.imports.report import Report

UNUSABLE = "not a word pair"
QUOTES, NO_TAG = "quotes round a word taken off", "no part of speech"
# What opens a quotation → what may close it.
QUOTATIONS = {'"': '"', "'": "'", "“": "”", "„": "“”", "«": "»", "»": "«", "‘": "’", "‚": "‘’", "‹": "›", "›": "‹"}
# Byte order marks → encoding, and what is said of it.
MARKS = {
    codecs.BOM_UTF8: ("utf-8", ", with a byte order mark"),
    codecs.BOM_UTF16_LE: ("utf-16-le", ", in UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", ", in UTF-16"),
}
WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)  # the first begins as UTF-16 does


def lines_of(source: Path | bytes, name: str) -> tuple[list[str], str]:
    """The lines of a file or of what it holds, without their ends, and what is to be said of its encoding.

    Raises:
        LexiconError: no regular file that can be read, larger than ``storage.LARGE``, or of another encoding.
    """
    data = source if isinstance(source, bytes) else wordlists.bytes_of(source, name)
    if len(data) > storage.LARGE:
        raise LexiconError(f"{name!r} is larger than the {storage.LARGE:,} bytes that are accepted; split it")
    try:
        storage.check_lines(data)
    except OSError as error:
        raise LexiconError(f"{name!r} cannot be read: {error}; split it") from None
    mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
    encoding, said = MARKS.get(mark, ("utf-8", ""))
    data = data.removeprefix(mark)
    wide = (mark + data).startswith(WIDE) or (not mark and data.count(0) > len(data) / 8)
    try:
        if wide:
            raise UnicodeDecodeError("utf-8", data, 0, 1, "UTF-16 or UTF-32")
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _foreign(data, encoding, error.start, name, wide=wide) from None
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), said


def _foreign(data: bytes, encoding: str, place: int, name: str, *, wide: bool) -> LexiconError:
    """One line for text of another encoding, with the line of the file where that shows."""
    number = data[:place].decode(encoding, "replace").count("\n") + 1
    line = data[data.rfind(b"\n", 0, place) + 1 : place + 40].split(b"\n")[0].removesuffix(b"\r")
    looks = " but looks like UTF-16 or UTF-32 without its mark" if wide else ""
    expected = encoding[:6].upper().removesuffix("-")
    return LexiconError(
        f"{name!r}, line {number}: {line[-80:]!r} is not {expected}{looks}; accepted: UTF-8 text, or UTF-16 with a "
        "byte order mark; save the file again with the encoding UTF-8"
    )


class Reading:
    """Rows made of lines; what is left out or changed on the way goes into a report.

    Attributes:
        rows: the word pairs.
        numbers: the line of each, from 1.
        unknown: tags that name no part of speech, with the number of rows that have them.
    """

    def __init__(self, layout: Layout, pos: str, report: Report) -> None:
        self.layout, self.pos, self.report = layout, pos, report
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.unknown: dict[str, int] = {}

    def read(self, lines: Sequence[str]) -> None:
        """Read all lines, of which the first is number 1."""
        layout, separator, columns = self.layout, self.layout.separator, self.layout.columns
        source, target, tag, header = layout.source, layout.target, layout.tag, layout.header
        # What is looked at once for the whole need not be looked at for each word.
        is_plain = str.isalnum if words.has_plain_letters("\n".join(lines)) else words.is_plain
        known, longest = wordlists.POS, words.MAX_WORD
        for number, line in enumerate(lines, 1):
            cells = line.split(separator)
            # Most lines of any list; they would come out of the careful way as they are, at a fifth of the speed.
            if (
                len(line) <= longest
                and len(cells) == columns
                and is_plain(cells[source])
                and is_plain(cells[target])
                and number != layout.header
            ):
                letter = cells[tag] if tag >= 0 else self.pos
                if letter not in known:
                    letter = self._letter(letter, number)
                self.rows.append(Row(cells[source], cells[target], letter))
                self.numbers.append(number)
            elif line and not line.isspace() and number != header:
                self._read_with_care(line, number)

    def _read_with_care(self, line: str, number: int) -> None:
        if len(line) < 100 and not line.strip(f'{self.layout.separator} \t"'):
            return  # a line of a table without anything in it
        try:
            pairs = list(self.layout.pairs(line))
        except LexiconError as error:
            self._leave_out(number, line, error)
            return
        for source, target, tag in pairs:
            try:
                row = Row(self._word(source, number), self._word(target, number), self._letter(tag, number))
            except LexiconError as error:
                self._leave_out(number, line, error)
            else:
                self.rows.append(row)
                self.numbers.append(number)

    def _leave_out(self, number: int, line: str, error: LexiconError) -> None:
        shown = f"{line[:60]!r}{'…' if len(line) > 60 else ''}"
        self.report.missing.add(UNUSABLE, f"line {number}", f"{shown}: {error}")

    def _word(self, cell: str, number: int) -> str:
        if words.is_clean(cell) and cell[0] not in QUOTATIONS:
            return cell
        word, kinds = words.clean(cell)
        if len(word) > 2 and word[-1] in QUOTATIONS.get(word[0], ""):
            inner = word[1:-1].replace('""', '"')
            if not set(inner) & {word[0], word[-1]}:
                word, more = words.clean(inner)
                kinds = (*kinds, *more, QUOTES)
        for kind in dict.fromkeys(kinds):
            self.report.changed.add(kind, f"line {number}", f"{cell!r} is now {word!r}")
        return word

    def _letter(self, tag: str, number: int) -> str:
        if tag in wordlists.POS:
            return tag
        name = tag.strip(' "')
        if not name:
            if self.layout.tag >= 0:
                self.report.changed.add(NO_TAG, f"line {number}", f"it is now {self.pos!r}")
            return self.pos
        if not tags.is_tag(name):
            self.unknown[name] = self.unknown.get(name, 0) + 1
        return tags.letter(name)
