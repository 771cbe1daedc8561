"""What the page on failure reads: stored evidence of the pairs that are asked for, and what the core makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import backbones
from cldi_core.insight import failure as failures
from cldi_core.insight import winners as beaten

from . import draw, load, view

ALL, ONE = "all", "pair"  # of the URL
SPINNER = "Asking what goes with failure; the answer is kept …"


def alike(current: view.View) -> tuple[str, ...]:
    """The pairs of the same direction as the shown one that the method can rank: learned ones only where trained."""
    dataset, ranker = load.opened(current.dataset), rankers.ranker(current.method)
    pairs = dataset.alike(current.pair)
    return tuple(one for one in pairs if one == current.pair or ranker.available(dataset, current.backbone, one))


def scope(current: view.View) -> tuple[str, ...]:
    """The pairs that the page is about."""
    return alike(current) if view.one_of("scope", [ALL, ONE]) == ALL else (current.pair,)


def scope_control(current: view.View) -> None:
    """All pairs or the shown one, where there are several."""
    pairs = alike(current)
    if len(pairs) > 1:
        names = {ALL: f"All {len(pairs)} pairs", ONE: current.pair}
        st.segmented_control(
            "Pairs",
            list(names),
            format_func=names.__getitem__,
            required=True,
            label_visibility="collapsed",
            **view.widget("scope", view.one_of("scope", list(names))),
        )


def missing(current: view.View) -> bool:
    """Whether a pair has no evidence; then what makes it is shown."""
    lacking = [
        pair
        for pair in scope(current)
        if load.evidence(current.dataset, current.backbone, pair, current.method) is None
    ]
    if not lacking:
        return False
    method, backbone = rankers.label(current.method), backbones.label(current.backbone)
    draw.empty(
        f"Nothing is told yet: of {', '.join(lacking)} there is no evidence of {method} with {backbone}.",
        "\n".join(
            load.command(
                current.dataset, "score", "--pair", pair, "--backbone", current.backbone, "--method", current.method
            )
            for pair in lacking
        ),
    )
    return True


def told(current: view.View) -> str:
    """Of what the numbers are: pairs, method and backbone."""
    pairs = ", ".join(scope(current))
    return f"{pairs} · {rankers.label(current.method)} · {backbones.label(current.backbone)}"


def failure(current: view.View) -> failures.Failure:
    """All of "What predicts failure"; after ``missing``."""
    return _failure(current.dataset, current.backbone, scope(current), current.method)


def winners(current: view.View) -> pd.DataFrame:
    """A row for each missed query (``winners.table``); not to be changed; after ``missing``."""
    return winners_of(current.dataset, current.backbone, scope(current), current.method)


@load.cached(resource=True, max_entries=20, also=load.EVIDENCE, spinner=SPINNER)
def _failure(name: str, backbone: str, pairs: Sequence[str], method: str) -> failures.Failure:
    return failures.of_evidence(_evidence(name, backbone, pairs, method), method)


@load.cached(resource=True, max_entries=20, also=load.EVIDENCE, spinner=SPINNER)
def winners_of(name: str, backbone: str, pairs: Sequence[str], method: str) -> pd.DataFrame:
    """As ``winners``, of pairs that are named; without those of which there is no evidence."""
    return beaten.together([beaten.table(own, pair) for own, pair in _evidence(name, backbone, pairs, method)])


def _evidence(name: str, backbone: str, pairs: Sequence[str], method: str) -> list[tuple[pd.DataFrame, Pair]]:
    frames = ((load.evidence(name, backbone, pair, method), load.pair_of(name, backbone, pair)) for pair in pairs)
    return [(found, pair) for found, pair in frames if found is not None]
