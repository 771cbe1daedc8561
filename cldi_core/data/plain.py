"""Texts of others in the form in which they are shown."""

from __future__ import annotations

import re

LONGEST = 2000  # characters shown of one text
# What would move, hide or overwrite the words beside it: control characters, line and paragraph separators, and the
# embeddings, overrides and isolates of bidirectional text, which reach beyond the text that holds them.
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def plain(text: str) -> str:
    """The form in which a text is shown.

    Control characters, line breaks and the directions of writing that reach beyond a text become spaces, several spaces
    one.  A very long text ends in "…", and one without a visible character is "␣".
    """
    shown = _UNSEEN.sub(" ", text).strip() or "␣" * bool(text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
