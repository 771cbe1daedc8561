"""Two acts at once on one data set, for every pair of them: afterwards it is as after one and then the other."""

from __future__ import annotations

import itertools
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmarks.soak import writing
from benchmarks.soak.trial import Effort, Trial
from cldi_core.data import layout
from cldi_core.data.dataset import Dataset
from cldi_core.imports.whole_export import TOGETHER
from cldi_core.insight import health
from tests.collect.site import Site

LATER = 0.25  # seconds after the first that the second is begun, at most
Pair = tuple[str, str]


class Tries:
    """Pairs of acts, in worlds that are copies of one."""

    def __init__(self, folder: Path, site: Site, draw: random.Random) -> None:
        self.folder, self.site, self.draw = folder, site, draw
        writing.build(folder / "base")
        writing.warm()
        self.after = cache(self._after)

    def fresh(self) -> Path:
        """A world as nobody has touched it."""
        shutil.rmtree(self.folder / "world", ignore_errors=True)
        return writing.copied(self.folder / "base", self.folder / "world")

    def _after(self, *names: str) -> dict[str, str]:
        """What acts leave, done one after the other."""
        world = self.fresh()
        for name in names:
            writing.do(name, world, self.site)
        return writing.store(world)

    def pair(self, first: str, second: str) -> tuple[bool, str]:
        """Whether both of a pair ended well, and what was lost."""
        world = self.fresh()
        begun = [writing.begin(first, world, self.site)]
        time.sleep(self.draw.random() * LATER)
        begun.append(writing.begin(second, world, self.site))
        ended = [wait() for wait in begun]
        found, broken = writing.store(world), _broken(world / "data" / writing.NAME)
        lost = [f"{name} {text}" for name, end in zip((first, second), ended, strict=True)
                if (text := writing.one_line(end))] + broken  # fmt: skip
        well = [name for name, end in zip((first, second), ended, strict=True) if end.code == 0]
        names = dict.fromkeys([*itertools.permutations((first, second)), tuple(well)])
        orders = [self.after(*order) for order in names]
        if not any(_stored(found) == _stored(order) for order in orders):
            lost.append(f"it is left as in no order: {_nearest(_stored(found), map(_stored, orders))}")
        lost += [f"the export holds {name} as in no order" for name in _strange(found, orders)]
        return len(well) == len(ended), "; ".join(lost)


def _stored(found: dict[str, str]) -> dict[str, str]:
    """All but what an export holds."""
    return {path: digest for path, digest in found.items() if not path.startswith(writing.EXPORTED)}


def _strange(found: dict[str, str], orders: Sequence[dict[str, str]]) -> list[str]:
    """What an export holds otherwise than after the acts in any order; of each file it may be one or the other, as it
    copies one after the other while somebody writes, but for words, pictures and features, which are of one moment."""
    if not any(_together(found) == _together(order) for order in orders):
        return [_nearest(_together(found), map(_together, orders))]
    held = {path for one in (found, *orders) for path in one if path.startswith(writing.EXPORTED)}
    return sorted(path for path in held if found.get(path) not in [order.get(path) for order in orders])


def _together(found: dict[str, str]) -> dict[str, str]:
    """What an export holds of the files that are of one another."""
    held = {path.removeprefix(writing.EXPORTED): digest for path, digest in found.items()}
    return {path: digest for path, digest in held.items() if path not in found and layout.part_of(path) in TOGETHER}


def _broken(path: Path) -> list[str]:
    """What a check of every file finds damaged."""
    found = health.findings(Dataset(path), deep=True)
    return [one.text for one in found if one.area == "files" and one.level != "info"]


def _nearest(found: dict[str, str], orders: Iterable[dict[str, str]]) -> str:
    """How what was found differs from the order that it differs least from."""
    ways = ([path for path in {*found, *order} if found.get(path) != order.get(path)] for order in orders)
    return ", ".join(sorted(min(ways, key=len)))


def try_writers(folder: Path, effort: Effort, only: Iterable[Pair] = ()) -> Iterator[Trial]:
    """All pairs, or so many of them as the effort allows; each begins at a drawn moment of the other.

    Args:
        only: pairs of names of ``writing.ACTS``, in place of drawn ones.
    """
    draw = random.Random(effort.seed)  # noqa: S311
    every = list(itertools.combinations_with_replacement(writing.ACTS, 2))
    pairs = list(only) or draw.sample(every, effort.of(len(every)))
    begun, ends, lost = time.perf_counter(), Counter[bool](), list[str]()
    with writing.asked() as site:
        tries = Tries(folder, site, draw)
        for first, second in pairs:
            both, text = tries.pair(first, second)
            ends[both] += 1
            lost += [f"{first} beside {second}: {text}"] if text else []
    note = f"of one in {ends[False]:,} pairs a line tells why it did not go on"
    what = "two acts at once, of commands and pages"
    yield Trial("writers", what, len(pairs), len(pairs), tuple(lost), time.perf_counter() - begun, note)
