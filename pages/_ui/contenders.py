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


def label(contender: Contender) -> str:
    """``"AVGMAX · EfficientNet-Lite0"``."""
    return f"{rankers.label(contender[0])} · {backbones.label(contender[1])}"


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
    there = load.opened(current.dataset).backbones
    own = (current.method, current.backbone)
    other = ("avgmax" if own[0] == "maxmax" or rankers.is_trained(own[0]) else "maxmax", own[1])
    offered = [*load.offered(current.dataset, own[1], current.pair), current.method]
    names = {_name(one): one for one in [(method, backbone) for backbone in there for method in offered]}
    known = [one for one in _parsed(view.asked("contenders")) if _exists(current, one)]
    asked = {_name(one): one for one in list(dict.fromkeys(known))[:MOST]}
    chosen = st.multiselect(
        "Compare",
        list(names | asked),
        format_func=lambda name: label((names | asked)[name]),
        max_selections=MOST,
        **view.widget("contenders", list(asked) or [_name(own), _name(other)], write=",".join),
    )
    return [(names | asked)[name] for name in chosen]


def _name(contender: Contender) -> str:
    return "@".join(contender)


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
