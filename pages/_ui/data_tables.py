"""What the tables of the Data page have in common: numbers that can be read, and lists of which a page is shown."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from . import view


def numbers(frame: pd.DataFrame) -> dict[str, Any]:
    """The columns of whole numbers, written as the reader's browser writes them: ``1,200``."""
    whole = frame.select_dtypes("integer").columns
    return {str(name): st.column_config.NumberColumn(format="localized") for name in whole}


def page(name: str, count: int, size: int) -> range:
    """The numbers of what is shown of a long list: the page that a parameter of the URL says, or the nearest one."""
    asked = view.asked(name)
    last = max(-(-count // size), 1)
    number = min(max(int(asked), 1), last) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 1
    return range((number - 1) * size, min(number * size, count))


def pager(name: str, numbers: range, count: int, size: int, what: str = "", **also: str) -> None:
    """Buttons to the page before and the next, where there is more than one.

    Args:
        what: is counted, in the plural.
        also: parameters that say which list it is, where the URL may not say it yet.
    """
    if count <= size:
        return
    number = numbers.start // size + 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("‹", key=f"{name} back", disabled=number == 1, on_click=view.go,
                  kwargs={**also, name: str(number - 1)}, help="The page before")  # fmt: skip
        st.caption(f"{numbers.start + 1:,}–{numbers.stop:,} of {count:,} {what}".rstrip(), width="content")
        st.button("›", key=f"{name} on", disabled=numbers.stop == count, on_click=view.go,
                  kwargs={**also, name: str(number + 1)}, help="The next page")  # fmt: skip
