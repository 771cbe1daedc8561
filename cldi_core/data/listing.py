"""All data sets there are, those that cannot be opened among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data.dataset import Dataset, available
from cldi_core.errors import DatasetError


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


def listing(folders: Mapping[str, Path] | None = None) -> Listing:
    """Open every data set of ``available``, or of these: what is wrong with one is nothing to the others."""
    opened, failed = {}, {}
    for name, path in (available() if folders is None else folders).items():
        try:
            opened[name] = Dataset(path)
            _ = opened[name].home  # where that is not to be found, nothing of it can be used
        except DatasetError as error:
            opened.pop(name, None)
            failed[name] = str(error)
    return Listing(opened, failed)
