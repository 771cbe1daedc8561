"""What the server asks of the C library, and leaves to who has asked for something else."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace

import pytest

from cldi_core.commands import allocation


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What the C library is asked for; the environment has none of it."""
    found: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *given: found.append(given))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(os, "environ", {})
    return found


def test_this_process_and_those_that_it_starts(asked: list[tuple[int, int]]) -> None:
    allocation.settle()
    assert asked == [(-8, 2), (-1, 1_000_000)]  # M_ARENA_MAX, M_TRIM_THRESHOLD
    assert {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "1000000"}.items() <= os.environ.items()


def test_what_somebody_has_set_stays(asked: list[tuple[int, int]]) -> None:
    os.environ["MALLOC_ARENA_MAX"] = "8"
    allocation.settle()
    assert asked == [(-1, 1_000_000)] and os.environ["MALLOC_ARENA_MAX"] == "8"


@pytest.mark.parametrize("library", [SimpleNamespace(), None], ids=["it has no such setting", "it is not found"])
def test_another_c_library_stays_as_it_is(
    asked: list[tuple[int, int]], library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(name: None) -> object:
        if library is None:
            raise TypeError("a name is wanted")
        return library

    monkeypatch.setattr(ctypes, "CDLL", found)
    allocation.settle()
    assert asked == []


def test_the_numbers_are_those_of_this_machines_library() -> None:
    try:
        change = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        pytest.skip("another C library")
    assert [change(*setting) for setting in allocation.SETTINGS.values()] == [1, 1], "1: it has taken them"
