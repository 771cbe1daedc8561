"""All data sets there are, those that cannot be opened among them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data import remote
from cldi_core.data.answering import ask
from cldi_core.data.dataset import Dataset, requested, root
from cldi_core.errors import DatasetError

SILENT = (-1, -1)  # the size and time of what does not answer


@dataclass(frozen=True)
class Listing:
    """The data sets of ``available``.

    Attributes:
        opened: those that can be used, by what a ``--dataset`` opens them by.
        failed: why the others cannot, in one line each.
    """

    opened: Mapping[str, Dataset]
    failed: Mapping[str, str]

    def find(self, name: str) -> Dataset:
        """One of them.

        Raises:
            DatasetError: it cannot be opened, or is not there any more.
        """
        if name not in self.opened:
            raise DatasetError(self.failed.get(name, f"the data set {name!r} is not there any more"))
        return self.opened[name]


def statuses() -> dict[str, tuple[Path, int, int]]:
    """Of each data set of ``available`` the folder, and what changes when its ``dataset.toml`` does.

    One whose folder does not answer is among them, as it may be one.
    """
    asked = requested()
    named = dict(asked)
    with suppress(OSError), os.scandir(root()) as found:  # there may be no such folder
        named |= {entry.name: Path(entry.path) for entry in sorted(found, key=lambda entry: entry.name)}
    answers = ask(_status, named.values())
    told = {name: (folder, answers.get(folder, SILENT)) for name, folder in named.items()}
    return {name: (folder, *(status or SILENT)) for name, (folder, status) in told.items() if status or name in asked}


def _status(folder: Path) -> tuple[int, int] | None:
    try:
        status = (folder / "dataset.toml").stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def listing(folders: Mapping[str, Path] | None = None) -> Listing:
    """Open every data set of ``available``, or of these: what is wrong with one is nothing to the others."""
    named = {name: folder for name, (folder, *_) in statuses().items()} if folders is None else folders
    opened, failed = {}, {}
    elsewhere = [path for path in named.values() if remote.url_of(path)]  # the network has limits of time of its own
    answers = ask(_open, [path for path in named.values() if path not in elsewhere])
    answers |= {path: _open(path) for path in elsewhere}
    for name, path in named.items():
        answer = answers.get(path, f"{str(path)!r} does not answer; look whether its disk is there")
        if isinstance(answer, Dataset):
            opened[name] = answer
        else:
            failed[name] = answer
    return Listing(opened, failed)


def _open(path: Path) -> Dataset | str:
    """A data set, or why it cannot be opened."""
    try:
        opened = Dataset(path)
        _ = opened.home  # where that is not to be found, nothing of it can be used
    except DatasetError as error:
        return str(error)
    return opened
