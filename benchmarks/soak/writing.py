"""Every act that writes, a small world in which each can be done, and a process in which it is done.

A world is a folder: ``data/made``, a data set with pictures, features, lists, descriptions and what two people said;
``given``, what imports read; ``out``, where exports go.  An act is done in a copy of this process, so that whatever is
imported here need not be imported there, and clocks that results keep stand still: two runs that do the same leave the
same bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import shutil
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from cldi_core import rankers
from cldi_core.collect import run as collecting
from cldi_core.commands import main, program
from cldi_core.data import answers, checksums, dataset, judgements, left_out, starting, storage
from cldi_core.errors import CldiError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import extraction
from cldi_core.imports.whole import MANIFEST
from tests import pivot_data
from tests.collect import small
from tests.collect.site import CONTACT, Site
from tests.conftest import BACKBONE, FakeExtractor, draw

NAME, OTHER = "made", "alexnet-own"
EXPORTED = "out/whole.zip: "  # before the paths of what an export holds
PAIR = ("--pair", "en-de")
THEN = time.struct_time((2026, 11, 29, 12, 0, 0, 6, 333, 0))
WARM = ("pandas", "pyarrow.parquet", "sklearn.decomposition", "scipy.stats", "cldi_core.insight.learning",
        "cldi_core.insight.preparing", "cldi_core.insight.lexicon", "cldi_core.pivot.experiment", "httpx2")  # fmt: skip
CRASHED = 70  # the code of a process that ended in a traceback
METHODS = ("--method", "avgmax", "--method", "cnn-mean")
QUICK = ("--word-dim", "8", "--joint-dim", "16", "--batch", "8", "--epochs", "1")  # of a training
JUDGED = judgements.Judgement("en-de", "red", "A", "blau", judgements.WRONG)


@dataclass(frozen=True)
class Act:
    """Something that writes.

    Attributes:
        arguments: of a command, with ``{given}`` and ``{out}`` for these folders; empty for what pages do.
        do: what a page does with the data set, where it is no command.
        spare: it does its work, too, where nothing of it can be kept.
    """

    arguments: tuple[str, ...] = ()
    do: Callable[[dataset.Dataset], object] | None = None
    spare: bool = False


@dataclass(frozen=True)
class Ended:
    """How an act ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The error that it named; empty where it named none."""
        found = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return found[-1] if found else ""


def _of(command: str, *more: str, spare: bool = False) -> Act:
    return Act((*command.split(), "--dataset", NAME, *more), spare=spare)


def _answered(opened: dataset.Dataset, player: str = "Bea") -> None:
    answers.add(
        opened.path,
        answers.Answer(player, "2026-11-29T12:00:00+00:00", 1, 1, "en-de", "efficientnet-lite0", "red-A",
                       ("rot", "blau"), "rot", "rot", 900, "0" * 32),
    )  # fmt: skip


ACTS: dict[str, Act] = {
    "import-folder": _of("import-folder {given}/pictures", "--licence", "CC0-1.0"),
    "import-folder, new": Act(("import-folder", "{given}/pictures", "--dataset", "new")),
    "import-lists": _of("import-lists {given}/en-fr.tsv"),
    "import-mmid": _of("import-mmid {given}/german-package.tar"),
    "import-hf": _of("import-hf {given}/train.parquet", "--lang", "fr"),
    "import-features": _of("import-features {given}/rows.npz", "--backbone", OTHER, "--lang", "en"),
    "import-concreteness": _of("import-concreteness {given}/ratings.txt"),
    "import": Act(("import", "{given}/whole.zip", "--dataset", "again")),
    "collect": _of("collect", *PAIR, "--provider", "commons", "--contact", CONTACT, "--per-word", "2", "--replace",
                   "--lang", "en"),
    "extract": _of("extract", "--backbone", "efficientnet-lite2"),
    "score": _of("score", *METHODS, "--direction", "both"),
    "score, among all": _of("score", "--method", "avgmax", "--candidates", "all"),
    "prepare": _of("prepare"),
    "evaluate": _of("evaluate", *METHODS, spare=True),
    "project": _of("project"),
    "explain": _of("explain", *PAIR, "--word", "red", "--report", "{out}/red.html"),
    "learning-curve": _of("learning-curve", *PAIR, "--method", "avgmax", "--draws", "1"),
    "check": _of("check", spare=True),
    "pivot train": _of("pivot train", *PAIR, "--model", "pivot-sym", "--holdout", "items", *QUICK),
    "judgements import": _of("judgements import {given}/judged.tsv", "--name", "Cem"),
    "judgements export": _of("judgements export {out}/judged.tsv", "--name", "Ada"),
    "judgements delete": _of("judgements delete", "--name", "Ada"),
    "answers --delete": _of("answers", "--delete", "Ada"),
    "export": _of("export", "--output", "{out}/whole.zip"),
    "export-lexicon": _of("export-lexicon", *PAIR, "--method", "maxmax", "--output", "{out}/en-de.tsv"),
    "page: answer": Act(do=_answered),
    "page: judge": Act(do=lambda opened: judgements.judge(opened, "Ada", JUDGED)),
    "page: leave out": Act(do=lambda opened: left_out.leave_out(opened, [left_out.Item(language="en", word="cow")])),
    "page: new data set": Act(do=lambda opened: starting.start("started", "Started")),
}  # fmt: skip


def build(world: Path) -> None:
    """Make a world in a folder."""
    made = pivot_data.build(world / "data" / NAME)
    _answered(made, "Ada")
    judgements.judge(made, "Ada", judgements.Judgement("en-de", "cow", "N", "Sonne", judgements.WRONG))
    stored_scores.scored(open_pair(made, BACKBONE, "en-de"), [rankers.ranker("maxmax")])
    given = world / "given"
    (world / "out").mkdir()
    for language, words in (("en", ("hill", "lamp")), ("de", ("Berg", "Lampe"))):
        for number, word in enumerate(words):
            (given / "pictures" / language / word).mkdir(parents=True)
            for place, concept in enumerate(("ring", "square", "cross")):
                file = given / "pictures" / language / word / f"{place}.png"
                file.write_bytes(draw(concept, language, number + 1))
    (given / "en-fr.tsv").write_text("red\trouge\tA\ncow\tvache\tN\n", "utf-8")
    (given / "ratings.txt").write_text("cow\t4.9\nred\t4.1\n", "utf-8")
    lines = ("pair\tword\tpos\tcandidate\tverdict\tnote\tjudge", "en-de\tred\tA\tblau\twrong\t\tAda")
    (given / "judged.tsv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    np.savez(given / "rows.npz", **{"hill": rows[:3], "lamp": rows[3:]})
    _package(given / "german-package.tar")
    _parquet(given / "train.parquet")
    _whole(given / "whole.zip", made)


def _whole(file: Path, made: dataset.Dataset) -> None:
    from cldi_core.imports.whole_export import export_whole

    export_whole(made, file, pictures="all", with_people=True)


def _package(file: Path) -> None:
    """As MMID's are: a file for each word, in a file."""
    with tarfile.open(file, "w") as whole:
        for number, word in enumerate(("Kuh", "Hut")):
            inner = io.BytesIO()
            files = {"word.txt": word.encode(), "metadata.json": b"{}", "01.png": draw("sun", variant=number)}
            with tarfile.open(fileobj=inner, mode="w:gz") as packed:
                for name, data in files.items():
                    _put(packed, name, data)
            _put(whole, f"{number}.tar.gz", inner.getvalue())


def _put(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _parquet(file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = [{"bytes": draw("house", variant=number), "path": f"{number}.png"} for number in range(3)]
    pq.write_table(pa.table({"image": images, "label": ["maison", "toit", "maison"]}), file)


def warm() -> None:
    """Import here what acts import."""
    for name in WARM:
        importlib.import_module(name)
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)


def do(name: str, world: Path, site: Site | None = None, before: Callable[[], object] | None = None) -> Ended:
    """Do an act in a process of its own, and wait for its end.

    Args:
        site: whom a collection asks.
        before: called in that process before anything else.
    """
    return begin(name, world, site, before)()


def begin(
    name: str, world: Path, site: Site | None = None, before: Callable[[], object] | None = None
) -> Callable[[], Ended]:
    """As ``do``; what is returned waits for the end."""
    sys.stdout.flush()
    sys.stderr.flush()
    printed = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2)]  # noqa: SIM115 (until it ended)
    pid = os.fork()
    if pid == 0:
        code = CRASHED
        try:
            for descriptor, file in zip((1, 2), printed, strict=True):
                os.dup2(file.fileno(), descriptor)
            # Whoever calls may have put something else in their place.
            sys.stdout, sys.stderr = (os.fdopen(one, "w", encoding="utf-8", closefd=False) for one in (1, 2))
            _stop_clocks()
            if before:
                before()
            code = _done(ACTS[name], world, site)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def wait() -> Ended:
        _, status = os.waitpid(pid, 0)
        texts = []
        for file in printed:
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Ended(os.waitstatus_to_exitcode(status), *texts)

    return wait


def _stop_clocks() -> None:
    """Let what results keep of the time be the same in each run; waiting takes as long as ever.

    Pictures are decoded in that process: others would take longer to start than all else takes.
    """
    from cldi_core.data.workers import Workers
    from cldi_core.insight import map_layout
    from cldi_core.pivot import training

    map_layout.FEWEST = 10**9  # UMAP compiles for as long as all acts together take
    begun = Workers.__init__
    Workers.__init__ = lambda self, work, count, *more: begun(self, work, 0, *more)
    form = time.strftime
    time.strftime = lambda text, when=THEN: form(text, THEN)
    time.perf_counter = lambda: 0.0
    training.time = SimpleNamespace(monotonic=lambda: 0.0)


def _done(act: Act, world: Path, site: Site | None) -> int:
    """Do an act in this process: → its exit code."""
    os.environ.update(CLDI_DATA=str(world / "data"), CLDI_DATASET="")
    extraction.Extractor = FakeExtractor
    if site:
        small.stock(site, 3)
        collecting._usual = lambda contact: site.client  # type: ignore[attr-defined]
    given = {"given": world / "given", "out": world / "out"}
    sys.argv = ["cldi", *(text.format(**given) for text in act.arguments)]
    try:
        if act.do is None:
            main.main()
        else:  # a page says the line
            act.do(dataset.open_dataset(NAME))
    except CldiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def store(world: Path) -> dict[str, str]:
    """What a world holds but for what it was given: the paths of files → digests of what they hold.

    Locks and logs are none of it; of what tells of each run, such as reports and journals, only that it is there.  What
    an export holds is ``EXPORTED`` and its path there.
    """
    found = {}
    for top in ("data", "out"):
        for path in sorted((world / top).rglob("*")):
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as held:
                    found |= {
                        f"{EXPORTED}{name}": storage.digest(held.read(name))
                        for name in held.namelist()
                        if name != MANIFEST
                    }
            elif path.is_file() and path.name not in (storage.LOCK, storage.HOLDER) and path.suffix != ".log":
                found[path.relative_to(world).as_posix()] = storage.digest(_content(path))
    return found


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".safetensors":  # the order of its header means nothing
        size = struct.unpack("<Q", data[:8])[0]
        return json.dumps(json.loads(data[8 : 8 + size]), sort_keys=True).encode() + data[8 + size :]
    if path.suffix == ".json" or path.name in ("journal.jsonl", ".prepared", checksums.LOG):
        return b""
    return data


def copied(world: Path, to: Path) -> Path:
    """A copy of a world, in which times of files are those of the copy."""
    return Path(shutil.copytree(world, to, copy_function=shutil.copy, dirs_exist_ok=True))


@contextlib.contextmanager
def asked() -> Iterator[Site]:
    """Whom collections ask: a server of this process."""
    from tests.collect.site import serving

    with serving() as site:
        small.stock(site, 3)
        yield site


def one_line(ended: Ended) -> str:
    """What is wrong with how an act told of its end; empty where it ended well or with one line."""
    if "Traceback" in ended.err or ended.code not in (0, 1, 2) or ended.code == program.INTERRUPTED:
        return f"ended with {ended.code}: {' '.join(ended.err.split())[-300:]}"
    lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    if ended.code and len(lines) != 1:
        return f"ended with {ended.code} and {len(lines)} lines: {' '.join(ended.err.split())[-300:]}"
    return ""
