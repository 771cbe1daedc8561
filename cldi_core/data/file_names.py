"""What people call pictures: by their ids, or by the names that their files had; some 50 bytes a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import ids, picture_shards
from cldi_core.data.ids import PictureIds, Raw

if TYPE_CHECKING:
    from cldi_core.data.pictures import Pictures

Table = tuple[PictureIds, NDArray[np.int32]]  # digests of names, each once; the number of the picture of each


class FileNames:
    """Finds pictures by what they are called; names of files are read once any is asked for that is no id."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def find(self, names: Sequence[str]) -> list[str]:
        """The ids of the pictures that have these ids, or whose files had these names; empty where there is none.

        A file's name may have its folders, or be without them where one picture alone has it.  Of several pictures of
        one name with its folders the first is meant.
        """
        numbers = self._pictures.ids.find(names)
        if (numbers < 0).any():
            wanted = _digests(names)
            for table, pictures in self._tables:
                found = table.find_rows(wanted)
                use = (numbers < 0) & (found >= 0)
                numbers[use] = pictures[found[use]]
        return [self._pictures.ids[number] if number >= 0 else "" for number in numbers.tolist()]

    @cached_property
    def _tables(self) -> tuple[Table, Table]:
        """Of names with their folders, and of those without them that one picture alone has."""
        whole, bare, numbers = [ids.raw([])], [ids.raw([])], [np.zeros(0, np.int32)]
        for path in self._pictures.shards:
            own = self._pictures.ids.find_rows(picture_shards.read_ids(path)[0])
            names = picture_shards.read_origins(path, [picture_shards.PATH])[picture_shards.PATH].fillna("")
            named = (names != "").to_numpy()
            listed = names[named].tolist()
            whole.append(_digests(listed))
            bare.append(_digests(name.rpartition("/")[2] for name in listed))
            numbers.append(own[named].astype(np.int32))
        pictures = np.concatenate(numbers)
        return _first(np.concatenate(whole), pictures), _only(np.concatenate(bare), pictures)


def _digests(names: Iterable[str]) -> Raw:
    """uint8 (n, 16)."""
    found = b"".join(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=ids.BYTES).digest() for name in names)
    return np.frombuffer(found, np.uint8).reshape(-1, ids.BYTES)


def _first(digests: Raw, pictures: NDArray[np.int32]) -> Table:
    """Of each name the first picture."""
    kept = ids.first_rows(digests)
    return PictureIds(digests[kept]), pictures[kept]


def _only(digests: Raw, pictures: NDArray[np.int32]) -> Table:
    """The names that no two pictures have."""
    strings = ids.as_strings(digests)
    order = np.argsort(strings, kind="stable")
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = strings[order[1:]] != strings[order[:-1]]
    starts = np.flatnonzero(is_first)
    own = pictures[order]
    kept = order[starts[np.minimum.reduceat(own, starts) == np.maximum.reduceat(own, starts)]]
    return PictureIds(digests[kept]), pictures[kept]
