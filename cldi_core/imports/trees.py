"""Folders and archives as one kind of thing: a tree of files, each with its path, its size and a way to its content.

Archives are read as they are, and never unpacked to disk.  Whatever could lead out of the tree, or is no plain file, is
refused by name: absolute paths and ``..``, backslashes and drives, links (within a folder those that stay in it are
followed), devices, encrypted entries.  What is much larger than it says or than its archive ends the reading.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cldi_core.data import storage
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports import archives
from cldi_core.imports.paths import MAX_DEPTH, MAX_FILE, Entry, Meter, Refuse, junk_name, natural, shown


@dataclass
class Tree:
    """A folder or an archive.

    Attributes:
        source: the file or folder.
        kind: ``"folder"``, ``"zip file"`` or ``"tar file"``.
        junk: the files and folders that computers put beside one's own, by name, that the last reading passed over.
    """

    source: Path
    kind: str
    junk: Counter[str] = field(default_factory=Counter)

    def entries(self, refuse: Refuse) -> Iterator[Entry]:
        """All files of the tree, in an order that is the same each time.

        Args:
            refuse: told of what is not read, by its place, and why.

        Raises:
            DatasetError: it is no such tree any more, or so large that it is taken for a bomb.
        """
        self.junk.clear()
        yield from READERS[self.kind](self.source, self.junk, refuse)


def open_tree(source: Path) -> Tree:
    """A folder, a zip file, or a tar file (as it is, or as gz, bz2 or xz).

    Raises:
        DatasetError: it is something else, or not there.
    """
    if source.is_dir():
        return Tree(source, "folder")
    try:
        kind = archives.kind_of(source)
    except OSError as error:
        raise DatasetError(
            f"{str(source)!r} is not a folder, a zip file or a tar file ({in_one_line(error)})"
        ) from error
    return Tree(source, kind)


def _of_folder(source: Path, junk: Counter[str], refuse: Refuse) -> Iterator[Entry]:
    root, meter = Path(os.path.realpath(source)), Meter(source)
    # Folders to look through: how to get there, which they are, and those above.
    waiting: list[tuple[tuple[str, ...], str, frozenset[str]]] = [((), str(root), frozenset([str(root)]))]
    while waiting:
        path, folder, above = waiting.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda each: natural(each.name))
        except OSError as error:
            refuse(shown("/".join(path) or "."), in_one_line(type(error)(error.errno, error.strerror)))
            continue
        below = []
        for each in found:
            meter.entry()
            if name := junk_name(each.name):
                junk[name] += 1
                continue
            place = (*path, each.name)
            try:
                target = _within(each, root)
                if each.is_dir():
                    if target in above or len(place) > MAX_DEPTH:
                        raise OSError("a link that leads back to a folder that it lies in, or too many folders")
                    below.append((place, target, above | {target}))
                elif each.is_file():
                    yield Entry(place, partial(storage.read_bytes, Path(target), MAX_FILE))
                else:
                    raise OSError("it is not a regular file")
            except OSError as error:
                refuse(shown("/".join(place)), in_one_line(error))
        waiting += reversed(below)


def _within(each: os.DirEntry[str], root: Path) -> str:
    """Where a name of a folder leads; OSError: out of the tree, or nowhere."""
    if not each.is_symlink():
        return each.path
    target = os.path.realpath(each.path)
    if not Path(target).is_relative_to(root):
        raise OSError("a link that leads out of the folder; copy there what it leads to")
    if not Path(target).exists():
        raise OSError("a link that leads nowhere")
    return target


Reader = Callable[[Path, Counter[str], Refuse], Iterator[Entry]]
READERS: dict[str, Reader] = {"folder": _of_folder, "zip file": archives.of_zip, "tar file": archives.of_tar}
