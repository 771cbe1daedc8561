"""``python -m tools.mutants MODULE``: put bugs into a module, one at a time, and list those that no test notices.

The checkout is copied, and the bugs go into the copy.  One run without a bug finds which tests reach which line, and
which libraries they load.  These are imported once; then every bug has a fork of this process, in which the tests that
reach its line run until one fails: those of the module's own file first, then the quickest, for ``--seconds`` at most
when nothing is wrong.  A bug that makes them take far too long counts as noticed.

mutmut and cosmic-ray were tried.  mutmut 3.8 leaves out all code outside functions, and decorated functions: much of
`pages/`, and the records of methods.  Its quick way of forking hangs in the threads of torch and BLAS, since it has run
tests before it forks; its safe one took ten times as long as this.  cosmic-ray 8.7 starts a process for every bug,
which imports torch and Streamlit anew and runs all tests, also those that never reach the bug.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import FrameType, ModuleType

import pytest

from tools.mutants.operators import mutants, plain

ROOT = Path(__file__).parents[2]
TESTS = {"evaluation": ["tests/evaluation", "tests/insight", "tests/test_rankers.py"]}  # beside the folder of that name
LEFT_OUT = "not browser and not slow"
FORK = multiprocessing.get_context("fork")
OUTSIDE = ""  # in place of a test: while test modules are imported


@dataclass
class Reach:
    """What the tests reach, found while they run: a plugin of pytest.

    Attributes:
        paths: the modules that are looked at.
        lines: module → test, or file while its fixtures are made, or ``OUTSIDE`` → the lines that ran.
        seconds: test → how long it took.
        modules: the libraries that were loaded.
    """

    paths: list[str]
    lines: dict[str, dict[str, set[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    seconds: dict[str, float] = field(default_factory=Counter)
    modules: list[str] = field(default_factory=list)
    now: str = OUTSIDE

    def trace(self, frame: FrameType, event: str, argument: object) -> object:
        """Note a line that runs; a function of ``sys.settrace``."""
        if event == "call" and frame.f_code.co_filename not in self.paths:
            return None
        self.lines[frame.f_code.co_filename][self.now].add(frame.f_lineno)
        return self.trace

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """What runs now belongs to the file of this test."""
        sys.settrace(self.trace)  # anew: a test that goes too deep ends it
        self.now = _file(nodeid)

    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """What runs now belongs to this test."""
        self.now = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """How long its parts took."""
        self.seconds[report.nodeid] += report.duration

    def pytest_runtest_logfinish(self) -> None:
        """What runs now belongs to no test."""
        self.now = OUTSIDE

    def reaching(self, path: str, lines: range, most: float) -> list[str]:
        """Tests that run one of these lines of a module: its own first, then the quickest, for at most so long."""
        here = {name for name, found in self.lines.get(path, {}).items() if not set(lines).isdisjoint(found)}
        chosen = [name for name in self.seconds if OUTSIDE in here or here & {name, _file(name)}]
        own = f"test_{Path(path).stem.lstrip('_')}"
        files: Counter[str] = Counter()
        for name in chosen:
            files[_file(name)] += self.seconds[name]
        chosen.sort(key=lambda name: (own not in name, files[_file(name)], self.seconds[name]))
        spent = list(accumulate(self.seconds[name] for name in chosen))
        return [name for name, seconds in zip(chosen, spent, strict=True) if seconds <= most] or chosen[:1]


def _file(name: str) -> str:
    return name.split("::", maxsplit=1)[0]


@dataclass
class Only:
    """Runs the named tests, in their order: a plugin of pytest."""

    names: list[str]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the named tests alone."""
        found = {item.nodeid: item for item in items}
        items[:] = [found[name] for name in self.names if name in found]


def run(folder: Path, arguments: list[str], plugin: Reach | Only) -> None:
    """Run tests in a process of its own, in a copy of the checkout; ends with pytest's exit code."""
    os.setpgid(0, 0)
    os.chdir(folder)
    sys.path[:] = [str(folder), *(place for place in sys.path if Path(place or ".").resolve() != ROOT)]
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for name in [name for name in sys.modules if name.split(".")[0] in {"tools", "tests"}]:
        del sys.modules[name]  # those of the checkout; the tests want the copy's
    if isinstance(plugin, Reach):
        threading.settrace(plugin.trace)
        sys.settrace(plugin.trace)
    fixed = ["-x", "-p", "no:cacheprovider", "--basetemp", str(folder / "scratch"), "-m", LEFT_OUT]
    code = int(pytest.main([*fixed, *arguments], [plugin]))
    if isinstance(plugin, Reach):
        sys.settrace(None)
        plugin.modules = [name for name, module in sys.modules.items() if _library(module, folder)]
        (folder / "reach.json").write_text(json.dumps(vars(plugin), default=list), "utf-8")
    sys.exit(code)


def _library(module: ModuleType, folder: Path) -> bool:
    return not (getattr(module, "__file__", None) or str(folder)).startswith(str(folder))


def outcome(folder: Path, arguments: list[str], plugin: Reach | Only, limit: float | None = None) -> int | None:
    """pytest's exit code, negative for a signal; None for what did not end within ``limit`` seconds."""
    process = FORK.Process(target=run, args=(folder, arguments, plugin))
    process.start()
    process.join(limit)
    late = process.is_alive()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with what the tests have started
    process.join()
    return None if late else process.exitcode


def copied(folder: Path) -> None:
    """Copy the checkout, with what is changed in it and without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def write(path: Path, source: str, number: int) -> None:
    """Write a module so that no compiled one of the same size and second is taken for it."""
    path.write_text(source, "utf-8")
    os.utime(path, (number, number))


def main(argv: list[str] | None = None) -> int:
    """Put bugs into the named modules, and print those that no test notices; 0 if each is noticed."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="+", help="the path of a module, such as cldi_core/scoring/knn.py")
    parser.add_argument("--tests", nargs="*", help="files or folders of tests; as a rule the folder of the same name")
    parser.add_argument(
        "--sample", type=int, help="how many bugs to try in each module, drawn with --seed; all without it"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20, help="how long the tests of one bug may take, as a rule")
    options = parser.parse_args(argv)
    kinds = dict.fromkeys(Path(module).parts[-2] if "cldi_core/" in module else "pages" for module in options.module)
    tests = options.tests or [test for kind in kinds for test in TESTS.get(kind, [f"tests/{kind}"])]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        copied(folder)
        reach = Reach([str(folder / module) for module in options.module])
        if outcome(folder, tests, reach):
            print((folder / "output.txt").read_text("utf-8")[-3000:], file=sys.stderr)
            print("The tests fail without any bug put in: see above.", file=sys.stderr)
            return 1
        reach = Reach(**json.loads((folder / "reach.json").read_text("utf-8")))
        for library in reach.modules:
            with suppress(Exception):
                importlib.import_module(library)
        for module in options.module:
            search(folder, module, reach, options)
    return 0


def search(folder: Path, module: str, reach: Reach, options: argparse.Namespace) -> None:
    """Try a module's bugs, or some of them, and print those that nothing noticed."""
    original = (folder / module).read_text("utf-8")
    found = mutants(original)
    size = min(options.sample or len(found), len(found))
    chosen = random.Random(options.seed).sample(found, size)  # noqa: S311
    count: Counter[str] = Counter()
    for number, one in enumerate(sorted(chosen, key=lambda one: one.lines.start)):
        names = reach.reaching(str(folder / module), one.lines, options.seconds)
        write(folder / module, one.source, int(time.time()) - 1_000_000 + 2 * number)
        result = judged(folder, names, reach.seconds) if names else "not reached"
        count[result] += 1
        if result in {"survived", "not reached"}:
            print(f"\n{module}:{one.lines.start} {result}\n{difference(plain(original), one.source)}", flush=True)
    write(folder / module, original, int(time.time()))
    kinds = ", ".join(f"{count[kind]} {kind}" for kind in sorted(count))
    score = 100 * (count["killed"] + count["timeout"]) / max(len(chosen), 1)
    print(f"\n{module}: {score:.1f} % of {len(chosen)} ({len(found)} in all): {kinds}", flush=True)


def judged(folder: Path, names: list[str], seconds: dict[str, float]) -> str:
    """What becomes of the bug that is in the copy, when these tests run: killed, survived or timeout."""
    files = list(dict.fromkeys(_file(name) for name in names))
    code = outcome(folder, files, Only(names), 20 + 5 * sum(seconds[name] for name in names))
    return "timeout" if code is None else "survived" if code in {0, 5} else "killed"


def difference(before: str, after: str) -> str:
    """The lines that differ, with one around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    sys.exit(main())
