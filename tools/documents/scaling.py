"""Tables of what millions of pictures and words cost: rates multiplied, measured workers, a simulated queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import report

from .form import table

PICTURES = 35_000_000  # of MMID
NETWORKS = {"efficientnet-lite0": "Lite0", "vgg19": "VGG19"}
DAY, HOUR = 86_400.0, 3_600.0


def _records(name: str, kind: str) -> list[dict[str, Any]]:
    return [record for record in report.kept(name)["records"] if record["kind"] == kind]


def _rate(row: str, cores: int = 0) -> float:
    """Pictures a second on one core; cores: that the row was measured on, all of the machine without it."""
    (where,) = _records("extraction", "machine")
    (found,) = (record for record in _records("extraction", "extract") if record["row"] == row)
    return float(1 / found["seconds"] / (cores or where["cores"]))


def rates() -> Iterable[str]:
    """Pictures a second on one core, and what all of MMID takes."""
    decoding = sorted([_rate("decode-draft", 1), _rate("decode-ours")])
    rows = [["decode, resize, crop", " to ".join(f"{one:.0f}" for one in decoding)]]
    rows[0].append(" to ".join(f"{PICTURES / one / DAY:.1f}" for one in reversed(decoding)))
    for network, label in (("efficientnet-lite0", "EfficientNet-Lite0, float32"), ("vgg19", "VGG19, bfloat16")):
        rate = _rate(f"{network}-ours")
        rows.append([f"{label}, decoding included", f"{rate:.2g}", f"{PICTURES / rate / DAY:.0f}"])
    return table(["", "a core", "MMID, core-days"], *rows)


def machines() -> Iterable[str]:
    """How long all of MMID takes on some machines, at the rates of a core."""
    sizes = {
        "a laptop with 4 cores": 4,
        "a server with 64 cores": 64,
        "ten servers with 64 cores, `--engine ray`": 640,
    }
    rows = [
        [name, *(duration(PICTURES / _rate(f"{network}-ours") / cores) for network in NETWORKS)]
        for name, cores in sizes.items()
    ]
    decoded = duration(PICTURES / _rate("decode-ours") / 16)
    rows.append(["a graphics card with 16 cores to decode (*)", decoded, decoded])
    return table(["machine", *NETWORKS.values()], *rows)


def storage() -> Iterable[str]:
    """What the pictures and their features take."""
    features = [[f"features, {dim} numbers in float16", _size(2 * dim * PICTURES)] for dim in (1280, 4096)]
    pictures = ["the pictures themselves at 20 kB (256 pixels) / 200 kB (1024 × 768)"]
    pictures.append(" / ".join(_size(each * PICTURES) for each in (2e4, 2e5)))
    ids = ["ids and digests beside them", _size(32 * PICTURES)]
    return table(["", "35 million pictures"], *features, ids, pictures)


def workers() -> Iterable[str]:
    """What one and two workers did, and what the process that gives out the work took for each block and task."""
    found, given = _records("cluster", "cluster"), {one["actors"]: one for one in _records("cluster", "dispatch")}
    by_processor = [one["actors"] * one["pictures"][0] / one["blocks"] / one["processor"] for one in found]
    head = ["workers", "source pictures a second of their processors", "beside one", "by the clock"]
    rows = [
        [
            str(one["actors"]),
            f"{rate:,.0f}",
            f"{rate / by_processor[0]:.2f} ×",
            f"{one['rate']:,.0f}",
            f"{one['processor']:.2f} s",
            f"{1000 * one['driver']:.1f} ms",
            f"{1000 * given[one['actors']]['seconds']:.1f} ms",
        ]
        for one, rate in zip(found, by_processor, strict=True)
    ]
    return table([*head, "a block, one worker", "a block, who gives it out", "a task without work"], *rows)


def queue() -> Iterator[str]:
    """What the simulated queue took, for each plan and number of workers."""
    names = {plan["plan"]: plan for plan in _records("queue", "plan")}
    rows = [
        [
            names[one["plan"]]["name"],
            str(one["workers"]),
            duration(one["seconds"]),
            *(f"{100 * one[share]:.0f} %" for share in ("computing", "store", "driver")),
            str(one["lost"]),
            one["bound"],
        ]
        for one in _records("queue", "queue")
    ]
    yield from table(["work", "workers", "time", "computing", "store", "driver", "done again", "bound by"], *rows)


def plans() -> Iterator[str]:
    """What the simulated queue was told of each plan, and where by arithmetic alone it stops being bound by compute."""
    rows = []
    for plan in _records("queue", "plan"):
        most = [plan["limits"][name] for name in ("store", "driver")]
        ends = ["more than tasks" if one is None or one > plan["tasks"] else f"{one:,.0f}" for one in most]
        rows.append(
            [
                plan["name"],
                f"{plan['tasks']:,}",
                f"{plan['seconds']:.0f} s",
                _size(plan["preload"]) if plan["preload"] else "–",
                _size(plan["reads"]) if plan["reads"] else "–",
                _size(plan["writes"]),
                *ends,
            ]
        )
    head = ["work", "tasks", "a task, one core", "read once", "read for a task", "written for a task"]
    yield from table([*head, "workers that fill the store", "workers that fill the driver"], *rows)


def figures() -> Iterator[tuple[str, str]]:
    """When and where the workers were measured."""
    (where,) = _records("cluster", "machine")
    one = _records("cluster", "cluster")[0]
    date, load = report.kept("cluster")["date"], where["load"][0]
    yield "cluster-machine", f"{date}, {where['cores']} cores of {where['cpu']}, shared (load average {load:.0f})"
    words, pictures = (" × ".join(f"{each:,}" for each in one[name]) for name in ("words", "pictures"))
    yield "cluster-work", f"{words} words, {pictures} pictures of {one['dim']} numbers, {one['blocks']} blocks"


def duration(seconds: float) -> str:
    """``"20 min"``, ``"3.5 h"``, ``"12 days"``: two digits."""
    for unit, name, most in ((60.0, "min", HOUR), (HOUR, "h", 2 * DAY), (DAY, "days", 2 * 365 * DAY)):
        if seconds < most:
            return f"{_short(seconds / unit)} {name}"
    return f"{_short(seconds / DAY / 365)} years"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{_short(count / unit)} {name}"
    return f"{count:.0f} B"
