"""``python -m benchmarks.projections_worker FOLDER WAY``: one way to lay rows out, in a process of its own.

Reads ``rows.npy`` and ``rest.npy``, float32 (n, dim), of FOLDER, and writes where they lie to ``rows-xy.npy`` and
``rest-xy.npy``, float32 (n, 2).  Prints one JSON object: ``start``, ``seconds`` and ``rest_seconds``, processor time of
imports and compilation, of the layout, and of placing the rest; and ``peak``, the bytes of memory at most in use.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.worker import Peak
from cldi_core.insight import map_layout

Rows = NDArray[np.float32]
Way = Callable[[Rows], tuple[Rows, Callable[[Rows], Rows]]]  # rows → their places, and what places others among them
FIRST = 500  # rows that are laid out before anything is timed, so that everything is compiled


def umap(rows: Rows) -> tuple[Rows, Callable[[Rows], Rows]]:
    """As ``map_layout`` does it."""
    places = map_layout.umap(rows, map_layout.nearest(rows, rows, map_layout.NEIGHBOURS))
    return places, lambda rest: map_layout.among(places, *map_layout.nearest(rest, rows, map_layout.AMONG))


def opentsne(rows: Rows) -> tuple[Rows, Callable[[Rows], Rows]]:
    """t-SNE by interpolation (Linderman et al. 2019), with the library's own settings."""
    from openTSNE import TSNE

    found = TSNE(random_state=0, n_jobs=1).fit(rows)
    return np.asarray(found, np.float32), lambda rest: np.asarray(found.transform(rest), np.float32)


def pacmap(rows: Rows) -> tuple[Rows, Callable[[Rows], Rows]]:
    """PaCMAP (Wang et al. 2021), with the library's own settings; the components are made already."""
    from pacmap import PaCMAP

    reducer = PaCMAP(apply_pca=False, random_state=0)
    places = np.asarray(reducer.fit_transform(rows), np.float32)
    return places, lambda rest: np.asarray(reducer.transform(rest, basis=rows), np.float32)


WAYS: dict[str, Way] = {"umap": umap, "openTSNE": opentsne, "pacmap": pacmap}


def main(folder: Path, way: str) -> None:
    """Measure once, after a small warm-up."""
    rows, rest = (np.load(folder / f"{name}.npy") for name in ("rows", "rest"))
    times = [time.process_time()]
    with Peak() as watched:
        WAYS[way](rows[:FIRST])[1](rows[FIRST : 2 * FIRST])
        times.append(time.process_time())
        places, place = WAYS[way](rows)
        times.append(time.process_time())
        np.save(folder / "rest-xy.npy", place(rest) if len(rest) else np.zeros((0, 2), np.float32))
        times.append(time.process_time())
    np.save(folder / "rows-xy.npy", places)
    start, seconds, rest_seconds = np.diff(times).tolist()
    print(json.dumps({"start": start, "seconds": seconds, "rest_seconds": rest_seconds, "peak": watched.peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
