"""What a visitor tries with the pictures of one word: read from the URL, changed by a click, kept nowhere else.

``without`` lists pictures that are left out by the first digits of their ids, those of the right answer marked with a
"t"; ``first`` is how many of the word's pictures are kept, ``k`` into how many groups they are put.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.insight import story_words
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.what_if import Edit

from . import draw, view

DIGITS = 8  # of a picture's id in the URL
MOST = 60  # pictures that can be left out
GROUPS = 12  # into which pictures can be put, at most
TARGET = "t"  # before the pictures of the right answer: a picture can belong to both words
_ONE = re.compile(rf"({TARGET}?)([0-9a-f]{{{DIGITS}}})")
_ID = re.compile(r"[0-9a-f]{8,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Trial:
    """What the URL asks for, looked up among the pictures of a word and of its right answer.

    Attributes:
        source, target: the ids left out by hand, in the order of the sets.
        first: how many pictures of the word are kept; ``None``: all.
        groups: how many groups the pictures are put into; ``None``: as many as they fall into.
        ignored: how many wishes of the URL could not be met.
    """

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    first: int | None = None
    groups: int | None = None
    ignored: int = 0

    def edit(self, pictures: Sequence[str], candidate: str, *, clusters: bool = False) -> Edit:
        """The same for the core.

        Args:
            pictures: of the word; candidate: the right answer that ``target`` belongs to.
            clusters: the method is one of clusters, whose number ``groups`` is.
        """
        beyond = pictures[self.first :] if self.first else ()
        left = {*self.source, *beyond}
        gone = tuple(key for key in pictures if key in left)
        k = self.groups if clusters and self.groups else 0
        return Edit(gone, self.target, candidate if self.target else "", k)


def read(pictures: Sequence[str], right: Sequence[str]) -> Trial:
    """What the URL asks for; nothing that leaves a word without a picture.

    Args:
        pictures: the ids of the word's pictures; right: those of the right answer.
    """
    wanted = [part for part in view.asked("without")[: 20 * MOST].split(",") if part]
    found = [_ONE.fullmatch(part) for part in wanted[:MOST]]
    left = [{one[2] for one in found if one and one[1] == mark} for mark in ("", TARGET)]
    source, target = (
        tuple(key for key in own if key[:DIGITS] in chosen) for own, chosen in zip((pictures, right), left, strict=True)
    )
    first, groups = _count("first", len(pictures) - 1), _count("k", GROUPS)
    unknown = len(set(wanted)) - len({key[:DIGITS] for key in source}) - len({key[:DIGITS] for key in target})
    ignored = unknown + sum(bool(view.asked(name)) and not value for name, value in (("first", first), ("k", groups)))
    if source and not set(pictures[: first or len(pictures)]) - set(source):
        source, ignored = (), ignored + len(source)
    if target and len(target) == len(right):
        target, ignored = (), ignored + len(target)
    return Trial(source, target, first or None, groups or None, max(ignored, 0))


def _count(name: str, most: int) -> int:
    text = view.asked(name)
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= most else 0


def written(source: Collection[str], target: Collection[str]) -> str:
    """The parameter for some pictures left out, at most ``MOST``."""
    marked = [*(key[:DIGITS] for key in source), *(TARGET + key[:DIGITS] for key in target)]
    return ",".join(marked[:MOST])


def toggle(trial: Trial, side: str, key: str) -> None:
    """Leave a picture out, or take it in again; for callbacks, which may bring anything.

    Args:
        side: ``"source"`` or ``"target"``; key: the picture's id.
    """
    if side not in ("source", "target") or not _ID.fullmatch(key):
        return
    left: dict[str, list[str]] = {"source": list(trial.source), "target": list(trial.target)}
    if key in left[side]:
        left[side].remove(key)
    else:
        left[side].append(key)
    view.go(without=written(left["source"], left["target"]))


def without(trial: Trial, side: str, out: Collection[str]) -> dict[str, str]:
    """The parameters with which exactly some pictures of one side are left out."""
    source, target = (out, trial.target) if side == "source" else (trial.source, out)
    return {"without": written(source, target), "first": ""}


def only(trial: Trial, side: str, pictures: Sequence[str], kept: Collection[str]) -> dict[str, str] | None:
    """The parameters with which only some pictures of one side are kept; ``None`` where the URL can't hold that."""
    out = [key for key in pictures if key not in kept]
    other = trial.target if side == "source" else trial.source
    return without(trial, side, out) if len(out) + len(other) <= MOST else None


def bar(trial: Trial, pictures: Sequence[str], before: Explanation, now: Explanation) -> None:
    """The first n pictures, the number of groups, back to all; and what has changed."""
    with st.container(horizontal=True, vertical_alignment="center", key="what-if", gap="small"):
        st.markdown("**What if**", width="content")
        _number("first", "first n pictures", "first n", trial.first, len(pictures) - 1)
        _number("k", "number of groups", "groups", trial.groups, GROUPS)
        tried = bool(trial.source or trial.target or trial.first)
        st.button(
            "All pictures",
            icon=":material/undo:",
            disabled=not (tried or trial.groups or trial.ignored),
            on_click=view.go,
            kwargs={"without": "", "first": "", "k": ""},
            key="reset",
        )
        with st.container(key="what-changed", width="stretch"):
            st.markdown(draw.safe(_said(trial, pictures, before, now, tried)))


def _said(trial: Trial, pictures: Sequence[str], before: Explanation, now: Explanation, tried: bool) -> str:
    if not tried:
        said = "× leaves a picture out; the ranking follows at once."
    else:
        kept = f"{now.pictures} of {counted(len(pictures), 'picture')}"
        answer = f", {len(trial.target)} left out of {now.gold[0].word}" if trial.target else ""
        said = f"{story_words.changed(before, now)}; {kept}{answer}."
    return said + (f" ({trial.ignored} wishes of the link could not be met.)" if trial.ignored else "")


def _number(name: str, label: str, shown: str, value: int | None, most: int) -> None:
    if most < 1:
        return
    st.number_input(
        label,
        min_value=1,
        max_value=most,
        step=1,
        placeholder=shown,
        label_visibility="collapsed",
        width=112,
        **view.widget(name, value, key=f"try-{name}", write=lambda chosen: str(chosen) if chosen else ""),
    )
