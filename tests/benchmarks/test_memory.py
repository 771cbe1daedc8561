"""How much memory commands take: what is read of a process, the line through the sizes, and what a failure says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import memory
from cldi_core.errors import CldiError

RECORDS = [
    {
        "kind": "memory",
        "step": "check",
        "label": "check",
        "pictures": size,
        "own": own,
        "resident": 2 * own,
        "seconds": 1,
    }
    for size, own in ((1000, 101_000_000), (10_000, 110_000_000), (100_000, 200_000_000))
]


def test_the_memory_of_a_process_is_what_it_took_at_most() -> None:
    """It lets go of the 60 MB before it ends."""
    hold = (
        "import time; held = bytearray(60_000_000); held[:] = b'x' * len(held); time.sleep(1); del held; time.sleep(.2)"
    )
    found = memory.watched(["-c", hold])
    assert 60_000_000 < found["own"] < 200_000_000 and found["own"] <= found["resident"] and found["seconds"] > 1


def test_a_step_that_fails_says_why() -> None:
    with pytest.raises(CldiError, match="failed: no such thing"):
        memory.watched(["-c", "raise SystemExit('no such thing')"])


def test_a_line_goes_through_the_sizes() -> None:
    (one,) = memory.slopes(RECORDS)
    assert one["slope"] == pytest.approx(1000) and one["constant"] == pytest.approx(1e8) and one["sizes"] == 3
    assert memory.slopes(RECORDS[:1]) == []
    lines = memory.table([*RECORDS, one]).splitlines()
    assert len(lines) == 5 and lines[-1].split()[1:] == ["1,000", "bytes", "a", "picture", "and", "100", "MB"]


def test_every_step_is_a_command_on_the_data_of_its_size() -> None:
    for step in memory.STEPS.values():
        arguments = step.command(memory.Place(Path("/x")))
        assert arguments[0] == "-m" and any(one.startswith("/x/") for one in arguments)
