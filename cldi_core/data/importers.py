"""From the user's files to a data set: word lists in the published format."""

from __future__ import annotations

from pathlib import Path

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import create
from cldi_core.errors import DatasetError


def import_lists(dataset: Path, files: list[Path], pair: str | None = None) -> list[wordlists.Summary]:
    """Read published word lists into ``lexicon/``; all files are read before the first is written."""
    read = [(file, *wordlists.read_list(file, pair)) for file in files]
    doubled = [name for _, name, _ in read if [other for _, other, _ in read].count(name) > 1]
    if doubled:
        raise DatasetError(f"two of the files are lists of the pair {doubled[0]}; import one list per pair")
    create(dataset)
    with storage.lock(dataset):
        for _, name, rows in read:
            wordlists.write_list(dataset / "lexicon" / f"{name}.tsv", rows)
    return [wordlists.summary(file, name, rows) for file, name, rows in read]
