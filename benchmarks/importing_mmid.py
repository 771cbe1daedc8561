"""How fast a package as MMID has them comes in: ``python -m benchmarks.importing_mmid [words] [pictures] [processes]``.

The package is drawn with a seed: ``<n>.tar.gz`` with ``word.txt``, ``metadata.json``, ``errors.json`` and PNG files of
the sizes that image searches give (thumbnails of some 10 to 25 kB), in a random order.
"""

from __future__ import annotations

import io
import json
import random
import resource
import sys
import tarfile
import tempfile
import time
from pathlib import Path

SIDES = (100, 190)  # pixels
BASE = 48  # pictures that are drawn; each picture is one of them with bytes of its own at its end


def write_package(path: Path, words: int, pictures: int, seed: int = 0) -> None:
    """Write a package of so many words with so many different pictures each."""
    draw = random.Random(seed)  # noqa: S311 (no secrets are drawn)
    drawn = [_picture(draw) for _ in range(BASE)]
    numbers = list(range(1, words + 1))
    draw.shuffle(numbers)
    with tarfile.open(path, "w") as package:
        for number in numbers:
            _add(package, f"{number}.tar.gz", _of_word(number, pictures, drawn, draw))


def _of_word(number: int, pictures: int, drawn: list[bytes], draw: random.Random) -> bytes:
    files: dict[str, bytes] = {"word.txt": f"Wort{number}\n".encode()}
    about = {}
    for place in range(1, pictures + 1):
        # An own id at the end of a PNG makes another file of it, which decodes as fast.
        files[f"{place:02}.png"] = drawn[draw.randrange(BASE)] + f"{number} {place}".encode()
        address = f"https://pictures.example/{number}/{place}"
        about[f"{place:02}"] = {"google": {"ru": f"{address}.html"}, "image_url": f"{address}.png"}
    files["metadata.json"] = json.dumps(about).encode()
    files["errors.json"] = json.dumps({"101": "HTTP Error 404"} if number % 3 == 0 else {}).encode()
    names = list(files)
    draw.shuffle(names)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as inner:
        for name in names:
            _add(inner, name, files[name])
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _picture(draw: random.Random) -> bytes:
    from PIL import Image, ImageDraw

    width, height = draw.randint(*SIDES), draw.randint(*SIDES)
    image = Image.effect_noise((width, height), draw.uniform(5, 25)).convert("RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = draw.randrange(width), draw.randrange(height)
        colour = tuple(draw.randrange(256) for _ in range(3))
        pen.ellipse([left, top, left + draw.randrange(10, 80), top + draw.randrange(10, 80)], colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def measure(words: int, pictures: int, workers: int | None) -> dict[str, float]:
    """Pictures and processor seconds of a first import, of a second one that finds all there, and the most memory."""
    from cldi_core.imports.mmid import import_mmid

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "german-package.tar"
        write_package(package, words, pictures)
        found: dict[str, float] = {"words": words, "pictures": words * pictures, "bytes": package.stat().st_size}
        for name in ("first", "again"):
            started, before = time.perf_counter(), _processors()
            report = import_mmid(Path(folder) / "set", package, workers=workers)
            found[f"{name}, pictures/s"] = round(words * pictures / (time.perf_counter() - started))
            found[f"{name}, processor seconds"] = round(_processors() - before, 1)
            assert report.counts["memberships"] == words * pictures and report.is_complete
        found["MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    return found


def _processors() -> float:
    """Seconds of all cores, of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    print(json.dumps(measure(*(given[:2] or (1000, 20)), given[2] if len(given) > 2 else None)))
