"""Cached loading.  Caches are keyed on names and the data set's stamp, never on arrays or frames."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import check, controls, features, metrics, overview, pictures, projection, results, runs
from cldi_core import dataset as datasets
from cldi_core.errors import PictureError
from cldi_core.scores import METHODS, Matrix

SPINNER = "Computing this once; it is kept …"


def names() -> list[str]:
    """The data sets to choose from, the default first."""
    found = datasets.available()
    first = [name for name in (*datasets.requested(), "demo") if name in found]
    return list(dict.fromkeys([*first, *found]))


def opened(name: str) -> datasets.Dataset:
    """A data set by name; read anew when one of its files changes."""
    path = datasets.available()[name]
    return _opened(name, datasets.Dataset(path).stamp())


@st.cache_resource(max_entries=6, show_spinner=False)
def _opened(name: str, stamp: str) -> datasets.Dataset:
    return datasets.Dataset(datasets.available()[name])


def choices(name: str) -> dict[str, list[str]]:
    """What a data set offers the view: its pairs and backbones."""
    dataset = opened(name)
    return {"pair": list(dataset.pairs), "backbone": list(dataset.backbones)}


@st.cache_resource(max_entries=4, show_spinner=False)
def _features(name: str, stamp: str, backbone: str) -> features.Features:
    return features.load(_opened(name, stamp), backbone)


@st.cache_resource(max_entries=12, show_spinner=False)
def _pair(name: str, stamp: str, backbone: str, pair: str) -> runs.Pair:
    return runs.open_pair(_opened(name, stamp), backbone, pair, _features(name, stamp, backbone))


def pair_of(name: str, backbone: str, pair: str) -> runs.Pair:
    """A language pair with its features."""
    return _pair(name, opened(name).stamp(), backbone, pair)


@st.cache_resource(max_entries=24, show_spinner=SPINNER)
def _scores(name: str, stamp: str, backbone: str, pair: str, method: str) -> Matrix:
    return runs.scores(_pair(name, stamp, backbone, pair), [method])[method]


def scores(name: str, backbone: str, pair: str, method: str) -> Matrix:
    """The score matrix of one method, read-only."""
    return _scores(name, opened(name).stamp(), backbone, pair, method)


@st.cache_resource(max_entries=200, show_spinner=SPINNER)
def _rankings(name: str, stamp: str, backbone: str, pair: str, method: str) -> pd.DataFrame:
    return runs.rankings(_pair(name, stamp, backbone, pair), [method])[method]


def rankings(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame:
    """What became of every query under one method or control; not to be changed."""
    return _rankings(name, opened(name).stamp(), backbone, pair, method)


@st.cache_data(max_entries=40, show_spinner=SPINNER)
def _table(
    name: str, stamps: tuple[str, str], backbone: str, pairs: tuple[str, ...], same: bool, extra: tuple[str, ...]
) -> Any:
    stored = {pair: runs.stored_rankings(_pair(name, stamps[0], backbone, pair), [*METHODS, *extra]) for pair in pairs}
    complete = [way for way in (*METHODS, *extra) if all(way in frames for frames in stored.values())]
    frames = {pair: {way: stored[pair][way] for way in complete} for pair in pairs}
    return results.table(frames, same_spelled=same) if complete else []


def table(
    name: str, backbone: str, pairs: Sequence[str], *, same_spelled: bool = True, with_controls: bool = False
) -> list[dict[str, Any]]:
    """The records of ``results.table`` for the methods that have been scored on all the pairs; nothing is computed.

    Scoring several pairs by all methods can take minutes: that is for ``python -m cldi_core score``.
    """
    dataset = opened(name)
    extra = tuple(controls.CONTROLS) if with_controls else ()
    stamps = (dataset.stamp(), dataset.stamp(["rankings/*/*/*"]))
    records: list[dict[str, Any]] = _table(name, stamps, backbone, tuple(pairs), same_spelled, extra)
    return records


def chance(name: str, backbone: str, pair: str) -> float:
    """The MRR of a random order."""
    return results.chance(pair_of(name, backbone, pair))


@st.cache_data(max_entries=40, show_spinner=SPINNER)
def _noun_gap(
    name: str, stamp: str, backbone: str, pairs: tuple[str, ...], method: str, letter: str, same: bool
) -> Any:
    frames = {pair: _rankings(name, stamp, backbone, pair, method) for pair in pairs}
    kept = {pair: frame if same else frame[~frame["same_spelled"]] for pair, frame in frames.items()}
    return results.noun_gap(kept, letter)


def noun_gap(
    name: str, backbone: str, pairs: Sequence[str], method: str, letter: str, *, same_spelled: bool = True
) -> metrics.Interval:
    """How much higher the nouns' MRR is than that of verbs or adjectives."""
    stamp = opened(name).stamp()
    gap: metrics.Interval = _noun_gap(name, stamp, backbone, tuple(pairs), method, letter, same_spelled)
    return gap


@st.cache_data(max_entries=20, show_spinner=SPINNER)
def _dispersions(name: str, stamp: str, backbone: str, pair: str) -> pd.DataFrame:
    return overview.dispersions(_pair(name, stamp, backbone, pair))


def dispersions(name: str, backbone: str, pair: str) -> pd.DataFrame:
    """Dispersion of every word of a pair: columns language, word, pos, dispersion, pictures."""
    frame: pd.DataFrame = _dispersions(name, opened(name).stamp(), backbone, pair)
    return frame


@st.cache_resource(max_entries=6, show_spinner=SPINNER)
def _coordinates(name: str, stamp: str, backbone: str, kind: str) -> pd.DataFrame:
    return projection.coordinates(_opened(name, stamp), backbone, kind)


def coordinates(name: str, backbone: str, kind: str) -> pd.DataFrame:
    """The stored map of words or pictures, or PCA; not to be changed."""
    return _coordinates(name, opened(name).stamp(), backbone, kind)


@st.cache_data(max_entries=6, show_spinner="Looking through the data set …")
def _findings(name: str, stamp: str) -> list[check.Finding]:
    return check.check(_opened(name, stamp))


def findings(name: str) -> list[check.Finding]:
    """What ``check`` says."""
    found: list[check.Finding] = _findings(name, opened(name).stamp())
    return found


@st.cache_data(max_entries=5000, show_spinner=False)
def _thumbnails(name: str, stamp: str, ids: tuple[str, ...]) -> list[bytes]:
    found = _opened(name, stamp).pictures.read(ids)
    files = []
    for key in ids:
        with suppress(PictureError, KeyError):
            files.append(pictures.thumbnail(found[key]))
    return files


def thumbnails(name: str, ids: Sequence[str]) -> list[bytes]:
    """Small pictures, in the order of the ids; missing and broken ones are left out."""
    files: list[bytes] = _thumbnails(name, opened(name).stamp(), tuple(ids))
    return files


@st.cache_data(max_entries=5000, show_spinner=False)
def _strip(name: str, stamp: str, ids: tuple[str, ...], arrow: bool) -> bytes:
    return pictures.strip(_thumbnails(name, stamp, ids), arrow=arrow)


def strip(name: str, ids: Sequence[str], *, arrow: bool = False) -> bytes:
    """Some pictures side by side as one; with an arrow between two that are compared."""
    file: bytes = _strip(name, opened(name).stamp(), tuple(ids), arrow)
    return file


@st.cache_data(max_entries=5000, show_spinner=False)
def _strip_url(name: str, stamp: str, ids: tuple[str, ...]) -> str | None:
    return pictures.data_url(_strip(name, stamp, ids, False)) if ids else None


def strip_url(name: str, ids: Sequence[str]) -> str | None:
    """Some pictures side by side, as a data URL for a table cell; ``None`` without pictures."""
    url: str | None = _strip_url(name, opened(name).stamp(), tuple(ids))
    return url
