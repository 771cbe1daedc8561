"""Picture grids, empty states, and the command that makes what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.errors import CldiError
from cldi_core.features import backbones
from cldi_core.scoring.methods import METHODS

from . import load, view
from .foreign import safe

PAGE = 24  # pictures of a grid shown at a time


def grid(dataset: str, ids: Sequence[str], alt: str, key: str, *, width: int = 66) -> None:
    """A paged grid of pictures, each with an alternative text; turning a page redraws the grid alone."""
    if not ids:
        st.info(f"No pictures of {safe(alt)}.")
        return
    _grid(dataset, tuple(ids), alt, key, width)


@st.fragment
def _grid(dataset: str, ids: tuple[str, ...], alt: str, key: str, width: int) -> None:
    numbers = page(len(ids), PAGE, key)
    try:
        lost = _row(dataset, ids, numbers, alt, width)
        if lost:
            st.caption(safe(absent(dataset, lost, len(numbers))))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    pager(numbers, len(ids), PAGE, key)


def absent(name: str, count: int, of: int) -> str:
    """What is said where so many of some pictures cannot be drawn."""
    if not load.opened(name).pictures.ids:
        return "No pictures: this data set has features that were imported without them."
    return (
        f"Missing or broken: {count} of the {counted(of, 'picture')} here; run: {load.command(name, 'check', '--deep')}"
    )


def row(dataset: str, ids: Sequence[str], alt: str, *, width: int) -> None:
    """Some pictures beside each other, each with an alternative text."""
    _row(dataset, ids, range(len(ids)), alt, width)


def _row(dataset: str, ids: Sequence[str], numbers: range, alt: str, width: int) -> int:
    """Draw those of some pictures that are not missing or broken; how many are.

    Args:
        numbers: the places of those that are drawn, by which they are called.
    """
    files = load.thumbnails(dataset, [ids[number] for number in numbers])
    shown = [number for number in numbers if ids[number] in files]
    if shown:
        st.image(
            [files[ids[number]] for number in shown],
            width=width,
            alt=[f"{alt}, picture {number + 1} of {len(ids)}" for number in shown],
        )
    return len(numbers) - len(shown)


def page(count: int, size: int, key: str) -> range:
    """The numbers of what the current page shows."""
    page = min(st.session_state.get(f"page-{key}", 0), max(-(-count // size) - 1, 0))
    return range(page * size, min((page + 1) * size, count))


def pager(numbers: range, count: int, size: int, key: str) -> None:
    """Buttons to the page before and the next, where there is more than one."""
    if count > size:
        page = numbers.start // size
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("‹", key=f"back-{key}", disabled=page == 0, on_click=_turn, args=(key, page - 1))
            st.caption(f"{numbers.start + 1}–{numbers.stop} of {count}", width="content")
            st.button("›", key=f"on-{key}", disabled=numbers.stop == count, on_click=_turn, args=(key, page + 1))


def _turn(key: str, page: int) -> None:
    st.session_state[f"page-{key}"] = page


def empty(what: str, command: str) -> None:
    """An empty state: what is missing, as plain text, and the command that makes it."""
    st.info(safe(what))
    st.code(command, language="bash")


def ready(current: view.View, what: str) -> bool:
    """Whether the data set has what pages need; else say so, and what looks into it."""
    if current.pair and current.backbone:
        return True
    empty(
        f"There is nothing to {what} yet: the data set needs a word list, pictures and features.",
        load.command(current.dataset, "check"),
    )
    return False


def unscored(
    dataset: str,
    backbone: str,
    records: Sequence[Mapping[str, Any]],
    ways: Iterable[str] = METHODS,
    pairs: Sequence[str] = (),
) -> None:
    """Says which methods ``records`` lack: they are not computed while somebody waits for a page.

    Args:
        pairs: that the records are of; such as a plain ``score`` leaves out are named in the command.
    """
    known = {record["method"] for record in records}
    wanted = [one for one in map(rankers.ranker, ways) if not one.dear and one.stands_for not in known]
    missing = [one.label for one in wanted if one.name not in known]
    if missing:
        empty(
            f"Not shown, because they have not been scored for this data set yet: {', '.join(missing)}.",
            load.command(dataset, "score", *_turned(dataset, pairs), "--backbone", backbone),
        )


def _turned(dataset: str, pairs: Sequence[str]) -> list[str]:
    """The options of ``score`` that mean pairs which are asked the other way."""
    turned = [pair for pair in pairs if pair not in load.opened(dataset).pairs]
    return ["--pair", turned[0]] if len(turned) == 1 else ["--direction", "back"] if turned else []


def unprepared(current: view.View, what: str) -> None:
    """Says that something would take all features of a large data set, and what makes it ahead.

    Args:
        what: follows from that, as the beginning of a sentence.
    """
    command = load.command(current.dataset, "prepare", "--backbone", current.backbone)
    empty(f"{what}: of so many pictures they are made ahead, once.", command)


def unranked(current: view.View, what: str, *missing: tuple[str, str]) -> None:
    """Says that methods have not been scored for a pair, and what scores them.

    Args:
        what: follows from that, as the beginning of a sentence; missing: methods, each with its backbone.
    """
    named = ", ".join(f"{rankers.label(method)} with {backbones.label(backbone)}" for method, backbone in missing)
    commands = [
        load.command(current.dataset, "score", "--pair", current.pair, "--backbone", backbone, "--method", method)
        for method, backbone in missing
    ]
    empty(f"{what}: for {current.pair} there are no scores yet of {named}.", "\n".join(commands))
