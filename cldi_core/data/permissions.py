"""Who may start work in the dashboard: with ``CLDI_READ_ONLY=1`` nobody, and then it writes nothing.

Each act of the dashboard that writes, or starts what does, begins with ``refuse``; a button that is hidden besides is a
courtesy.  Commands are not concerned: who can run one has the disk already.
"""

from __future__ import annotations

import os

from cldi_core.errors import CldiError

VARIABLE = "CLDI_READ_ONLY"
OFF, ON = ("", "0", "false", "no"), ("1", "true", "yes")


class ReadOnlyError(CldiError):
    """Something that would write, in a dashboard that only shows."""


def read_only() -> bool:
    """Whether the dashboard only shows; what the variable says and nobody knows counts as yes."""
    return _said() not in OFF


def refuse() -> None:
    """Nothing, where work may be started.

    Raises:
        ReadOnlyError: the dashboard only shows.
    """
    if read_only():
        raise ReadOnlyError(
            f"this dashboard only shows ({VARIABLE}={os.environ[VARIABLE][:20]!r}): nothing was written; who started "
            "it can start it without that"
        )


def problem() -> str:
    """What is wrong with the variable, in one line; ``""`` where nothing is."""
    if _said() in (*OFF, *ON):
        return ""
    return f"{VARIABLE} is {os.environ[VARIABLE][:40]!r}; accepted: {', '.join(ON)}, or {', '.join(OFF[1:])} or nothing"


def _said() -> str:
    return os.environ.get(VARIABLE, "").strip().lower()
