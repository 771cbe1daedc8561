"""``python -m benchmarks.worker FOLDER THREADS``: one measurement in a process of its own.

Scores the pair in FOLDER, writes AVGMAX to FOLDER/avgmax.npy and prints one JSON object: ``seconds``, and ``peak``,
the bytes of memory at most in use beyond what was in use when scoring began.  Pages of memory-mapped files, which are
the features, do not count; without /proc (not on Linux) ``peak`` is null.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks import machine, synthetic, ways

STATUS = Path("/proc/self/status")
EVERY = 0.02  # seconds between two looks at the memory in use


def in_use() -> int | None:
    """Bytes of anonymous memory of this process; ``None`` where the system does not tell."""
    try:
        lines = STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), None)


class Peak:
    """Looks at the memory in use while its block runs; ``peak`` is the most beyond what there was at the start."""

    def __init__(self) -> None:
        self.peak: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._start = in_use()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            now = in_use()
            if now is None or self._start is None:
                return
            self.peak = max(self.peak or 0, now - self._start)
            if self._stop.wait(EVERY):
                return


def main(folder: Path, count: int) -> None:
    """Measure once, after a small warm-up."""
    pair = synthetic.load(folder)
    with machine.threads(count):
        ways.ours(synthetic.make(4, pair.source.dim), ways.together())
        with Peak() as watched:
            start = time.perf_counter()
            found = ways.ours(pair, ways.together())
            seconds = time.perf_counter() - start
    np.save(folder / "avgmax.npy", found["avgmax"])
    print(json.dumps({"seconds": seconds, "peak": watched.peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
