"""A data set whose ranks are known beforehand, and the dashboard's pages opened without a browser."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from cldi_core import rankers
from cldi_core.data import dataset, pictures, wordlists
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from pages._ui import view
from tests.conftest import ABOUT, BACKBONE, copied, encoded

APP = Path(__file__).resolve().parents[1] / "app.py"
PAGES = (
    "overview", "word", "compare", "failure", "dispersion", "map", "pivoting", "results", "play", "judge", "data",
)  # fmt: skip


def _ended(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    """Wait for the end of a run; AppTest itself looks through all that was drawn a thousand times a second."""
    thread = runner._script_thread
    if thread is not None:
        thread.join(timeout)
    if not runner.script_stopped():
        runner.request_stop()  # else it hangs for as long as the process lives
        runner.join()
        raise RuntimeError(f"the page was not drawn within {timeout} seconds")


# At each run AppTest reads of every installed package whether it has components, and compiles the scripts: more than
# half of what drawing a page takes.  Neither changes while tests run.
for holder, name, kept in (
    (manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)),
    (app_test, "ScriptCache", scripts := cache(ScriptCache)),
    (local_script_runner, "ScriptCache", scripts),
    (local_script_runner, "require_widgets_deltas", _ended),
):
    setattr(holder, name, kept)
HOSTILE = ("<b>bold</b>", "[x](http://y.example)", "$a$", ":red[x]")
MANY = 30  # pictures of the first word: more than a grid shows at once
# English word → part of speech and the rank that its translation has under all cosine methods
RANKS = {
    "dog": ("N", 1), "cow": ("N", 1), "house": ("N", 2), "tree": ("N", 5), "fog": ("N", 19),
    "shake": ("V", 17), "run": ("V", 1), "sing": ("V", 3), "owe": ("V", 12),
    "red": ("A", 1), "wise": ("A", 14), "late": ("A", 8),
    HOSTILE[0]: ("N", 11), HOSTILE[1]: ("V", 13), HOSTILE[2]: ("N", 1), HOSTILE[3]: ("A", 4),
    "cup": ("N", 1), "sun": ("N", 2), "hat": ("N", 1), "sea": ("N", 7),
}  # fmt: skip
UNCOVERED = (
    wordlists.Row("ghost", "Geist", "N"),
    wordlists.Row("dog", "Köter", "N"),
    wordlists.Row("cloud", "Wolke", "N"),
)
FRENCH = ("dog", "cow", "run", "red", "shake")


def german(word: str) -> str:
    """The made-up translation: ``"dog"`` → ``"dog|de"``, so that it is told from the word itself."""
    return f"{word}|de"


def _vectors() -> tuple[list[list[np.ndarray]], list[list[np.ndarray]]]:
    """One vector per picture of every word, such that the ranks are those of ``RANKS``.

    The pictures of English word i point along axis i and a little along an axis of their own; translation j has the
    wanted cosines in its first components and fills up its length along an axis of its own.
    """
    n = len(RANKS)
    cosines = np.zeros((n, n))
    for row, (_, rank) in enumerate(RANKS.values()):
        order = [column for column in range(n) if column != row]
        order.insert(rank - 1, row)
        cosines[row, order] = 0.006 * np.arange(n, 0, -1)
    source, target = [], []
    for row in range(n):
        one, other = np.zeros((2, 2 * n + 2))
        one[row] = other[row] = 1
        other[2 * n] = 0.2 + 0.05 * row
        source.append([one, other] * (MANY // 2 if row == 0 else 1))
        one = np.zeros(2 * n + 2)
        one[:n] = cosines[:, row]
        one[n + row] = np.sqrt(1 - (cosines[:, row] ** 2).sum())
        target.append([one])
    return source, target


@copied
def build_wide(folder: Path) -> None:
    """Write the data set: en-de with the ranks of ``RANKS``, en-fr, and words without pictures."""
    dataset.create(folder, "Wide *set*", about="Made [for](http://z.example) tests")
    drawn: list[pictures.Picture] = []
    vectors, rows = [], []
    for language, sets in zip(("en", "de"), _vectors(), strict=True):
        for word, found in zip(RANKS, sets, strict=True):
            for position, vector in enumerate(found):
                colour = (len(drawn), 100 if language == "en" else 200, 60)
                data = encoded(Image.new("RGB", (16, 16), colour))
                made = pictures.Picture(data, f"{len(drawn)}.png", 16, 16, provider="tests", licence="CC0-1.0",
                                        concept=word)  # fmt: skip
                drawn.append(made)
                vectors.append(vector)
                rows.append((language, word if language == "en" else german(word), position, made.id))
                if language == "de" and word in FRENCH:
                    rows.append(("fr", f"{word}|fr", position, made.id))
    rows.append(("en", "cloud", 0, drawn[0].id))
    (shard,) = pictures.write_shards(folder / "images", drawn)
    path = folder / "features" / BACKBONE / f"{shard.stem}.safetensors"
    shards.write_shard(path, [made.id for made in drawn], np.array(vectors, np.float32), ABOUT)
    dataset.write_words(folder, rows)
    pairs = [wordlists.Row(word, german(word), pos) for word, (pos, _) in RANKS.items()]
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", [*pairs, *UNCOVERED])
    french = [wordlists.Row(word, f"{word}|fr", RANKS[word][0]) for word in FRENCH]
    wordlists.write_list(folder / "lexicon" / "en-fr.tsv", french)
    (folder / "senses.tsv").write_text("dog\t8\nshake\t16\n", "utf-8")


def score_all(made: dataset.Dataset) -> dict[str, dict[str, Any]]:
    """Store the rankings of all methods and controls, as ``python -m cldi_core score`` does: pair → way → frame."""
    found = {}
    for pair in made.pairs:
        ways = rankers.available(made, BACKBONE, pair, rankers.IMAGES, rankers.CONTROL)
        found[pair] = rankings.rankings(open_pair(made, BACKBONE, pair), ways)
    return found


@copied
def build_ranked(folder: Path) -> None:
    """Write the data set with all its rankings."""
    score_all(build_wide(folder))


def open_page(page: str, /, **params: str) -> AppTest:
    """A page as a new visitor gets it from a URL with these parameters."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in params.items():
        at.query_params[name] = value
    return at.switch_page(f"pages/{page}.py").run()


def view_of(at: AppTest) -> dict[str, str]:
    """The parameters that a link to this view has: those of the view, and what the URL asks of the page alone."""
    asked = {name: value if isinstance(value, str) else value[-1] for name, value in dict(at.query_params).items()}
    current: view.View = at.session_state["view"]
    return current.params() | {name: value for name, value in asked.items() if name in view.PAGE_PARAMS}


def texts(at: AppTest) -> str:
    """All Markdown, captions and messages of a page."""
    kinds = ("title", "header", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def unescaped(text: str) -> str:
    """What a reader sees of the parts of a text that ``draw.safe`` has made; the rest stays Markdown."""
    return re.sub(r"\\(.)", r"\1", re.sub(r":color\[(\\.)\]", r"\1", text))


def healthy(at: AppTest) -> AppTest:
    """The page, once it is seen to have drawn without an exception or an error."""
    assert not at.exception, [element.value for element in at.exception]
    assert not at.error, [element.value for element in at.error]
    return at


def compared(at: AppTest) -> list[str]:
    """The contenders of the Compare page, as its URL names them."""
    shown = {box.key: box.value for box in at.main.selectbox}
    count = sum(str(key).startswith("method ") for key in shown)
    return [f"{shown[f'method {place}']}@{shown[f'backbone {place}']}" for place in range(count)]


def board_of(at: AppTest) -> dict[str, Any]:
    """What the board of the Word page was given."""
    (found,) = [one for one in at.get("bidi_component") if one.proto.component_name.endswith("cldi_board")]
    given: dict[str, Any] = json.loads(found.proto.json)
    return given


def button(at: AppTest, label: str) -> Any:
    """The only button whose label begins with ``label``."""
    (found,) = [element for element in at.button if element.label.startswith(label)]
    return found


class Event(dict[str, Any]):
    """What ``st.plotly_chart`` returns: a dictionary whose keys are attributes too."""

    __getattr__ = dict.__getitem__


class Charts:
    """Stands in for ``st.plotly_chart``: keeps the figures and reports a selection, which AppTest can't make."""

    def __init__(self, **selection: list[Any]) -> None:
        self.event = Event(selection=Event({"points": [], "box": [], "lasso": [], **selection}))
        self.figures: list[Any] = []

    def __call__(self, figure: Any, **options: Any) -> Event:
        self.figures.append(figure)
        return self.event


def pair_of(made: dataset.Dataset, name: str = "en-de") -> Pair:
    """A pair of the data set."""
    return open_pair(made, BACKBONE, name)
