"""What was tried, how often, and what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SHOWN = 20  # losses of a trial that are kept, one line each


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        share: of a long run's tries, (0, 1]; each kind tries everything at least once.
        seed: of all that is drawn.
        only: of the cases of ``kills`` and the crowds of ``load`` those whose name has this in it; empty: all.
    """

    share: float = 1.0
    seed: int = 0
    only: str = ""

    def of(self, most: int, least: int = 1) -> int:
        """How many of so many tries."""
        return max(least, round(most * self.share))

    def wants(self, name: str) -> bool:
        """Whether a case or a crowd of this name is tried."""
        return self.only in name


@dataclass(frozen=True)
class Trial:
    """One line of RELIABILITY.md.

    Attributes:
        kind: of fault, a name of ``KINDS``.
        what: was tried, in a few words, such as ``"import-folder, killed at every write"``.
        tried: how often.
        landed: how often it had a chance to do harm: a kill that came before the end, a flip that was made.
        lost: what went wrong, a line each, which says how to see it again; empty where nothing did.
        seconds: that all tries took.
        note: what else there is to know, such as the slowest and the largest of them; may be empty.
    """

    kind: str
    what: str
    tried: int
    landed: int
    lost: tuple[str, ...] = ()
    seconds: float = 0.0
    note: str = ""

    def as_record(self) -> dict[str, Any]:
        """For ``report.keep``: of many losses the first, and how many there were."""
        return {**asdict(self), "lost": list(self.lost[:SHOWN]), "losses": len(self.lost)}


# Tries one kind of fault in a folder of its own, which is empty, and is taken away afterwards.
Try = Callable[[Path, Effort], Iterator[Trial]]


def table(trials: Sequence[Trial]) -> str:
    """The trials as text, and each loss in a line."""
    lines = [f"{'kind':10} {'tried':>7} {'landed':>7} {'lost':>5} {'s':>7}  what"]
    for one in trials:
        note = f" ({one.note})" if one.note else ""
        lines.append(
            f"{one.kind:10} {one.tried:7,} {one.landed:7,} {len(one.lost):5,} {one.seconds:7.1f}  {one.what}{note}"
        )
        lines += [f"  lost: {line}" for line in one.lost[:SHOWN]]
    return "\n".join(lines)
