"""What is measured on: the processor, and the same number of threads for everybody."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PEERS = {"faiss": "faiss-cpu", "fast_maxsim": "fast-maxsim"}  # what is imported → what is installed
RAYON = "RAYON_NUM_THREADS"


def installed(module: str) -> bool:
    """Whether a peer is there."""
    return importlib.util.find_spec(module) is not None


@contextmanager
def threads(count: int | None) -> Iterator[int]:
    """All rows work with ``count`` threads meanwhile; yields their number.

    torch and faiss are told, numpy's BLAS and all OpenMP libraries through threadpoolctl.  fast-maxsim (Rayon) reads
    its number from the environment, once per process: before it is used for the first time.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before, rayon = torch.get_num_threads(), os.environ.get(RAYON)
    count = count or before
    os.environ[RAYON] = str(count)
    with ExitStack() as stack:
        # Loaded first, so that threadpoolctl sees the libraries that they bring.
        for module in filter(installed, PEERS):
            loaded = importlib.import_module(module)
            if module == "faiss":
                stack.callback(loaded.omp_set_num_threads, loaded.omp_get_max_threads())
                loaded.omp_set_num_threads(count)
        stack.enter_context(threadpool_limits(count))
        stack.callback(torch.set_num_threads, before)
        torch.set_num_threads(count)
        try:
            yield count
        finally:
            os.environ.pop(RAYON)
            if rayon is not None:
                os.environ[RAYON] = rayon


def describe(count: int) -> dict[str, Any]:
    """The header of a report; ``load`` is the mean number of running processes in the last 1, 5 and 15 minutes."""
    import torch

    known = torch.cpu.get_capabilities()
    return {
        "kind": "machine",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": count,
        "amx_bf16": bool(known.get("amx_bf16", False)),
        "avx512_bf16": bool(known.get("avx512_bf16", False)),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "peers": {name: _version(name) for module, name in PEERS.items() if installed(module)},
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
