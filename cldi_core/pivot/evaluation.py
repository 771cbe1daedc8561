"""How well pictures and descriptions find each other: ranks of every query, and tables of them.

Ranks are kept in a frame with a row for each query and draw of pictures: ``seed``, ``model``, ``task``
(``"text→picture"``, ``"picture→text"``, ``"text→text"``), ``language`` (``"en"``, or ``"en→de"``), ``item``, ``draw``,
``rank`` of the best right answer (as in ``ranking.gold_ranks``), ``candidates``, ``words`` and ``unknown`` (how many
words the texts of the item have, and how many of them training has not seen).  Where an item has several pictures,
``DRAWS`` times one of each is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import metrics
from cldi_core.pivot import resampling
from cldi_core.pivot.corpus import Corpus, Item, one_picture
from cldi_core.pivot.retrieval import KS, best_ranks, chance, median_of_chance
from cldi_core.pivot.scorers import Scorer, Similarities
from cldi_core.pivot.text import Vocabulary, words

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 5
TASKS = ("text→picture", "picture→text", "text→text")
ARROW = "→"  # between the languages of a pair
COLUMNS = ("seed", "model", "task", "language", "item", "draw", "rank", "candidates", "words", "unknown")


def retrieval_ranks(
    corpus: Corpus, keys: Sequence[str], scorers: Iterable[Scorer], known: dict[str, Vocabulary], seed: int
) -> pd.DataFrame:
    """The ranks of some items under some scorers.

    Args:
        keys: ids of items, those of the test.
        known: language → the words that training has seen.
        seed: of the drawn pictures; kept in the frame.
    """
    import pandas as pd

    frames = []
    for scorer in scorers:
        for language in corpus.languages:
            frames += _with_pictures(corpus, corpus.part(keys, language, asked=True), scorer, language, seed)
        for languages in (corpus.languages, corpus.languages[::-1]) if len(corpus.languages) == 2 else ():
            frames += _between(corpus, keys, scorer, (languages[0], languages[1]))
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    return _with_words(pd.concat(frames, ignore_index=True).assign(seed=seed), corpus, known)[list(COLUMNS)]


def _with_pictures(corpus: Corpus, items: list[Item], scorer: Scorer, language: str, seed: int) -> list[pd.DataFrame]:
    texts, owner = _asked(items, language)
    right = owner[:, None] == np.arange(len(items))[None, :]
    frames = []
    draws = [one_picture(items, language, np.random.default_rng([seed, 6, draw])) for draw in range(DRAWS)]
    for draw, rows in enumerate(dict.fromkeys(map(tuple, draws))):
        scores = scorer.to_pictures(texts, language, corpus.features[list(rows)]) if items else None
        if scores is None:
            return []
        for task, found in ((TASKS[0], best_ranks(scores, right)), (TASKS[1], best_ranks(scores.T, right.T))):
            queries = owner if task == TASKS[0] else np.arange(len(items))
            frames.append(_frame(scorer, task, language, items, queries, found, draw, scores.shape[task == TASKS[0]]))
    return frames


def _between(corpus: Corpus, keys: Sequence[str], scorer: Scorer, languages: tuple[str, str]) -> list[pd.DataFrame]:
    source, target = languages
    items = [item for item in corpus.part(keys, source, asked=True) if item.asked.get(target)]
    if not items:
        return []
    (left, owners), (right, others) = (_asked(items, language) for language in languages)
    scores = scorer.to_texts(left, right, languages)
    if scores is None:
        return []
    found = best_ranks(scores, owners[:, None] == others[None, :])
    return [_frame(scorer, TASKS[2], f"{source}{ARROW}{target}", items, owners, found, 0, len(right))]


def _asked(items: Sequence[Item], language: str) -> tuple[list[str], NDArray[np.int64]]:
    """The descriptions of some items, and the number of the item of each."""
    texts = [text for item in items for text in item.asked[language]]
    return texts, np.array([number for number, item in enumerate(items) for _ in item.asked[language]], np.int64)


def _frame(
    scorer: Scorer, task: str, language: str, items: Sequence[Item], queries: NDArray[np.int64], found: Similarities,
    draw: int, candidates: int,
) -> pd.DataFrame:  # fmt: skip
    import pandas as pd

    asked = [items[number].id for number in queries]
    about = {"model": scorer.name, "task": task, "language": language, "draw": draw, "candidates": candidates}
    return pd.DataFrame({**about, "item": asked, "rank": found})


def _with_words(frame: pd.DataFrame, corpus: Corpus, known: dict[str, Vocabulary]) -> pd.DataFrame:
    """The frame with each item's words and how many of them are unknown, in its languages together."""
    seen = {language: frozenset(vocabulary.words) for language, vocabulary in known.items()}
    asked = frame[["item", "language"]].drop_duplicates()
    counts = []
    for key, languages in zip(asked["item"], asked["language"], strict=True):
        found = [
            word in seen[language]
            for language in languages.split(ARROW)
            for text in corpus.item[key].asked[language]
            for word in words(text)
        ]
        counts.append((len(found), len(found) - sum(found)))
    asked = asked.assign(words=[every for every, _ in counts], unknown=[new for _, new in counts])
    return frame.merge(asked, on=["item", "language"], how="left")


def table(frame: pd.DataFrame, ks: Sequence[int] = KS) -> list[dict[str, Any]]:
    """A record for each model, task and language of a frame of ranks.

    Returns:
        ``model``, ``task``, ``language``; ``r@k`` with ``…_low``, ``…_high`` and ``…_why`` (95 % bootstrap over items
        and seeds together, as in ``resampling``), ``…_sd`` over seeds (nan for one), ``…_chance``; ``median_rank`` and
        ``…_chance``; ``n`` (items), ``candidates``, ``seeds``, ``unknown`` (share of the texts' words that training has
        not seen).
    """
    records = []
    for (model, task, language), rows in frame.groupby(["model", "task", "language"], sort=False):
        record: dict[str, Any] = {"model": model, "task": task, "language": language}
        for k in ks:
            hits = _hits(rows, k).to_numpy(np.float64)
            found = resampling.interval(hits)
            means = np.nanmean(hits, axis=0)
            record |= found.record(f"r@{k}")
            record[f"r@{k}_sd"] = float(means.std(ddof=1)) if len(means) > 1 else float("nan")
        candidates = round(rows["candidates"].mean())
        expected = chance(candidates, _right(rows), ks)
        record |= {f"r@{k}_chance": value for k, value in expected.items()}
        seeds = rows["seed"].nunique()
        record |= {"median_rank": float(rows["rank"].median()), "n": int(rows["item"].nunique()), "seeds": int(seeds)}
        record |= {"candidates": candidates, "median_rank_chance": median_of_chance(candidates, _right(rows))}
        total = int(rows["words"].sum())
        records.append({**record, "unknown": float(rows["unknown"].sum() / total) if total else float("nan")})
    return records


def _hits(rows: pd.DataFrame, k: int) -> pd.DataFrame:
    """Items × seeds: the share of an item's queries and draws that found it, nan where a seed lacks it."""
    return (rows["rank"] <= k).astype(float).groupby([rows["item"], rows["seed"]]).mean().unstack("seed")


def _right(rows: pd.DataFrame) -> int:
    """How many right answers a query has: several where each item has several descriptions."""
    if rows["task"].iloc[0] == TASKS[0]:
        return 1
    items = int(rows["item"][rows["seed"] == rows["seed"].iloc[0]].nunique())
    return max(1, round(float(rows["candidates"].iloc[0]) / items))


def hits(frame: pd.DataFrame, k: int = 10) -> dict[tuple[str, str, str], pd.DataFrame]:
    """(model, task, language) → items × seeds: was the item among the best k; nan where a seed lacks it."""
    found: dict[tuple[str, str, str], pd.DataFrame] = {}
    for (model, task, language), rows in frame.groupby(["model", "task", "language"], sort=False):
        found[str(model), str(task), str(language)] = _hits(rows, k)
    return found


def difference(frame: pd.DataFrame, one: str, other: str, task: str, language: str, k: int = 10) -> metrics.Interval:
    """How much higher the recall of one model is than that of another on the same items and draws."""
    rows = frame[(frame["task"] == task) & (frame["language"] == language) & frame["model"].isin([one, other])]
    found = hits(rows, k)
    return less(found.get((one, task, language)), found.get((other, task, language)))


def less(one: pd.DataFrame | None, other: pd.DataFrame | None) -> metrics.Interval:
    """The mean difference of two frames of ``hits`` over what both have: 95 % bootstrap over items and seeds."""
    if one is None or other is None:
        return metrics.NOTHING
    first, second = one.align(other, join="inner")
    return resampling.interval(first.to_numpy(np.float64) - second.to_numpy(np.float64))
