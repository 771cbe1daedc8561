"""Features larger than memory: a process that may not hold them scores them from mapped files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS, PICTURES, DIM = 30, 50, 32768  # per language; PICTURES per word
SIDE_BYTES = WORDS * PICTURES * DIM * 4
ALLOWED_BYTES = SIDE_BYTES  # half of the two languages: one of them does not fit, as there is more to hold
NOISE = 0.3

CHILD = f"""
import resource, sys
import numpy as np
import torch  # so few pictures are scored without it
import cldi_core

def sets(array, size):
    words = [f"w{{start}}" for start in range(0, len(array), size)]
    return cldi_core.ImageSets.from_arrays(words, [array[start : start + size] for start in range(0, len(array), size)])

# What is loaded, and the memory that threads and libraries take for themselves, is there before the limit is set.
tiny = np.random.default_rng(0).normal(size=(200, 300)).astype(np.float32)
cldi_core.score(sets(tiny, 10), sets(tiny, 10), "avgmax")
held = next(line for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (int(held.split()[1]) * 1024 + {ALLOWED_BYTES}, resource.RLIM_INFINITY))

folder, how = sys.argv[1:]
arrays = [np.load(f"{{folder}}/{{side}}.npy", mmap_mode="r") for side in ("source", "target")]
if how == "copied":
    arrays = [np.array(array) for array in arrays]
source, target = (sets(array, {PICTURES}) for array in arrays)
np.save(f"{{folder}}/{{how}}.npy", cldi_core.score(source, target, "avgmax"))
"""


def _status() -> str:
    try:
        return Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return ""


pytestmark = pytest.mark.skipif("VmData" not in _status(), reason="memory is limited by what /proc/self/status says")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages on disk; word ``i`` of one side is drawn from the same centre as word ``i`` of the other."""
    made = tmp_path_factory.mktemp("large")
    centres = np.random.default_rng(0).normal(size=(WORDS, DIM)).astype(np.float32)
    for seed, side in enumerate(("source", "target")):
        rng = np.random.default_rng([1, seed])
        file = np.lib.format.open_memmap(made / f"{side}.npy", "w+", np.float32, (WORDS * PICTURES, DIM))
        for word, centre in enumerate(centres):
            own = rng.normal(size=(PICTURES, DIM)).astype(np.float32)
            file[word * PICTURES : (word + 1) * PICTURES] = own + NOISE * centre
        file.flush()
    return made


def run(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD, str(folder), how]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def oracle(folder: Path) -> np.ndarray:
    """AVGMAX by its definition, word by word."""
    source, target = (np.load(folder / f"{side}.npy") for side in ("source", "target"))
    source /= np.linalg.norm(source, axis=1, keepdims=True)
    target /= np.linalg.norm(target, axis=1, keepdims=True)
    found = np.empty((WORDS, WORDS))
    for i in range(WORDS):
        cosines = source[i * PICTURES : (i + 1) * PICTURES] @ target.T
        found[i] = cosines.reshape(PICTURES, WORDS, PICTURES).max(axis=2).mean(axis=0)
    return found


@pytest.mark.slow
def test_features_that_do_not_fit_in_memory_are_scored(folder: Path) -> None:
    done = run(folder, "mapped")
    assert done.returncode == 0, done.stderr
    found = np.load(folder / "mapped.npy")
    np.testing.assert_allclose(found, oracle(folder), rtol=0, atol=2e-6)
    assert (found.argmax(axis=1) == np.arange(WORDS)).all()


@pytest.mark.slow
def test_the_same_memory_does_not_hold_them(folder: Path) -> None:
    """The test above can fail: a process that copies the features is stopped by the limit."""
    done = run(folder, "copied")
    assert done.returncode != 0 and "MemoryError" in done.stderr
    assert not (folder / "copied.npy").exists()
