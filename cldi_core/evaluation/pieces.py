"""Pieces of a result that is still being made, kept until it is whole: a run that ended goes on with what it has.

They lie beside the result, in a hidden folder, under keys of everything that they depend on; nothing else reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import DatasetError

FOLDER = ".pieces"
Tensors = Mapping[str, NDArray[Any]]


class Pieces:
    """The pieces of what is stored in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def find(self, key: str) -> tuple[Tensors, dict[str, str]] | None:
        """The arrays that were kept under a key and what was said of them; ``None``: there are none, or broken ones."""
        with suppress(DatasetError):
            tensors, about = storage.map_tensors(self._path(key))
            known = {name: value for name, value in about.items() if name != "checksum"}
            if storage.checksum(tensors, {**known, "key": key}) == about.get("checksum"):
                return tensors, known
        return None

    def keep(self, key: str, tensors: Tensors, about: Mapping[str, str] | None = None) -> None:
        """Keep some arrays, whole or not at all; where the disk does not let one, they are made again another time."""
        known = dict(about or {})
        with suppress(OSError):
            checksum = storage.checksum(tensors, {**known, "key": key})
            storage.save_tensors(self._path(key), tensors, {**known, "checksum": checksum})

    def clear(self) -> None:
        """Remove all: what they are pieces of is stored.  Who is at another part of it loses nothing but these."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                path.unlink(missing_ok=True)
            self.folder.rmdir()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"
