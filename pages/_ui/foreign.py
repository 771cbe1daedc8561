"""Foreign words made safe to draw: names, words and texts that come from a disk, a URL or a visitor.

Whatever they hold, they are shown and never act: no markup, no link, no picture from elsewhere, no symbol that was not
there.  ``safe`` is for everything that Streamlit reads as Markdown, ``in_figure`` for what Plotly draws.  Selectboxes,
tables, code blocks and alternative texts show what they are given as it is.

The form in which a text is shown is the text itself, but for what ``plain`` changes.
"""

from __future__ import annotations

import html
import re

LONGEST = 2000  # characters shown of one text
# What would move, hide or overwrite the words beside it: control characters, line and paragraph separators, and the
# embeddings, overrides and isolates of bidirectional text, which reach beyond the text that holds them.
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&])")
# Streamlit changes texts once more after they are read as Markdown, when a backslash does not help any more: addresses
# become links, :smile: and :material/home: symbols, and arrows and dashes are drawn.  Each of these needs two
# characters side by side, so the first of them goes into a piece of its own.
_JOINED = re.compile(r"(?i:(?<=www)\.)|:(?=[\w+\-/])|@|[-<](?=[-=>])|[>~](?==)")


def plain(text: str) -> str:
    """The form in which a text is shown.

    Control characters, line breaks and the directions of writing that reach beyond a text become spaces, several spaces
    one.  A very long text ends in "…", and one without a visible character is "␣".
    """
    shown = _UNSEEN.sub(" ", text).strip() or "␣" * bool(text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def safe(text: str) -> str:
    """A text as Markdown that is drawn as ``plain`` of it."""
    shown, made, end = plain(text), "", 0
    for found in _JOINED.finditer(shown):
        # ``:color`` without a colour draws what it holds, in a piece of its own.
        made += rf"{_escaped(shown[end : found.start()])}:color[\{found.group()}]"
        end = found.end()
    return made + _escaped(shown[end:])


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def in_figure(text: str) -> str:
    """A text for the labels of a figure, where Plotly reads tags and entities; never for a hover template.

    Quotes stay, because Plotly knows no entity for them.
    """
    return html.escape(plain(text), quote=False)
