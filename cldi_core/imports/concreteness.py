"""Somebody's ratings of concreteness become those of a data set."""

from __future__ import annotations

from pathlib import Path

from cldi_core.data import concreteness, storage, wordlists
from cldi_core.data.dataset import Dataset, create
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports.report import Report, keep


def import_concreteness(dataset: Path, file: Path) -> Report:
    """Keep the ratings of a file, of which words and numbers count, as ``concreteness.tsv`` of a data set.

    Its ``counts``: ``words`` that were read, ``lines`` of the file, ``english`` words of the data set and how many of
    them are ``covered``.

    Raises:
        DatasetError: it cannot be read (see ``data.concreteness.read``), or the data set cannot be written to.
    """
    try:
        found = concreteness.read(file)
    except FileNotFoundError as error:
        raise DatasetError(f"there is no file {str(file)!r}; {concreteness.EXPECTED}") from error
    report = Report("concreteness", str(file), "ratings of concreteness")
    made = create(dataset)
    text = "".join(f"{word}\t{value!r}\n" for word, value in found.items())
    with storage.lock(made.path, "import-concreteness"):
        storage.write_text(made.path / concreteness.FILE, text)
    english = _english(made)
    covered = [word for word in english if word in found or word.lower() in found]
    lines = sum(1 for line in storage.read_text(file, storage.LARGE).split("\n") if line.strip())
    report.counts = {"words": len(found), "lines": lines, "english": len(english), "covered": len(covered)}
    keep(made.path, report)
    return report


def _english(dataset: Dataset) -> list[str]:
    """The English words of a data set's lists and pictures, sorted."""
    words: set[str] = set()
    for language in wordlists.ENGLISH:
        words |= set(dataset.members(language))
    for pair in dataset.pairs:
        try:
            sides = wordlists.pair_languages(pair)
            rows = dataset.lexicon(pair)
        except CldiError:
            continue  # which check reports
        words |= {row.source for row in rows} if sides[0] in wordlists.ENGLISH else set()
        words |= {row.target for row in rows} if sides[1] in wordlists.ENGLISH else set()
    return sorted(words)
