"""Small pictures kept at hand, so that pages read each from disk once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress

from cldi_core.data.pictures import Pictures, thumbnail
from cldi_core.errors import PictureError

SIZE = 20_000  # thumbnails of some kilobytes each


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
        for key, data in self._pictures.read(missing).items() if missing else ():
            with suppress(PictureError):
                found[key] = thumbnail(data)
        with self._lock:
            for key, data in found.items():
                self._kept[key] = data
                self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return {key: found[key] for key in wanted if key in found}
