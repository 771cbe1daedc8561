"""Foreign words: the one form in which they are shown, in Markdown and in figures; in a browser: test_browser_names."""

from __future__ import annotations

import html
import re

import pandas as pd
import pytest

from pages._ui import figures, foreign
from pages._ui.foreign import in_figure, plain, safe
from tests.pages.hostile import CORPUS
from tests.pages_data import unescaped


@pytest.mark.parametrize("text", CORPUS)
def test_a_safe_text_is_its_plain_form_once_it_is_read(text: str) -> None:
    made = safe(text)
    assert unescaped(made) == plain(text)
    assert "\n" not in made
    bare = re.sub(r"\\.", "", re.sub(r":color\[\\.\]", "", made))
    assert not set(bare) & set("<>[](){}$:*`_#|~!+.-@&\\"), "all that could be markup is escaped"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\n\tc", "a b c"),
        ("  a  b ", "a b"),
        ("a\x00\x1b\x7f\x85b", "a b"),
        ("a\u2028b\u2029c", "a b c"),
        ("a\u202egnp.exe", "a gnp.exe"),
        ("\u2066a\u2069", "a"),
        ("na\u00efve 東京 שלום \u200d", "na\u00efve 東京 שלום \u200d"),
        ("", ""),
        (" \n", "␣"),
        ("x" * foreign.LONGEST, "x" * foreign.LONGEST),
        ("x" * (foreign.LONGEST + 1), "x" * foreign.LONGEST + "…"),
    ],
)
def test_the_form_in_which_a_text_is_shown(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert unescaped(safe(text)) == html.unescape(in_figure(text)) == shown


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("well-known: it is", r"well\-known\: it is"),
        ("http://x", r"http:color[\:]//x"),
        ("www.x", r"www:color[\.]x"),
        ("a@b", r"a:color[\@]b"),
        (":smile:", r":color[\:]smile\:"),
        ("--", r":color[\-]\-"),
        ("<->", r":color[\<]:color[\-]\>"),
    ],
)
def test_only_what_streamlit_would_change_is_taken_apart(text: str, made: str) -> None:
    assert safe(text) == made


def test_figures_read_tags_and_entities_but_no_quotes() -> None:
    assert in_figure("<b>\"x\"</b> & 'y'\n%{x}") == "&lt;b&gt;\"x\"&lt;/b&gt; &amp; 'y' %{x}"


def test_contenders_and_words_are_text_in_figures() -> None:
    """A backbone is called as its folder is."""
    evil = "<a href='http://evil.example'>x</a>"
    table = pd.DataFrame({"word": [evil], "pos": ["N"], "number": [0], "one": [1.0], "two": [2.0]})
    drawn = figures.rank_scatter(table, "one", "two", (evil, f"{evil}!"))
    titles = [drawn.layout.xaxis.title.text, drawn.layout.yaxis.title.text]
    assert titles == [f"rank, {in_figure(evil)}", f"rank, {in_figure(evil)}!"]
    assert drawn.data[1].hovertext == (in_figure(evil),)
    assert "<" not in in_figure(evil)
