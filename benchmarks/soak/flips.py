"""Single bits that change in files of a complete data set, one after the other: does ``check --deep`` find each?"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.soak import writing
from benchmarks.soak.trial import Effort, Trial
from cldi_core.data import sealing, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.insight import health

FLIPS = 500
# What a data set has when all of it is there, in the order in which it is made.
MADE_BY = (
    "pivot train", "import-folder", "import-lists", "import-concreteness", "import-features", "collect", "extract",
    "page: judge", "page: answer", "judgements import", "score", "learning-curve", "project", "check", "prepare",
    "page: leave out",
)  # fmt: skip


def complete(world: Path) -> Dataset:
    """A data set in which there is a file of every kind."""
    writing.build(world)
    writing.warm()
    with writing.asked() as site:
        for name in MADE_BY:
            ended = writing.do(name, world, site)
            if ended.code:
                raise RuntimeError(f"{name} ended with {ended.code}: {ended.err}")
    return Dataset(world / "data" / writing.NAME)


def said(path: Path) -> dict[str, str]:
    """What a deep check says of a data set that nobody has to look at otherwise: text → level."""
    try:
        found = health.findings(Dataset(path), deep=True)
    except CldiError as error:
        return {str(error): "error"}
    return {one.text: one.level for one in found if one.level != "info"}


def flip(file: Path, bit: int) -> None:
    """Change one bit of a file, in its place."""
    with file.open("rb+") as opened:
        opened.seek(bit // 8)
        (byte,) = opened.read(1)
        opened.seek(bit // 8)
        opened.write(bytes([byte ^ 1 << bit % 8]))


def try_flips(folder: Path, effort: Effort) -> Iterator[Trial]:
    """Bits of all files by turns, drawn; each is put back before the next."""
    path = complete(folder).path
    files = sorted(
        one
        for one in path.rglob("*")
        if one.is_file() and one.stat().st_size and one.name not in (storage.LOCK, storage.HOLDER)
    )
    draw = random.Random(effort.seed)  # noqa: S311
    draw.shuffle(files)
    before, levels, lost, slowest, begun = said(path), Counter[str](), list[str](), 0.0, time.perf_counter()
    lost += [f"{name} was written without a checksum" for name in sealing.look(path).unknown]
    count = effort.of(FLIPS, 8)
    for number in range(count):
        file = files[number % len(files)]
        bit = draw.randrange(8 * file.stat().st_size)
        flip(file, bit)
        since = time.process_time()
        new = {level for text, level in said(path).items() if before.get(text) != level}
        slowest = max(slowest, time.process_time() - since)
        flip(file, bit)
        levels["error" if "error" in new else "warning" if new else "nothing"] += 1
        lost += [] if new else [f"bit {bit} of {file.relative_to(path)}"]
    note = (
        f"{len(files)} files; {levels['error']} told as errors, {levels['warning']} as warnings of files that people "
    )
    note += f"may change; a check took at most {slowest:.1f} s of a core"
    yield Trial(
        "flips", "one bit of a file, then check --deep", count, count, tuple(lost), time.perf_counter() - begun, note
    )
