"""``bench``: the benchmarks, which lie beside the package in a checkout."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from cldi_core.commands.program import fail
from cldi_core.data.dataset import CHECKOUT

# Its options are those of ``python -m benchmarks``, also --help.
PASSED_ON: dict[str, Any] = {
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
    "add_help_option": False,
}


def bench(context: typer.Context) -> None:
    """Measure how fast and how exact scoring is here, or how fast extraction is (--extract); in a checkout only."""
    if CHECKOUT is None:
        fail("the benchmarks are not installed with the package; run them in a checkout: python -m benchmarks", 2)
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *context.args])  # noqa: S606
