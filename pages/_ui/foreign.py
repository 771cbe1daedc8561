"""Foreign words made safe to draw: names, words and texts that come from a disk, a URL or a visitor.

Whatever they hold, they are shown and never act: no markup, no link, no picture from elsewhere, no symbol that was not
there.  ``safe`` is for everything that Streamlit reads as Markdown, ``in_figure`` for what Plotly draws.  Selectboxes,
tables, code blocks and alternative texts show what they are given as it is.

The form in which a text is shown is the text itself, but for what ``plain`` changes.
"""

from __future__ import annotations

import html
import re

from cldi_core.data.plain import LONGEST, plain

__all__ = ["LONGEST", "in_figure", "plain", "safe"]
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&])")
# Streamlit changes texts once more after they are read as Markdown, when a backslash does not help any more: addresses
# become links, :smile: and :material/home: symbols, and arrows and dashes are drawn.  Each of these needs two
# characters side by side, so the first of them goes into a piece of its own.
_JOINED = re.compile(r"(?i:(?<=www)\.)|:(?=[\w+\-/])|@|[-<](?=[-=>])|[>~](?==)")


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
