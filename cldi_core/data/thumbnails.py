"""Small pictures kept at hand, so that pages read each from disk once, and as texts that browsers draw.

Whoever shows them decodes nothing: what is not a thumbnail as it is becomes one in a process beside, which has limits
of time and memory, is started when it is first needed, and ends with this one.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from cldi_core.data.pictures import Pictures, is_thumbnail, thumbnail_all
from cldi_core.data.workers import Ended, Workers

SIZE = 20_000  # thumbnails of some kilobytes each
PROCESSES = 2  # for all data sets together
MOST = 500_000_000  # bytes of files that are held to make thumbnails of them
SECONDS = 10.0  # for one picture
PATIENCE = 15.0  # seconds for which a page waits for its pictures
TOGETHER = 2  # pictures: so few that nobody waits long behind the slow ones of somebody else


class Shelf:
    """The thumbnails asked for last, by picture id; safe to share between threads."""

    def __init__(self, pictures: Pictures, size: int = SIZE) -> None:
        self._pictures, self._size = pictures, size
        self._kept: OrderedDict[str, bytes] = OrderedDict()  # with nothing for one that cannot be shown
        self._lock = threading.Lock()

    def get(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Thumbnails (WebP): id → bytes, in the order of ``ids``; missing and broken pictures are left out.

        All that are not at hand are read in one go: ask for everything that a page shows before the parts of it.  Those
        that are not made in ``PATIENCE`` seconds, and those behind ``MOST`` bytes of files, are left out this time.
        """
        wanted = list(dict.fromkeys(ids))
        with self._lock:
            found = {key: self._kept[key] for key in wanted if key in self._kept}
        missing = [key for key in wanted if key not in found]
        files = dict(_some(self._pictures.files(missing))) if missing else {}
        found |= {key: data for key, data in files.items() if is_thumbnail(data)}
        found |= _made({key: data for key, data in files.items() if key not in found})
        with self._lock:
            for key, data in found.items():
                self._kept[key] = data
                self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return {key: found[key] for key in wanted if found.get(key)}


def _some(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The files until they are too many bytes to be held together."""
    held = 0
    for key, data in files:
        held += len(data)
        if held > MOST:
            return
        yield key, data


def _made(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The thumbnail of each file as far as they come; nothing of one that cannot be shown."""
    keys = iter(files)
    contents = list(files.values())
    batches = (contents[start : start + TOGETHER] for start in range(0, len(contents), TOGETHER))
    for results in decoders().map(batches, PATIENCE) if files else ():
        for result in results:
            yield next(keys), b"" if isinstance(result, str | Ended) else result


@lru_cache(1)
def decoders() -> Workers[bytes, bytes | str]:
    """The processes that make thumbnails, of this whole process."""
    return Workers(thumbnail_all, PROCESSES, SECONDS)


def strip(files: Sequence[bytes], size: int = 64) -> bytes:
    """Thumbnails (WebP) side by side in one SVG.

    The files are embedded as they are: nothing is decoded, so a page can have dozens.
    """
    gap = 4
    width = max(len(files) * (size + gap) - gap, 1)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{size}" viewBox="0 0 {width} {size}">']
    for place, data in enumerate(files):
        left = place * (size + gap)
        parts.append(f'<image href="{data_url(data)}" x="{left}" width="{size}" height="{size}"/>')
    return "".join([*parts, "</svg>"]).encode()


def data_url(data: bytes, kind: str = "webp") -> str:
    """A WebP picture, or an SVG (``kind="svg+xml"``), as a data URL."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
