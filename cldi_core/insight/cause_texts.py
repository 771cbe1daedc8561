"""The sentences of causes: each says in one, with a word's own numbers, what a test of ``causes`` found.

Each takes a row of ``evidence`` of which its test holds, and gives plain text that holds words of the data set as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cldi_core.data.counting import counted
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.insight.evidence import TOP

Row = Mapping[str, Any]  # one of ``evidence``
KINDS = {letter: (kind, f"{kind}s") for letter, kind in POS.items() if letter in CLASSES}


def quoted(word: str) -> str:
    """A word as it stands in a sentence."""
    return f"“{word}”"


def rival_of(row: Row) -> str:
    """The rival as it stands in a sentence, with its part of speech where that is another than the one asked for."""
    if row["pos"] in row["rival_pos"]:
        return quoted(row["rival"])
    kinds = " and ".join(KINDS[letter][0] for letter in row["rival_pos"] if letter in KINDS)
    return f"{quoted(row['rival'])} ({kinds})" if kinds else quoted(row["rival"])


def some_of(count: int, whole: int, what: str) -> str:
    """``"All 6 pictures"``, ``"Both pictures"``, ``"The one picture"``, ``"2 of the 6 pictures"``."""
    if count < whole:
        return f"{count} of the {whole} {what}s"
    return {1: f"The one {what}", 2: f"Both {what}s"}.get(whole, f"All {whole} {what}s")


def _pictures(row: Row, name: str) -> tuple[str, str]:
    """``"2 of the 6 pictures of “run”"`` and ``"have"``: as many of them as the row's column says."""
    have = "has" if row[name] == 1 else "have"
    return f"{some_of(row[name], row['pictures'], 'picture')} of {quoted(row['word'])}", have


def _filed(row: Row, count: int) -> str:
    """``"All 6 things that picture “celebrate” are"``: how many of them are …"""
    shows, be = ("pictures" if row["things"] == 1 else "picture"), ("is" if count == 1 else "are")
    return f"{some_of(count, row['things'], 'thing')} that {shows} {quoted(row['word'])} {be}"


def owned_elsewhere(row: Row) -> str:
    """Another word owns more of the depicted things than the right answer does: how many of them each."""
    own, whole, right = row["right_things"], row["things"], quoted(row["right"])
    # Where the rival does not own all, the right answer's need not be among the rival's.
    of_them = "of them " if row["rival_things"] == whole else ""
    few = f"only {own}" if 2 * own <= row["rival_things"] else str(own)
    left = f"{few if own else 'none'} {of_them}under" if own or whole > 1 else "but not under"
    return f"{_filed(row, row['rival_things'])} also filed under {rival_of(row)}, {left} {right}."


def as_many(row: Row) -> str:
    """The right answer and its rival own the same number of the depicted things: how many."""
    own, right, rival = row["right_things"], quoted(row["right"]), rival_of(row)
    if own == row["things"]:
        return f"{_filed(row, own)} filed under {right} and under {rival} alike."
    return f"{_filed(row, own)} filed under {right}, and {'as many' if own > 1 else own} under {rival}."


def other_things(row: Row) -> str:
    """The right answer shows other things than the word: how many of the word's it and its rival have."""
    own, whole, word, right = row["right_things"], row["things"], quoted(row["word"]), quoted(row["right"])
    rival, count = rival_of(row), row["rival_things"]
    be = "is" if own < 2 else "are"
    if own:
        more = "as many" if count == own > 1 else count or "none"
        return (
            f"Only {own} of the {whole} things that picture {word} {be} filed under {right}, and {more} under {rival}."
        )
    none = {1: "The one thing that pictures", 2: "Neither of the 2 things that picture"}
    who = none.get(whole, f"None of the {whole} things that picture")
    more = f"and {count} under {rival}" if count else f"nor under {rival}"
    return f"{who} {word} {'is not' if whole == 1 else 'is'} filed under {right}, {more}."


def look_alikes(row: Row) -> str:
    """Pictures of the right thing are nearer to something else under the rival: how many."""
    who = some_of(row["astray"], row["shown_right"], "picture")
    be = "is" if row["astray"] == 1 else "are"
    return (
        f"{who} of {quoted(row['word'])} whose thing {quoted(row['right'])} shows as well {be} nearer to a picture of "
        f"something else under {rival_of(row)}."
    )


def tie(row: Row) -> str:
    """The right answer and its rival have the same score: and how many pictures in common."""
    shared = {0: "they have no picture in common", 1: "they have 1 picture in common"}
    pictures = "" if row["texts"] else "; " + shared.get(row["common"], f"they have {row['common']} pictures in common")
    return f"{quoted(row['right'])} and {rival_of(row)} have the same score{pictures}."


def same_pictures(row: Row) -> str:
    """The right answer and its rival have the same pictures: how many."""
    count, right, rival = row["right_pictures"], quoted(row["right"]), rival_of(row)
    whole = "the same picture" if count == 1 else f"the same {count} pictures"
    return f"{right} and {rival} have {whole}, so nothing that looks at pictures can tell them apart."


def most_pictures(row: Row) -> str:
    """Most pictures of the word are nearer to the rival: how many."""
    who, have = _pictures(row, "nearer_rival")
    return f"{who} {have} a nearer match under {rival_of(row)} than under {quoted(row['right'])}."


def near_copies(row: Row) -> str:
    """The rival has near-copies of the word's pictures, the right answer none: how many."""
    who, have = _pictures(row, "copies_rival")
    return f"{who} {have} a near-copy under {rival_of(row)}, none has one under {quoted(row['right'])}."


def one_picture(row: Row) -> str:
    """The word or the right answer has one picture only: which of them."""
    words = [row[name] for name, size in (("word", "pictures"), ("right", "right_pictures")) if row[size] == 1]
    have, each = ("has", "") if len(words) == 1 else ("have", " each")
    return f"{' and '.join(map(quoted, words))} {have} only 1 picture{each}."


def larger_set(row: Row) -> str:
    """The rival has many more pictures than the right answer: how many each."""
    many = counted(row["rival_pictures"], "picture")
    return f"{rival_of(row)} has {many}, {quoted(row['right'])} {row['right_pictures']}."


def hub(row: Row) -> str:
    """The rival is near to everything: among whose first candidates it is, beside the average candidate."""
    count = row["rival_top10_csls" if row["corrected"] else "rival_top10"]
    usual = TOP * row["n_words"] / row["n_candidates"]
    return (
        f"{rival_of(row)} is among the first ten candidates of {count} of {counted(row['n_words'], 'other word')}; "
        f"the average candidate is among those of {usual:.0f}."
    )


def anti_hub(row: Row) -> str:
    """The right answer is near to nothing: it is among nobody's first candidates."""
    return f"{quoted(row['right'])} is among the first ten candidates of none of the {row['n_words']} other words."


def unlike(row: Row) -> str:
    """Nothing of the right answer looks like the word: their best cosine, beside that of found words."""
    best, bar = _apart(row["best_right"], row["bar"])
    pictures = f"The most alike pictures of {quoted(row['word'])} and {quoted(row['right'])}"
    return f"{pictures} have a cosine of {best}; nine in ten found {row['among']} have {bar} or more."


def _apart(low: float, high: float) -> tuple[str, str]:
    """Two cosines with as many decimals, two at least, as tell them apart: ``(".61", ".64")``."""
    for digits in (2, 3, 4):
        shown = tuple(f"{value:.{digits}f}".replace("0.", ".", 1) for value in (low, high))
        if shown[0] != shown[1]:
            break
    return shown[0], shown[1]


def other_kind(row: Row) -> str:
    """The rival is of another part of speech: of which."""
    article = {"A": "an"}
    own = f"{article.get(row['pos'], 'a')} {KINDS[row['pos']][0]}" if row["pos"] in KINDS else "something else"
    kinds = " and ".join(f"{article.get(one, 'a')} {KINDS[one][0]}" for one in row["rival_pos"] if one in KINDS)
    return f"{quoted(row['rival'])} is listed as {kinds or 'nothing'}, and {quoted(row['word'])} was asked as {own}."


def cannot_find_itself(row: Row) -> str:
    """Not even the word's own pictures find each other: the ceiling's rank."""
    return f"Half of the pictures of {quoted(row['word'])} find its other half only at rank {row['ceiling']:.0f}."
