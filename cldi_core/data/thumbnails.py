"""Small pictures kept at hand, so that pages read each from disk once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from cldi_core.data.pictures import Pictures, thumbnail
from cldi_core.errors import PictureError

SIZE = 20_000  # thumbnails of some kilobytes each
MANY, THREADS = 16, 4  # files from which on it is worth while to share them among so many threads


class Shelf:
    """The thumbnails asked for last, by picture id; safe to share between threads."""

    def __init__(self, pictures: Pictures, size: int = SIZE) -> None:
        self._pictures, self._size = pictures, size
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Thumbnails (WebP): id → bytes, in the order of ``ids``; missing and broken pictures are left out.

        All that are not at hand are read in one go: ask for everything that a page shows before the parts of it.
        """
        wanted = list(dict.fromkeys(ids))
        with self._lock:
            found = {key: self._kept[key] for key in wanted if key in self._kept}
        missing = [key for key in wanted if key not in found]
        files = self._pictures.read(missing) if missing else {}
        made = zip(files, _each(list(files.values())), strict=True)
        found |= {key: small for key, small in made if small}
        with self._lock:
            for key, data in found.items():
                self._kept[key] = data
                self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return {key: found[key] for key in wanted if key in found}


def _each(files: Sequence[bytes]) -> Iterator[bytes]:
    """The thumbnail of each file; nothing of a broken one.  Many are made side by side."""
    if len(files) < MANY:
        yield from map(_small, files)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(_small, files)


def _small(data: bytes) -> bytes:
    try:
        return thumbnail(data)
    except PictureError:
        return b""
