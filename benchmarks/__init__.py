"""``python -m benchmarks``: how fast and how exact the scores are, beside the peers, in one run on one machine.

Nothing here is needed to use the explorer.  The peers come from ``requirements-bench.txt``; a peer that is not
installed is listed as such.  Everything measured is a plain dict with a ``kind``: ``"machine"``, ``"speed"``,
``"error"`` or ``"full"``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.report import table

__all__ = ["run", "table"]

SEEDS = range(5)  # of the sets on which errors are measured


def run(
    words: int = 200,
    dims: Sequence[int] = (1280, 4096),
    repeats: int = 5,
    seed: int = 0,
    full: bool = False,
    threads: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Measure everything.

    Args:
        words: how many words each side has, at about 42 pictures a word.
        dims: lengths of the feature vectors; each gets its own rows.
        repeats: rounds; in each of them every row is measured once, so that noise hits all of them alike.
        seed: of the synthetic image sets whose scoring is timed; errors are measured on sets of the seeds 0 to 4.
        full: also measure one language pair of the paper's size (many minutes, 1.3 GB in the temporary folder).
        threads: of every row alike; without it as many as torch uses, which is one per physical core.
        progress: is told, in a few words, what is measured next.

    Returns:
        Plain dicts that JSON can hold, in the order in which ``table`` prints them; times are in seconds.
    """
    from benchmarks import errors, full_size, machine, speed

    tell = progress or (lambda line: None)
    with machine.threads(threads) as count:
        records = [machine.describe(count)]
        for dim in dims:
            records += speed.measure(words, dim, repeats, seed, tell)
        for dim in dims:
            for number in SEEDS:
                tell(f"errors at {dim} dimensions, seed {number}")
                records.append(errors.measure(words, dim, number))
        if full:
            records += full_size.measure(count, seed, tell)
        return records
