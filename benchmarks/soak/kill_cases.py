"""What is killed: every command that writes, and every act of a page, each on a data set of some kilobytes.

A case is run in a folder with ``data/`` (the data sets), ``sources/`` (what is imported) and ``out/`` (what is
exported).
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.soak.forks import forked

Make = Callable[[Path], object]
NAME, PAIR, BACKBONE, OWN = "small", "en-de", "efficientnet-lite0", "alexnet-mmid"
METHODS = ("avgmax", "knn", "avgmax+csls", "sinkhorn-short")
OF_METHODS = tuple(each for name in METHODS for each in ("--method", name))
TIME = "2026-11-25T18:51:13Z"
PORT: list[int] = []  # of the site that is collected from
# What the commands import while they run; forks find it there.
MODULES = (
    "cldi_core.commands.main", "pandas", "pyarrow.parquet", "torch", "sklearn.decomposition", "filelock",
    "safetensors.numpy", "tests.collect.elsewhere", "cldi_core.rankers", "cldi_core.insight.report",
    "cldi_core.insight.preparing", "cldi_core.insight.health", "cldi_core.insight.learning", "cldi_core.insight.story",
    "cldi_core.pivot.experiment", "cldi_core.evaluation.ray_scoring", "cldi_core.features.extraction",
    "cldi_core.imports.hugging_face", "cldi_core.imports.mmid", "cldi_core.imports.whole", "torchvision.models",
    "cldi_core.imports.whole_export", "cldi_core.imports.feature_files",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One thing that writes.

    Attributes:
        before: makes what is there before it, in an empty folder.
        run: what is run, in that folder.
        again: codes that it may end with when it is run after one that was killed.
        writes_again: it holds its lock again, also where the one that was killed had done all; what does not, as it has
            nothing to do, leaves the plate of who held it to the next one.
    """

    before: Make
    run: Make
    again: tuple[int, ...] = (0,)
    writes_again: bool = True


def _command(*arguments: str) -> Make:
    """Run a command of the explorer, in place of this program."""

    def run(folder: Path) -> None:
        from cldi_core.commands.main import main

        sys.argv = ["cldi", *arguments]
        main()

    return run


def _of(name: str, *arguments: str) -> Make:
    """A command on the small data set."""
    return _command(*name.split(), "--dataset", NAME, *arguments)


def _small(folder: Path) -> Any:
    from tests.conftest import build_small

    return build_small(folder / "data" / NAME)


def _listed(folder: Path) -> None:
    """The small data set with a word list alone."""
    from tests.collect.small import listed

    listed(folder / "data" / NAME)


def _once(make: Make) -> Make:
    """What is made in a folder: made once, beside the first that asks, and copied from then on."""

    def copied(folder: Path) -> None:
        made = folder.parent / f"made{make.__name__}"  # type: ignore[attr-defined]
        if not made.is_dir():
            made.mkdir()
            make(made)
        shutil.copytree(made, folder, dirs_exist_ok=True, symlinks=True)

    return copied


@_once
def _scored(folder: Path) -> None:
    """The small data set with scores and with what people said of it."""
    _small(folder)
    _quietly(folder, "score", *OF_METHODS)
    _judge(folder)
    _answer(folder)


def _quietly(folder: Path, name: str, *arguments: str) -> None:
    """Run a command in a process of its own, as this one goes on."""
    log = Path(f"{folder}.log")
    status = os.waitpid(forked(_of(name, *arguments), folder, log), 0)[1]
    if status:
        raise RuntimeError(f"{name} ended with {os.waitstatus_to_exitcode(status)}: {log.read_text('utf-8')}")


def _changed(folder: Path) -> None:
    """The scored data set, in which a word has lost a picture since: some scores still hold."""
    from cldi_core.data import dataset

    _scored(folder)
    path = folder / "data" / NAME
    rows = list(dataset.Dataset(path).words.itertuples(index=False, name=None))
    dataset.write_words(path, [row for row in rows if (row[1], row[2]) != ("Hut", 1)])


def _featured(folder: Path) -> None:
    """The small data set with features of elsewhere, and other ones to take their place."""
    _features(folder)
    _quietly(folder, "import-features", "--backbone", OWN, *map(str, _feature_files(folder)))
    _features(folder, 1)


def _feature_files(folder: Path) -> list[Path]:
    return sorted((folder / "sources").glob("*.npz"))


def _features(folder: Path, seed: int = 0) -> None:
    import numpy as np

    _listed(folder)
    draw = np.random.default_rng(seed)
    (folder / "sources").mkdir(exist_ok=True)
    rows = {f"en/{word}": draw.normal(size=(2, 6)).astype(np.float32) for word in ("cow", "run", "hat")}
    np.savez(folder / "sources" / "rows.npz", **rows)


def _described(folder: Path) -> None:
    """A data set of colours and shapes, whose pictures are described in two languages."""
    from tests.pivot_data import build

    build(folder / "data" / NAME)


def _drawn(folder: Path) -> None:
    from tests.conftest import WORDS, draw

    for language, words in WORDS.items():
        for word, concepts in words.items():
            for place, concept in enumerate(concepts):
                path = folder / "sources" / "drawn" / language / word / f"{place}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(draw(concept, language, place))


def _package(folder: Path) -> None:
    from benchmarks.importing_mmid import write_package

    (folder / "sources").mkdir()
    write_package(folder / "sources" / "german-package.tar", 3, 2)


def _hugging_face(folder: Path) -> None:
    from tests.imports.test_hugging_face import parquet

    parquet(folder / "sources" / "train.parquet")


def _lists(folder: Path) -> None:
    _listed(folder)
    (folder / "sources").mkdir()
    for pair, rows in (("en-de", "cow Kuh N\nhat Hut N\n"), ("en-fr", "cow vache N\nrun courir V\n")):
        text = rows.replace(" ", "\t")
        (folder / "sources" / f"{pair}.tsv").write_text(text, "utf-8")


def _ratings(folder: Path) -> None:
    _small(folder)
    (folder / "sources").mkdir()
    (folder / "sources" / "table.txt").write_text("Word\tConc.M\ndog\t4.85\nrun\t4.05\nbig\t3.16\n", "utf-8")


def _exported(folder: Path) -> None:
    _scored(folder)
    (folder / "sources").mkdir()
    _quietly(folder, "export", "--output", str(folder / "sources" / "whole.zip"))


def _out(folder: Path) -> None:
    _scored(folder)
    (folder / "out").mkdir()


def _table(folder: Path) -> None:
    """Judgements as a table, and a data set without any."""
    _scored(folder)
    (folder / "sources").mkdir()
    _quietly(folder, "judgements export", "--name", "Ann", str(folder / "sources" / "table.tsv"))
    _quietly(folder, "judgements delete", "--name", "Ann")


def _opened(folder: Path) -> Any:
    from cldi_core.data.dataset import Dataset

    return Dataset(folder / "data" / NAME)


def _judge(folder: Path) -> None:
    from cldi_core.data import judgements

    one = judgements.Judgement(PAIR, "dog", "N", "Hut", "acceptable", "it wears one", TIME)
    judgements.judge(_opened(folder), "Ann", one)


def _withdraw(folder: Path) -> None:
    from cldi_core.data import judgements

    judgements.withdraw(_opened(folder), "Ann", [(PAIR, "dog", "N", "Hut")])


def _answer(folder: Path, number: int = 1) -> None:
    from cldi_core.data import answers

    made = answers.Answer(
        "Ann", TIME, 7, number, PAIR, BACKBONE, "dog.N", ("Hund", "Hut"), "Hund", "Hund", 900, "0" * 32
    )
    if made not in answers.read(folder / "data" / NAME).answers:  # who sees that it was kept does not answer again
        answers.add(folder / "data" / NAME, made)


def _leave_out(folder: Path) -> None:
    from cldi_core.data.left_out import Item, leave_out

    leave_out(_opened(folder), [Item(language="en", word="hand")], "a hand")


def _take_back(folder: Path) -> None:
    from cldi_core.data.left_out import Item, take_back

    take_back(_opened(folder), [Item(language="en", word="hand")])


def _left_out(folder: Path) -> None:
    _small(folder)
    _leave_out(folder)


def _start(folder: Path) -> None:
    from cldi_core.data import starting
    from cldi_core.errors import DatasetError

    try:
        starting.start("new", "A new one")
    except DatasetError as error:
        raise SystemExit(str(error)) from None


def _collect(folder: Path) -> None:
    from cldi_core.collect import journal
    from tests.collect.elsewhere import one_run

    journal._now = lambda: TIME  # shards hold when their pictures were fetched, and are named by what they hold
    one_run(folder / "data" / NAME, PORT[0], 2, 6, 0)


def _given(folder: Path) -> None:
    """What a page was given, and has handed over to a process that has ended."""
    import json
    import socket

    from cldi_core.data import dataset
    from cldi_core.data.processes import Holder
    from cldi_core.imports.given import Source
    from cldi_core.imports.wanted import WantedFolder

    _drawn(folder)
    place = folder / GIVEN
    shutil.copytree(folder / "sources" / "drawn", place / "upload-1")
    wanted = WantedFolder((Source("upload-1", "drawn"),))
    seen = wanted.digest(wanted.look(place, dataset.create(folder / "data" / NAME)))
    (place / "plan.json").write_text(json.dumps({"wanted": wanted.as_json(), "seen": seen}), "utf-8")
    holder = Holder(2**22 + 1, socket.gethostname(), "import", "", "once")
    place.with_suffix(".json").write_text(json.dumps(vars(holder)), "utf-8")


def _store_given(folder: Path) -> None:
    """Store it, if it is there; then the dashboard is started anew."""
    from cldi_core.imports import given

    try:
        if (folder / GIVEN / given.PLAN).is_file():
            _of("import-given", GIVEN)(folder)
    finally:
        given.sweep()


def _nothing(folder: Path) -> None:
    (folder / "data").mkdir()


@_once
def _trained(folder: Path) -> None:
    """A data set with a model, which is to be tested anew."""
    _described(folder)
    _quietly(folder, "pivot train", *TRAIN)
    for path in (folder / "data" / NAME / "pivot").rglob("*.parquet"):
        path.unlink()


TRAIN = ("--model", "pivot-sym", "--seed", "0", "--epochs", "3", "--encoder", "bag", "--holdout", "items")
CURVE = ("--method", "avgmax", "--draws", "2")
GIVEN = "data/.queue/given/0a"
CASES: dict[str, Case] = {
    "import-lists": Case(_lists, _of("import-lists", "sources/en-de.tsv", "sources/en-fr.tsv")),
    "import-folder": Case(_drawn, _of("import-folder", "sources/drawn")),
    "import-given": Case(_given, _store_given),
    "import-mmid": Case(_package, _of("import-mmid", "sources/german-package.tar")),
    "import-features": Case(_features, _of("import-features", "--backbone", OWN, "sources/rows.npz")),
    "import-features, others in their place": Case(
        _featured, _of("import-features", "--backbone", OWN, "sources/rows.npz")
    ),
    "import-hf": Case(_hugging_face, _of("import-hf", "--lang", "en", "sources/train.parquet")),
    "import-concreteness": Case(_ratings, _of("import-concreteness", "sources/table.txt")),
    # Of a killed one that had put it in its place, the next one says that it is there already.
    "import": Case(_exported, _command("import", "sources/whole.zip", "--dataset", "again"), (0, 1)),
    "export": Case(_out, _of("export", "--output", "out/whole.zip")),
    "export-lexicon": Case(_out, _of("export-lexicon", "--pair", PAIR, "--output", "out/en-de.tsv")),
    "collect": Case(_listed, _collect),
    "extract": Case(_small, _of("extract", "--backbone", "efficientnet-lite2", "--workers", "1")),
    "extract --force": Case(_small, _of("extract", "--backbone", BACKBONE, "--workers", "1", "--force")),
    "score": Case(_small, _of("score", *OF_METHODS)),
    "score, after a change": Case(_changed, _of("score", *OF_METHODS)),
    "score --candidates all": Case(_small, _of("score", "--candidates", "all", "--method", "avgmax")),
    "prepare": Case(_small, _of("prepare", "--backbone", BACKBONE)),
    "project": Case(_small, _of("project", "--backbone", BACKBONE)),
    "evaluate": Case(_small, _of("evaluate", "--method", "avgmax", "--direction", "both")),
    "explain": Case(_out, _of("explain", "--pair", PAIR, "--word", "dog", "--report", "out/dog.html")),
    "learning-curve": Case(_small, _of("learning-curve", "--pair", PAIR, *CURVE)),
    "check": Case(_scored, _of("check"), (0, 1)),
    "pivot train": Case(_described, _of("pivot train", *TRAIN)),
    "pivot evaluate": Case(_trained, _of("pivot evaluate", *TRAIN[:4])),
    "judgements import": Case(_table, _of("judgements import", "--name", "Ann", "sources/table.tsv")),
    "judgements export": Case(_out, _of("judgements export", "--name", "Ann", "out/table.tsv")),
    "judgements delete": Case(_scored, _of("judgements delete", "--name", "Ann"), (0, 2), writes_again=False),
    "answers --delete": Case(_scored, _of("answers", "--delete", "Ann"), (0, 2), writes_again=False),
    "a judgement": Case(_small, _judge),
    "a judgement taken back": Case(_scored, _withdraw),
    "an answer": Case(_scored, partial(_answer, number=2), writes_again=False),
    "leaving out": Case(_small, _leave_out),
    "taking back": Case(_left_out, _take_back),
    "a new data set": Case(_nothing, _start, (0, 1)),
}


@contextmanager
def loaded() -> Iterator[None]:
    """With all that the cases import at hand, and the site that is collected from up.

    Maps are not UMAP's: its threads do not outlive a fork, and it takes half a minute to compile.
    """
    import numpy as np

    for name in MODULES:
        importlib.import_module(name)
    from cldi_core.insight import map_layout

    map_layout.umap = lambda rows, *given, **how: np.ascontiguousarray(rows[:, :2], np.float32)
    from tests.collect.site import serving
    from tests.collect.small import stock

    with serving() as site:
        stock(site)
        PORT[:] = [site.port]
        yield
