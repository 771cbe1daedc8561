"""The methods and backbones that the Compare page sets against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from cldi_core import rankers
from cldi_core.evaluation import tables
from cldi_core.features import backbones

from . import load, view

Contender = tuple[str, str]  # method, backbone
MOST = 4  # that are compared at a time: six pairs of them, for each part of speech
FEWEST = 2
PLACES = ("First", "Second", "Third", "Fourth")


def label(contender: Contender) -> str:
    """``"AVGMAX · EfficientNet-Lite0"``."""
    return f"{rankers.label(contender[0])} · {backbones.label(contender[1])}"


def short(contender: Contender, other: Contender) -> str:
    """What tells a contender from another, in few letters: its method, or its backbone where they share the method."""
    return rankers.label(contender[0]) if contender[0] != other[0] else backbones.label(contender[1])


@load.cached(max_entries=40, also=load.RANKINGS, spinner=load.SPINNER)
def compared(
    name: str,
    pair: str,
    chosen: Sequence[Contender],
    settings: Sequence[tuple[str, str]],
    unseen: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The records of ``tables.compared`` for contenders that have been scored; each is called by its ``label``.

    Args:
        settings: what some parts of speech are called, and their letters.
        unseen: backbones whose learned methods saw nothing of the words that are kept; all words without any.
    """
    found = {label(one): load.rankings(name, one[1], pair, one[0]) for one in chosen}
    frames = {one: frame for one, frame in found.items() if frame is not None}
    for backbone in unseen:
        frames = tables.only(frames, load.never_seen(name, backbone, pair))
    return tables.compared({pair: frames}, list(frames), settings=dict(settings))


def chooser(current: view.View) -> list[Contender]:
    """Those of the URL, or the view's own one and another; the first is what the others are measured by."""
    chosen = asked(current)
    for place, column in enumerate(st.columns(MOST)):
        if place < len(chosen):
            with column.container(border=True, gap="xsmall"):
                _one(current, chosen, place)
        elif place == len(chosen):
            with column:
                _add(current, chosen)
    return chosen


def asked(current: view.View) -> list[Contender]:
    """The contenders that the URL names, at least two and at most ``MOST``; without two, the view's own and another."""
    known = [one for one in _parsed(view.asked("contenders")) if _exists(current, one)]
    chosen = list(dict.fromkeys(known))[:MOST]
    if len(chosen) >= FEWEST:
        return chosen
    own = chosen[0] if chosen else (current.method, current.backbone)
    return [own, ("avgmax" if own[0] == "maxmax" or rankers.is_trained(own[0]) else "maxmax", own[1])]


def _one(current: view.View, chosen: list[Contender], place: int) -> None:
    """The method and the backbone of one contender, each among those that with the other make a new one."""
    method, backbone = chosen[place]
    others = {*chosen} - {chosen[place]}

    def changed(one: Contender) -> str:
        return _written([one if number == place else old for number, old in enumerate(chosen)])

    ways = dict.fromkeys([*load.offered(current.dataset, backbone, current.pair), method])
    st.selectbox(
        f"{PLACES[place]} method",
        [way for way in ways if (way, backbone) not in others],
        format_func=rankers.label,
        help="The others are measured by it." if place == 0 else None,
        **view.widget("contenders", method, key=f"method {place}", write=lambda way: changed((way, backbone))),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.selectbox(
            f"{PLACES[place]} backbone",
            [
                net
                for net in load.opened(current.dataset).backbones
                if (method, net) not in others and _exists(current, (method, net))
            ],
            format_func=backbones.label,
            label_visibility="collapsed",
            **view.widget("contenders", backbone, key=f"backbone {place}", write=lambda net: changed((method, net))),
        )
        if len(chosen) > FEWEST:
            st.button(
                "",
                icon=":material/close:",
                help=f"Leave out {label(chosen[place])}",
                type="tertiary",
                key=f"drop contender {place}",
                on_click=view.go,
                kwargs={"contenders": _written([one for one in chosen if one != chosen[place]])},
            )


def _add(current: view.View, chosen: list[Contender]) -> None:
    another = _another(current, chosen)
    st.button(
        "Compare another",
        icon=":material/add:",
        key="add contender",
        disabled=another is None,
        on_click=view.go,
        kwargs={"contenders": _written([*chosen, another])} if another else {},
    )


def _another(current: view.View, chosen: list[Contender]) -> Contender | None:
    """One that is not compared yet, on the last one's backbone first."""
    last = chosen[-1][1]
    nets = [last, *(net for net in load.opened(current.dataset).backbones if net != last)]
    offered = ((way, net) for net in nets for way in load.offered(current.dataset, net, current.pair))
    return next((one for one in offered if one not in chosen), None)


def _written(chosen: Sequence[Contender]) -> str:
    return ",".join(map("@".join, chosen))


def _parsed(text: str) -> list[Contender]:
    """``"avgmax@vgg19,rrf=avgmax,knn@vgg19"``: a fusion has commas in its name, a backbone has none."""
    found = (name.strip(",").rpartition("@") for name in re.findall(r"[^@]+@[^,@]+", text))
    return [(method, backbone) for method, _, backbone in found]


def _exists(current: view.View, contender: Contender) -> bool:
    """Whether a contender of the URL is one: nothing is looked for on disk by a name that isn't known."""
    method, backbone = contender
    if backbone not in load.opened(current.dataset).backbones or not rankers.exists(method):
        return False
    return not rankers.is_trained(method) or method in load.learned(current.dataset, backbone, current.pair)
