"""Cached loading.  Caches are keyed on names and the data set's stamp, never on arrays or frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core.data import dataset as datasets
from cldi_core.data import pictures
from cldi_core.data.thumbnails import Shelf
from cldi_core.evaluation import metrics, runs, tables
from cldi_core.features import feature_card, shards
from cldi_core.insight import health, overview, projection
from cldi_core.pivot import translation
from cldi_core.scoring import Scores
from cldi_core.scoring.methods import METHODS

SPINNER = "Computing this once; it is kept …"


def names() -> list[str]:
    """The data sets to choose from, the default first."""
    found = datasets.available()
    first = [name for name in (*datasets.requested(), "demo") if name in found]
    return list(dict.fromkeys([*first, *found]))


def opened(name: str) -> datasets.Dataset:
    """A data set by name; read anew when one of its files changes."""
    return _opened(name, _stamp(name))


_stamps: ContextVar[dict[str, str] | None] = ContextVar("stamps", default=None)


@contextmanager
def one_run() -> Iterator[None]:
    """Look at each data set's files once while a page is drawn, however many parts of the page ask for them."""
    token = _stamps.set({})
    try:
        yield
    finally:
        _stamps.reset(token)


def _stamp(name: str) -> str:
    known = _stamps.get()
    if known is None:
        known = {}
    if name not in known:
        known[name] = datasets.Dataset(datasets.available()[name]).stamp()
    return known[name]


@st.cache_resource(max_entries=6, show_spinner=False)
def _opened(name: str, stamp: str) -> datasets.Dataset:
    return datasets.Dataset(datasets.available()[name])


def choices(name: str) -> dict[str, list[str]]:
    """What a data set offers the view: its pairs, its backbones, and ``"backbone/pair/model"`` for trained models."""
    dataset = opened(name)
    return {"pair": list(dataset.pairs), "backbone": list(dataset.backbones), "learned": translation.offers(dataset)}


def learned(name: str, backbone: str, pair: str) -> list[str]:
    """The learned methods that have been trained for a pair."""
    return translation.trained(opened(name), backbone, pair)


@st.cache_resource(max_entries=4, show_spinner=False)
def _features(name: str, stamp: str, backbone: str) -> shards.Features:
    return shards.load(_opened(name, stamp), backbone)


@st.cache_resource(max_entries=12, show_spinner=False)
def _pair(name: str, stamp: str, backbone: str, pair: str) -> runs.Pair:
    return runs.open_pair(_opened(name, stamp), backbone, pair, _features(name, stamp, backbone))


def pair_of(name: str, backbone: str, pair: str) -> runs.Pair:
    """A language pair with its features."""
    return _pair(name, _stamp(name), backbone, pair)


@st.cache_resource(max_entries=24, show_spinner=SPINNER)
def _scores(name: str, stamp: str, backbone: str, pair: str, method: str) -> Scores:
    return runs.scores(_pair(name, stamp, backbone, pair), [method])[method]


def scores(name: str, backbone: str, pair: str, method: str) -> Scores:
    """The score matrix of one method, read-only."""
    return _scores(name, _stamp(name), backbone, pair, method)


@st.cache_resource(max_entries=200, show_spinner=SPINNER)
def _rankings(name: str, stamp: str, backbone: str, pair: str, method: str) -> pd.DataFrame:
    return runs.rankings(_pair(name, stamp, backbone, pair), [method])[method]


def rankings(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame:
    """What became of every query under one method or control; not to be changed."""
    return _rankings(name, _stamp(name), backbone, pair, method)


@st.cache_data(max_entries=12, show_spinner=False)
def _unseen(name: str, stamp: str, backbone: str, pair: str) -> Any:
    opened = _opened(name, stamp)
    return translation.unseen(_pair(name, stamp, backbone, pair), translation.trained(opened, backbone, pair))


def unseen(name: str, backbone: str, pair: str) -> frozenset[str]:
    """The queries of which no learned method of the pair saw anything in training."""
    found: frozenset[str] = _unseen(name, _stamp(name), backbone, pair)
    return found


@st.cache_data(max_entries=40, show_spinner=SPINNER)
def _table(
    name: str,
    stamps: tuple[str, str],
    backbone: str,
    pairs: tuple[str, ...],
    ways: tuple[str, ...],
    unseen: bool,
    **options: Any,
) -> Any:
    stored = {pair: runs.stored_rankings(_pair(name, stamps[0], backbone, pair), ways) for pair in pairs}
    complete = [way for way in ways if all(way in frames for frames in stored.values())]
    frames = {pair: {way: stored[pair][way] for way in complete} for pair in pairs}
    if unseen:
        kept = {pair: _unseen(name, stamps[0], backbone, pair) for pair in pairs}
        frames = {pair: tables.only(own, kept[pair]) for pair, own in frames.items()}
    return tables.table(frames, **options) if complete else []


def table(
    name: str,
    backbone: str,
    pairs: Sequence[str],
    *,
    same_spelled: bool = True,
    ways: Sequence[str] = tuple(METHODS),
    group: str | None = None,
    unseen: bool = False,
) -> list[dict[str, Any]]:
    """The records of ``results.table`` for those of ``ways`` that are scored on all the pairs; nothing is computed.

    ``unseen``: only of the words that the learned methods saw nothing of in training.

    Scoring several pairs by all methods can take minutes: that is for ``python -m cldi_core score``.
    """
    dataset = opened(name)
    stamps = (_stamp(name), dataset.stamp(["rankings/*/*/*"]))
    records: list[dict[str, Any]] = _table(
        name, stamps, backbone, tuple(pairs), tuple(ways), unseen, same_spelled=same_spelled, group=group
    )
    return records


@st.cache_data(max_entries=20, show_spinner=SPINNER)
def _against(
    name: str,
    stamps: tuple[str, str],
    backbone: str,
    pairs: tuple[str, ...],
    ways: tuple[str, ...],
    base: str,
    same: bool,
) -> Any:
    stored = {pair: runs.stored_rankings(_pair(name, stamps[0], backbone, pair), ways) for pair in pairs}
    complete = [way for way in ways if all(way in frames for frames in stored.values())]
    frames = {pair: {way: stored[pair][way] for way in complete} for pair in pairs}
    return tables.against(frames, base, same_spelled=same) if base in complete else []


def against(
    name: str,
    backbone: str,
    pairs: Sequence[str],
    base: str = "avgmax",
    *,
    same_spelled: bool = True,
    ways: Sequence[str] = tuple(METHODS),
) -> list[dict[str, Any]]:
    """The records of ``results.against`` for those of ``ways`` that are scored on all pairs; nothing is computed."""
    stamps = (_stamp(name), opened(name).stamp(["rankings/*/*/*"]))
    records: list[dict[str, Any]] = _against(name, stamps, backbone, tuple(pairs), tuple(ways), base, same_spelled)
    return records


def chance(name: str, backbone: str, pair: str) -> float:
    """The MRR of a random order."""
    return tables.chance(pair_of(name, backbone, pair))


@st.cache_data(max_entries=40, show_spinner=SPINNER)
def _noun_gap(
    name: str, stamp: str, backbone: str, pairs: tuple[str, ...], method: str, letter: str, same: bool
) -> Any:
    frames = {pair: _rankings(name, stamp, backbone, pair, method) for pair in pairs}
    kept = {pair: frame if same else frame[~frame["same_spelled"]] for pair, frame in frames.items()}
    return tables.noun_gap(kept, letter)


def noun_gap(
    name: str, backbone: str, pairs: Sequence[str], method: str, letter: str, *, same_spelled: bool = True
) -> metrics.Interval:
    """How much higher the nouns' MRR is than that of verbs or adjectives."""
    stamp = _stamp(name)
    gap: metrics.Interval = _noun_gap(name, stamp, backbone, tuple(pairs), method, letter, same_spelled)
    return gap


@st.cache_data(max_entries=20, show_spinner=SPINNER)
def _dispersions(name: str, stamp: str, backbone: str, pair: str) -> pd.DataFrame:
    return overview.dispersions(_pair(name, stamp, backbone, pair))


def dispersions(name: str, backbone: str, pair: str) -> pd.DataFrame:
    """Dispersion of every word of a pair: columns language, word, pos, dispersion, pictures."""
    frame: pd.DataFrame = _dispersions(name, _stamp(name), backbone, pair)
    return frame


@st.cache_resource(max_entries=6, show_spinner=SPINNER)
def _coordinates(name: str, stamp: str, backbone: str, kind: str) -> pd.DataFrame:
    return projection.coordinates(_opened(name, stamp), backbone, kind)


def coordinates(name: str, backbone: str, kind: str) -> pd.DataFrame:
    """The stored map of words or pictures, or PCA; not to be changed."""
    return _coordinates(name, _stamp(name), backbone, kind)


@st.cache_data(max_entries=6, show_spinner="Looking through the data set …")
def _findings(name: str, stamp: str) -> list[health.Finding]:
    return health.check(_opened(name, stamp))


def findings(name: str) -> list[health.Finding]:
    """What ``check`` says."""
    found: list[health.Finding] = _findings(name, _stamp(name))
    return found


@st.cache_data(max_entries=20, show_spinner=False)
def _card(name: str, stamp: str, backbone: str) -> feature_card.Card:
    return feature_card.card(_opened(name, stamp), backbone)


def card(name: str, backbone: str) -> feature_card.Card:
    """What is known of a backbone's features."""
    found: feature_card.Card = _card(name, _stamp(name), backbone)
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _shelf(name: str, stamp: str) -> Shelf:
    return Shelf(_opened(name, stamp).pictures)


def thumbnails(name: str, ids: Sequence[str]) -> list[str]:
    """Small pictures as data URLs, in the order of the ids; missing and broken ones are left out.

    Data URLs, because Streamlit would decode, shrink and encode the files again and keep them for each session.
    """
    return [pictures.data_url(file) for file in _shelf(name, _stamp(name)).get(ids).values()]


@st.cache_data(max_entries=5000, show_spinner=False)
def _strip(name: str, stamp: str, ids: tuple[str, ...], arrow: bool) -> str | None:
    files = list(_shelf(name, stamp).get(ids).values())
    return pictures.data_url(pictures.strip(files, arrow=arrow), "svg+xml") if files else None


def strip(name: str, ids: Sequence[str], *, arrow: bool = False) -> str | None:
    """Some pictures side by side as one data URL, with an arrow between two that are compared; ``None`` for none."""
    url: str | None = _strip(name, _stamp(name), tuple(ids), arrow)
    return url
