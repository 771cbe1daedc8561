"""Components of our own: each is a script beside this file, and where it has one a style sheet, under the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def component(name: str, html: str = "<span></span>") -> Any:
    """What mounts ``name.js`` with ``name.css``, if there is such a file.

    Args:
        html: what the script finds to draw in.
    """
    style = HERE / f"{name}.css"
    css = style.read_text("utf-8") if style.is_file() else None
    return st.components.v2.component(f"cldi_{name}", html=html, css=css, js=(HERE / f"{name}.js").read_text("utf-8"))
