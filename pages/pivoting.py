"""Image pivoting: search one space of pictures and two languages, and see how well its model does."""

from __future__ import annotations

import streamlit as st

from cldi_core.data import wordlists
from cldi_core.data.descriptions import FILE
from cldi_core.errors import CldiError
from cldi_core.pivot.models import Key
from pages._ui import draw, figures, frame, load, pivot_figures, pivoting, view

TASKS = ("text→picture", "picture→text", "text→text")
SCOPES = {"test": "Held-out items", "all": "All items"}


def nothing(current: view.View) -> None:
    """No model has been trained for this view: what is there, and the command that trains one."""
    dataset = load.opened(current.dataset)
    found = pivoting.elsewhere(current)
    there = f" There are models for {', '.join(found)}: choose those in the sidebar." if found else ""
    lacks = "" if (dataset.path / FILE).is_file() else f" It needs descriptions of what the pictures show, in {FILE}."
    draw.empty(
        draw.safe(
            f"No model has been trained yet for {current.pair} of {dataset.title} with this backbone.{there}{lacks}"
        ),
        f"python -m cldi_core pivot train --dataset {current.dataset} --pair {current.pair} "
        f"--backbone {current.backbone} --model pivot-sym",
    )


def choices(offered: dict[str, Key]) -> tuple[str, str]:
    """Which model, and among what it searches."""
    trained, scope = pivoting.asked("trained", list(offered)), pivoting.asked("among", list(SCOPES))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Trained model",
            list(offered),
            key="pivot trained",
            format_func=lambda one: pivoting.label(offered[one]),
            on_change=pivoting.keep,
            args=("trained",),
            width=430,
        )
        st.segmented_control(
            "Search among",
            list(SCOPES),
            key="pivot among",
            format_func=SCOPES.get,
            on_change=pivoting.keep,
            args=("among",),
            required=True,
            help="Held-out items are those that training never saw.",
        )
    return trained, scope


def question(name: pivoting.Name, trained: str, languages: tuple[str, ...]) -> tuple[str, str]:
    """The language and the text to look for; an example where nothing was typed."""
    language, text = pivoting.asked("language", languages), pivoting.typed()
    example = pivoting.example(name, trained, language)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Language", languages, key="pivot language", on_change=pivoting.keep, args=("language",), required=True
        )
        st.text_input(
            "A sentence or a word",
            key="pivot text",
            placeholder=example,
            max_chars=pivoting.LONGEST,
            on_change=pivoting.keep,
            args=("text",),
            icon=":material/search:",
        )
    if not text:
        st.caption(f"Nothing is typed yet. An example that goes well: “{draw.safe(example)}”.")
    return language, text or example


def search(name: pivoting.Name, trained: str, scope: str, languages: tuple[str, ...]) -> tuple[str, str, str]:
    """The pictures and the descriptions nearest to a text; returns language, text and the chosen picture."""
    language, text = question(name, trained, languages)
    other = next(one for one in languages if one != language)
    found = pivoting.index(name, trained)
    unseen = pivoting.unseen(name, trained, text, language)
    if unseen is None:
        st.info(f"“{draw.safe(text)}” holds no word, so nothing can be looked for. Type letters or digits.")
        return language, text, pivoting.chosen(found, found.keys(scope), [])
    if unseen:
        st.caption(f":orange[Not seen in training: {draw.safe(', '.join(unseen))}; {pivoting.without_word(found)}.]")
    hits = pivoting.pictures(name, trained, text, language, scope)
    chosen = pivoting.chosen(found, found.keys(scope), hits)
    left, right = st.columns(2, border=True)
    with left:
        st.markdown(f"**Nearest pictures** · of {len(found.keys(scope))} items, a picture of each")
        pivoting.cards(name[0], hits, chosen)
    with right:
        st.markdown(f"**Nearest descriptions** · {other}")
        listed = pivoting.descriptions(name, trained, text, (language, other), scope)
        item = found.item_of(chosen).id if chosen else ""
        pivoting.listing(name[0], listed, "pivot found", f"Descriptions in {other} nearest to the text", item)
        if not found.model.model.bilingual:
            st.caption("Each language has a space of its own: descriptions are compared through training pictures.")
    return language, text, chosen


def picture(name: pivoting.Name, trained: str, scope: str, chosen: str, languages: tuple[str, ...]) -> None:
    """One picture, and the descriptions nearest to it in both languages."""
    found = pivoting.index(name, trained)
    item = found.item_of(chosen)
    st.subheader("What the picture says", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        if files := load.thumbnails(name[0], [chosen]):
            st.image(files, width=110, alt=[found.name(item.id)])
        with st.container(gap=None):
            st.markdown(f"**{draw.safe(item.id)}** · {found.part(item.id)}")
            for language in languages:
                for text in item.asked.get(language, ()):
                    st.caption(f"**{language}** ({found.part(item.id, language)}): {draw.safe(text)}")
    for side, language in zip(st.columns(2), languages, strict=True):
        with side:
            st.markdown(f"**Nearest descriptions** · {language}")
            listed = pivoting.of_picture(name, trained, chosen, language, scope)
            what = f"Descriptions in {language} nearest to the picture"
            pivoting.listing(name[0], listed, f"pivot of picture {language}", what, item.id, own=True)


@st.fragment
def how_well(name: pivoting.Name, key: Key) -> None:
    """The model beside baselines, controls and chance; another task redraws this part alone."""
    st.subheader("How well", anchor=False)
    try:
        measured(name, key)
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(draw.safe(str(error)))


def measured(name: pivoting.Name, key: Key) -> None:
    """What was measured of one task, as a sentence and a table."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        task = st.segmented_control("Task", TASKS, default=TASKS[0], required=True, key="pivot task")
        languages = pivoting.tested(name, key.holdout, str(task))
        language = st.segmented_control(
            "In", languages, default=next(iter(languages), None), required=True, key=f"pivot tested {task}"
        )
    if not languages:
        st.info("No model has been tested on this task yet.")
        st.code(f"python -m cldi_core pivot evaluate --dataset {name[0]} --pair {name[3]} --backbone {name[2]}")
        return
    records = pivoting.standing(name, key.holdout, str(task), str(language))
    st.markdown(draw.safe(pivoting.verdict(name, key.holdout, key.model, str(task), str(language))))
    shown, widths = pivoting.table(records, key.model), {"model": st.column_config.TextColumn(width=210)}
    st.dataframe(shown, hide_index=True, height="content", column_config=widths, alt=f"Recall and median rank, {task}")
    st.caption(pivoting.footnote(records[0], key.holdout))


def the_map(name: pivoting.Name, trained: str, scope: str, asked: tuple[str, str], chosen: str) -> None:
    """The joint space on a plane; a click on a point shows its item."""
    found = pivoting.index(name, trained)
    language, text = asked
    shown = pivoting.plane(name, trained, language, scope)
    item = found.item_of(chosen).id if chosen else ""
    key = f"pivot map {name[0]} {name[3]} {trained} {scope} {language}"

    def clicked() -> None:
        there = pivoting.point(st.session_state[key], shown)
        if there:
            pivoting.pick(found.picture(found.corpus.item[there]))

    st.subheader("Map of the space", anchor=False)
    typed = pivoting.place(name, trained, language, scope, text)
    st.plotly_chart(
        pivot_figures.plane(shown, found.corpus.languages, item, typed),
        key=key,
        on_select=clicked,
        selection_mode="points",
        config=figures.CONFIG,
        alt="Map of the joint space: pictures and descriptions in both languages",
    )
    st.caption(pivoting.map_note(found, shown, language))


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Image pivoting")
    if not draw.ready(current, "search"):
        return
    offered = pivoting.available(current)
    if not offered:
        nothing(current)
        return
    name, languages = pivoting.name_of(current), wordlists.pair_languages(current.pair)
    about = st.empty()
    trained, scope = choices(offered)
    try:
        found = pivoting.index(name, trained)
    except CldiError as error:  # the others can still be chosen, and what was measured stands
        st.error(draw.safe(str(error)))
        how_well(name, offered[trained])
        return
    about.caption(pivoting.about(name, found))
    language, text, chosen = search(name, trained, scope, languages)
    if chosen:
        picture(name, trained, scope, chosen, languages)
    how_well(name, offered[trained])
    st.subheader("Training", anchor=False)
    st.plotly_chart(
        pivot_figures.curves(pivoting.spaces(found), languages),
        key="pivot curves",
        config=figures.CONFIG,
        alt="Loss and validation recall by epoch",
    )
    st.caption(pivoting.curve_note(found))
    the_map(name, trained, scope, (language, text), chosen)


frame.draw(main)
