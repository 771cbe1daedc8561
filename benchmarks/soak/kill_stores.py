"""What a folder of data sets holds, so that two can be compared bit for bit, and what may differ between two runs.

``ALLOWED`` is all of that, each with its reason; everything else is compared as it is, with names and modes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cldi_core.data import checksums, sealing

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d{4}|\+00:00)")
_STAMP = re.compile(r"\d{8}T\d{6}-([a-z -]+?)(?:-\d+)?\.json$")
Held = dict[str, set[bytes]]


@dataclass(frozen=True)
class Allowed:
    """Files that may differ between two runs that end alike.

    Attributes:
        pattern: of paths below the folder of data sets, by regular expression; why: they may.
        compared: what is left of the content of one to be compared; a file can be several lines or none.
        name: what it is called, where that differs too.
    """

    pattern: str
    why: str
    compared: Callable[[bytes], set[bytes]]
    name: Callable[[str], str] = str


def _report(data: bytes) -> set[bytes]:
    told = json.loads(data)
    told.pop("time")
    for name in ("new", "stored", "fetched", "searches", "requests", "bytes"):
        told["counts"].pop(name, None)
    told["remarks"] = [line for line in told["remarks"] if not line.startswith("it replaced another list")]
    return {_json(told)}


def _journal(data: bytes) -> set[bytes]:
    lines = set()
    for line in data.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        told.pop("time", None)
        if "storing" not in told:
            lines.add(_json(told))
    return lines


def _status(data: bytes) -> set[bytes]:
    told = json.loads(data)
    ends = {name: told[name] for name in ("state", "total", "done") if name in told}
    return {_json(ends)}


def _space(data: bytes) -> set[bytes]:
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    about = json.loads(head["__metadata__"].pop("pivot"))
    about["about"].pop("seconds", None)
    for epoch in about["about"]["curve"]:
        epoch.pop("seconds")
    return {_json(head), _json(about), data[8 + size :]}


def _undated(data: bytes) -> set[bytes]:
    return {DATE.sub("DATE", data.decode()).encode()}


def _json(told: Any) -> bytes:
    return json.dumps(told, sort_keys=True).encode()


ALLOWED = (
    Allowed(
        r"data/[^/]+/imports/[^/]+$",
        "a report has its date in its name and says what that run itself did (fetched, stored, replaced); of a run "
        "that was killed after its report was kept there are two of the same",
        _report,
        lambda path: _STAMP.sub(r"\1.json", path),
    ),
    Allowed(
        r"data/[^/]+/collect/[^/]+/journal\.jsonl$",
        "a log, only ever appended to: lines have dates and come in the order in which eight threads get their "
        "answers; a line that a kill cut off is passed over, and words are announced again",
        _journal,
    ),
    Allowed(
        r"data/[^/]+/.*(?:status|extraction|scoring)\.json$",
        "says who did the newest run, when and how long, and how much was there before it",
        _status,
    ),
    Allowed(
        r"data/[^/]+/pivot/.*/seed-\d+/[^/]+\.safetensors$",
        "says how long each epoch took, which pages show",
        _space,
    ),
    Allowed(r"data/[^/]+/left_out\.tsv$", "says when something was left out", _undated),
    Allowed(r"data/[^/]+/judgements/[^/]+\.tsv$", "says when something was judged", _undated),
    Allowed(
        r"data/[^/]+/dispersions/[^/]+/\.prepared$",
        "says of which files all was prepared: by their times, as pages look at it often",
        lambda data: {data.split()[-1]},
    ),
    Allowed(
        r"data/[^/]+/\.(?:checksums|sealed)$",
        "only ever appended to: what a killed run was about to write stands there, too; that each file has its "
        "checksum is looked at beside (``unsealed``)",
        lambda data: {_STAMP.sub(r"\1.json", name).encode() for name, _ in checksums.lines_of(data)[0]},
    ),
)  # fmt: skip


def held(folder: Path) -> Held:
    """All that a folder holds: path, with what it is and its mode → its content, or what is to be compared of it."""
    found: Held = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        about = path.lstat()
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
        if kind != "file":
            found[f"{name} ({kind} {about.st_mode & 0o777:o})"] = set()
            continue
        rule = next((one for one in ALLOWED if re.match(one.pattern, name)), None)
        data = path.read_bytes()
        key = f"{rule.name(name) if rule else name} (file {about.st_mode & 0o777:o})"
        found.setdefault(key, set()).update(_compared(rule, data))
    return found


def _compared(rule: Allowed | None, data: bytes) -> set[bytes]:
    if rule is None:
        return {data}
    try:
        return rule.compared(data)
    except (ValueError, KeyError, TypeError, IndexError):
        return {b"not what it should be: " + data[:200]}


def unsealed(folder: Path) -> list[str]:
    """The files below a folder of data sets that have none of the checksums that were written down of them."""
    sets = [path.parent for path in sorted(folder.rglob("dataset.toml"))]
    return [f"{one.name}/{name}" for one in sets for name in sealing.look(one).changed]


def differences(expected: Held, found: Held) -> list[str]:
    """What one holds otherwise than the other, a few words for each path."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            lines.append(f"{name} is missing")
        elif name not in expected:
            lines.append(f"{name} is left over")
        elif expected[name] != found[name]:
            lines.append(f"{name} differs")
    return lines
