"""What the page on image pivoting loads and draws.  torch takes seconds to import: only what needs it loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cldi_core.data import wordlists
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.tables import interval_of
from cldi_core.features import backbones
from cldi_core.insight import explanation
from cldi_core.pivot import models, translation
from cldi_core.pivot.corpus import HOLDOUTS
from cldi_core.pivot.models import Key

from . import draw, figures, load, view

if TYPE_CHECKING:
    from cldi_core.pivot.about import About
    from cldi_core.pivot.corpus import Corpus
    from cldi_core.pivot.search import Found, Index, Plane

PICTURES, LISTED, DESCRIPTIONS = 15, 12, 8  # pictures and descriptions of a text, descriptions of a picture
LONGEST = 300  # characters of a text
HELD_OUT = {"items": "random items held out", "words": "all items of some words held out"}
CHOSEN = "pivot picture"  # of the session: the picture that is looked at
Name = tuple[str, str, str, str]  # data set, its stamp, backbone, pair


def name_of(current: view.View) -> Name:
    """What caches are keyed on."""
    return current.dataset, load.opened(current.dataset).stamp(), current.backbone, current.pair


def available(current: view.View) -> dict[str, Key]:
    """The trained models of the view: ``"items/pivot-sym/0"`` → key; those for both languages first."""
    folder, languages = translation.folder(load.opened(current.dataset)), wordlists.pair_languages(current.pair)
    found = [
        key
        for holdout in HOLDOUTS
        for key in models.available(folder, current.backbone, current.pair, languages, holdout)
    ]
    found.sort(key=lambda key: (key.seed, not models.find(key.model).bilingual, HOLDOUTS.index(key.holdout)))
    return {f"{key.holdout}/{key.model}/{key.seed}": key for key in found}


def elsewhere(current: view.View) -> list[str]:
    """For which other pairs and backbones of the data set there are models, for people."""
    dataset = load.opened(current.dataset)
    folder = translation.folder(dataset)
    return [
        f"{pair} with {backbones.label(backbone)}"
        for backbone in dataset.backbones
        for pair in dataset.pairs
        if any(models.available(folder, backbone, pair, wordlists.pair_languages(pair), way) for way in HOLDOUTS)
    ]


def label(key: Key) -> str:
    """``"PIVOT-SYM · random items held out · seed 0"``."""
    return f"{models.find(key.model).label} · {HELD_OUT[key.holdout]} · seed {key.seed}"


@st.cache_resource(max_entries=3, show_spinner="Reading the descriptions …")
def _corpus(name: Name) -> Corpus:
    from cldi_core.pivot import sources

    dataset, _, backbone, pair = name
    return sources.of_dataset(load.opened(dataset), backbone, pair)


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def index(name: Name, trained: str) -> Index:
    """A trained model, ready to look things up in."""
    from cldi_core.pivot import search
    from cldi_core.pivot import trained as models_trained

    dataset, _, backbone, pair = name
    holdout, model, seed = trained.split("/")
    corpus, key = _corpus(name), Key(backbone, pair, model, holdout, int(seed))
    folder = translation.folder(load.opened(dataset))
    return search.index(corpus, models_trained.find(folder, key, wordlists.pair_languages(pair)))


@st.cache_data(max_entries=40, show_spinner=False)
def example(name: Name, trained: str, language: str) -> str:
    """A text to begin with."""
    from cldi_core.pivot import search

    return search.example(index(name, trained), language)


def unseen(name: Name, trained: str, text: str, language: str) -> list[str] | None:
    """The words of a text that training has not seen; ``None`` for a text without words."""
    from cldi_core.pivot import search
    from cldi_core.pivot import text as texts

    return search.unseen(index(name, trained), text, language) if texts.words(text) else None


@st.cache_data(max_entries=200, show_spinner=False)
def pictures(name: Name, trained: str, text: str, language: str, scope: str) -> list[Found]:
    """The pictures nearest to a text."""
    from cldi_core.pivot import search

    found = index(name, trained)
    return search.pictures(found, text, language, found.keys(scope), PICTURES)


@st.cache_data(max_entries=200, show_spinner=False)
def descriptions(name: Name, trained: str, text: str, languages: tuple[str, str], scope: str) -> list[Found]:
    """The descriptions in the second language nearest to a text in the first."""
    from cldi_core.pivot import search

    found = index(name, trained)
    return search.descriptions(found, text, languages, found.keys(scope), LISTED)


@st.cache_data(max_entries=400, show_spinner=False)
def of_picture(name: Name, trained: str, picture: str, language: str, scope: str) -> list[Found]:
    """The descriptions nearest to a picture."""
    from cldi_core.pivot import search

    found = index(name, trained)
    return search.of_picture(found, picture, language, found.keys(scope), DESCRIPTIONS)


@st.cache_resource(max_entries=12, show_spinner=False)
def plane(name: Name, trained: str, language: str, scope: str) -> Plane:
    """The map of the joint space."""
    from cldi_core.pivot import search

    found = index(name, trained)
    return search.plane(found, found.keys(scope), language)


def place(name: Name, trained: str, language: str, scope: str, text: str) -> NDArray[np.float32]:
    """Where a text lies on the map: float32 (1, 2), or (0, 2) for nowhere."""
    from cldi_core.pivot import search

    return search.place(index(name, trained), plane(name, trained, language, scope), text, language)


@st.cache_resource(max_entries=6, show_spinner=False)
def ranks(name: Name, holdout: str) -> pd.DataFrame | None:
    """The ranks that are kept of tested models; not to be changed."""
    from cldi_core.pivot import evaluation, experiment

    dataset, _, backbone, pair = name
    folder = translation.folder(load.opened(dataset))
    frame = experiment.stored(folder / backbone / pair / holdout / experiment.RANKS)
    return frame if frame is not None and set(evaluation.COLUMNS) <= set(frame.columns) else None


def tested(name: Name, holdout: str, task: str) -> list[str]:
    """The languages in which a task was tested."""
    frame = ranks(name, holdout)
    return [] if frame is None else list(dict.fromkeys(frame["language"][frame["task"] == task]))


@st.cache_data(max_entries=60, show_spinner=load.SPINNER)
def standing(name: Name, holdout: str, task: str, language: str, seed: int | None = None) -> list[dict[str, Any]]:
    """How well all models and controls do one task, under all seeds or one; nothing where none was tested."""
    from cldi_core.pivot import search

    frame = ranks(name, holdout)
    return [] if frame is None else search.standing(frame, task, language, seed)


@st.cache_data(max_entries=100, show_spinner=False)
def verdict(name: Name, holdout: str, model: str, task: str, language: str) -> str:
    """Whether a model beats its baselines."""
    from cldi_core.pivot import search

    frame = ranks(name, holdout)
    return "" if frame is None else search.verdict(frame, model, task, language)


def asked(parameter: str, offered: Sequence[str]) -> str:
    """The choice that the URL names, or the first one; a widget of the key ``"pivot <parameter>"`` is set to it."""
    given = st.query_params.get(parameter, "")
    found = given if given in offered else offered[0]
    st.session_state[f"pivot {parameter}"] = found
    return found


def typed() -> str:
    """The text that the URL holds; the text input is set to it."""
    text = st.query_params.get("text", "")[:LONGEST]
    st.session_state["pivot text"] = text
    return text.strip()


def keep(parameter: str) -> None:
    """Write a widget's choice into the URL; for callbacks.  Another picture is then the nearest."""
    chosen = st.session_state[f"pivot {parameter}"]
    if chosen:
        st.query_params[parameter] = chosen
    else:
        st.query_params.pop(parameter, None)
    st.session_state.pop(CHOSEN, None)


def pick(picture: str) -> None:
    """Look at a picture; for callbacks."""
    st.session_state[CHOSEN] = picture


def chosen(found: Index, keys: Sequence[str], hits: Sequence[Found]) -> str:
    """The picture that is looked at: the one that was clicked if it is among the items, or the nearest."""
    picture = st.session_state.get(CHOSEN, "")
    if picture in found.row and found.item_of(picture).id in keys:
        return str(picture)
    return hits[0].picture if hits else ""


def cards(dataset: str, found: Sequence[Found], chosen: str) -> None:
    """Pictures side by side, each with its similarity, its concept and what training had of it; a click chooses one."""
    load.thumbnails(dataset, [one.picture for one in found])  # all in one go
    mixed = len({one.part for one in found}) > 1
    with st.container(horizontal=True, gap="xsmall"):
        for number, one in enumerate(found):
            with st.container(width=84, gap=None, horizontal_alignment="center"):
                files = load.thumbnails(dataset, [one.picture])
                if files:
                    st.image(files, width=72, alt=[f"{one.text}, {one.part}, similarity {one.score:.2f}"])
                else:
                    st.caption("missing or broken")
                st.button(
                    f"{one.score:.2f} · {draw.safe(one.item[:12])}",
                    key=f"pivot-card-{number}",
                    help=draw.safe(f"{one.text} ({one.part}): show the descriptions nearest to this picture"),
                    type="primary" if one.picture == chosen else "secondary",
                    on_click=pick,
                    args=(one.picture,),
                    width="stretch",
                )
                if mixed:
                    st.caption(one.part, width="content")


def listing(dataset: str, found: Sequence[Found], key: str, what: str, chosen: str, *, own: bool = False) -> None:
    """Descriptions as a table, each with its item's picture; a click on a row chooses that picture."""
    if not found:
        st.info("There are no such descriptions here.")
        return
    columns = {
        "#": [explanation.shown_rank(one.rank) for one in found],
        "✓": ["✓" if one.own else "" for one in found],
        "picture": [load.strip(dataset, (one.picture,)) for one in found],
        "description": [one.text for one in found],
        "similarity": [one.score for one in found],
        "in training?": [one.part for one in found],
    }
    table = pd.DataFrame({name: column for name, column in columns.items() if own or name != "✓"})
    mixed = table["in training?"].nunique() > 1
    st.session_state[f"{key} shown"] = [one.picture for one in found]
    rows = [number for number, one in enumerate(found) if one.item == chosen][:1]
    # A click elsewhere chooses too: the row that is marked is always that of the item which is looked at.
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    st.dataframe(
        table if mixed else table.drop(columns="in training?"),
        key=key,
        hide_index=True,
        row_height=38,
        height=38 * len(found) + 40,
        on_select=lambda: _row(key),
        selection_mode="single-row",
        alt=what,
        column_config={
            "#": st.column_config.TextColumn(width=42),
            "✓": st.column_config.TextColumn(width=30, help="Its own description"),
            "picture": st.column_config.ImageColumn("", width=44),
            "description": st.column_config.TextColumn(width=205 if mixed else 300),
            "similarity": st.column_config.NumberColumn(format="%.2f", width=74),
            "in training?": st.column_config.TextColumn(
                width=92, help="picture only: training had the picture and did not read this description"
            ),
        },
    )


def _row(key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        pick(st.session_state[f"{key} shown"][rows[0]])


def table(records: Sequence[dict[str, Any]], chosen: str) -> pd.DataFrame:
    """R@k, the median rank and the share of unknown words, a row for each model, control and chance."""
    rows = []
    for one in records:
        chance = one["model"] == "chance"
        row = {"model": f"▸ {one['label']}" if one["model"] == chosen else one["label"]}
        for name in ("r@1", "r@5", "r@10"):
            row[name.upper()] = f"{one[name]:.2f}" if chance else figures.interval_text(interval_of(one, name))
        row["median rank"] = f"{one['median_rank']:.1f}" if chance else rank_text(interval_of(one, "median_rank"))
        row |= {"n": one["n"], "seeds": one["seeds"], "words unknown": "" if chance else f"{one['unknown']:.0%}"}
        rows.append(row)
    return pd.DataFrame(rows)


def rank_text(interval: Interval) -> str:
    """``"17 [12, 22]"``."""
    return " ".join([f"{interval.value:g}", f"[{interval.low:.0f}, {interval.high:.0f}]"])


def point(event: Any, shown: Plane) -> str:
    """The item of the point on the map that was clicked; nothing for none."""
    numbers = [int(one["customdata"]) for one in event["selection"]["points"] if "customdata" in one]
    return shown.items[numbers[0]] if numbers and 0 <= numbers[0] < len(shown.items) else ""


def spaces(found: Index) -> dict[str, About]:
    """What is known of each space of a model: ``"en+de"``, or ``"en"`` and ``"de"``."""
    return {"+".join(about.languages): about for about in found.model.about.values()}


def about(name: Name, found: Index) -> str:
    """What the model was trained on, and how well it does in one figure: Markdown."""
    known, key, corpus = found.model.any, found.model.key, found.corpus
    counts = " and ".join(f"{len(corpus.part(known.split.train, one))} in {one}" for one in corpus.languages)
    epochs = " and ".join(f"{len(one.curve)} epochs (number {one.best + 1} is kept)" for one in spaces(found).values())
    line = (
        f"{found.model.model.label}, trained on {known.corpus} ({name[3]}, {backbones.label(known.backbone)}) with "
        f"{HELD_OUT[key.holdout]}: {len(known.split.train)} items, described {counts}, "
        f"{'some' if known.shared else 'none'} in both. Seed {key.seed}, {epochs}, {found.model.seconds:.0f} s."
    )
    stopped = f" It ended early: {known.stopped}" if known.stopped else ""
    changed = "" if known.digest == corpus.digest else " The data set has changed since then: train it again."
    return draw.safe(f"{line}{stopped}{changed} {_headline(name, key)}")


def _headline(name: Name, key: Key) -> str:
    task, language = "text→picture", name[3].split("-")[0]
    records = standing(name, key.holdout, task, language, key.seed)
    found = next((one for one in records if one["model"] == key.model), None)
    if found is None:
        return "It has not been tested yet."
    return (
        f"On the n = {found['n']} items it never saw, R@10 from the description in {language} to the picture is "
        f"{figures.interval_text(interval_of(found, 'r@10'))} (95 % interval; chance {found['r@10_chance']:.2f})."
    )


def without_word(found: Index) -> str:
    """What becomes of a word that training has not seen."""
    hashed = found.model.any.options.encoder == "bag"
    return "only spelling (n-grams) counts for it" if hashed else "all such words count as one and the same"


def footnote(record: dict[str, Any], holdout: str) -> str:
    """What the table of one task rests on."""
    return (
        f"{record['n']} items that training never saw ({HELD_OUT[holdout]}), {record['candidates']:.0f} candidates; "
        "95 % bootstrap intervals over items; each seed has a split of its own. Words unknown: the share of the words "
        "of these descriptions that do not occur in training. VSE, OE and ridge regression know one language at a "
        "time; spelling and identity look at no picture; with pictures permuted, training saw each item beside "
        "another one's picture."
    )


def curve_note(found: Index) -> str:
    """What the curves show."""
    sizes = len(found.model.any.split.validation)
    return (
        f"Loss is the mean of a batch; recall the mean of R@1, R@5 and R@10, both directions, on {sizes} validation "
        "items. The diamond is the epoch that is kept."
    )


def map_note(found: Index, shown: Plane, language: str) -> str:
    """What the map shows, and what it does not."""
    items = shown.kinds.count("pictures")
    whose = "" if found.model.model.bilingual else f" This is the space of {language}; the other language has its own."
    return (
        f"{items} of {shown.total} items, one picture each · PCA: the two directions hold {shown.share:.0%} of the "
        f"variance, so near on the map is a hint only; the lists above come from the space itself. Pictures and each "
        f"language are centred apart. Click a point to look at its item.{whose}"
    )
