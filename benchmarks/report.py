"""The records of a run as text, and as a file that is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cldi_core.data import storage
from cldi_core.errors import CldiError

KEPT = Path(__file__).resolve().parent / "results"  # what docs/PERFORMANCE.md's tables are made of
Record = dict[str, Any]
NOTES = (
    "s: median of the rounds, in which all rows take turns; of plain: the plain product's time by this row's;",
    "ours ×: this row's time by that of ours; difference: of AVGMAX from ours, or share of other answers of KNN.",
    "numpy and faiss bring their own BLAS, which may be faster than torch's (on AMD it is): then they pass its limit.",
    "Peers and the plain product start from float32 unit rows; ours from float16 features as they are on disk.",
)


def table(records: Sequence[Record]) -> str:
    """Everything that ``run`` measured: the machine, the speeds, the errors, the paper's size."""
    parts = {
        "machine": _machine,
        "speed": _speeds,
        "error": _errors,
        "full": _full,
    }
    lines: list[str] = []
    for kind, write in parts.items():
        chosen = [record for record in records if record["kind"] == kind]
        if chosen:
            lines += [*([""] if lines else []), *write(chosen)]
    return "\n".join(lines)


def keep(name: str, records: Sequence[Record], folder: Path | None = None) -> Path:
    """Write a run's records, a line each, with the day of the run: ``results/<name>.json``.

    Raises:
        CldiError: the name is no plain file name.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise CldiError(f"measurements cannot be kept as {name!r}; give a name of small letters, digits and hyphens")
    path = (folder or KEPT) / f"{name}.json"
    lines = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = f'{{"date": "{datetime.now(UTC):%Y-%m-%d}", "records": [\n  {lines}\n]}}\n'
    storage.write_text(path, text)
    return path


def kept(name: str, folder: Path | None = None) -> dict[str, Any]:
    """What was kept: ``date``, ``records`` and, where they come from a text, ``transcribed``, which says from what.

    Raises:
        CldiError: nothing of that name was kept.
    """
    folder = folder or KEPT
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise CldiError(f"no measurements were kept as {name!r}; there are: {known}") from None
    return found


def _machine(records: Sequence[Record]) -> Iterator[str]:
    for found in records:
        has = [name for name, key in (("AMX", "amx_bf16"), ("AVX512-BF16", "avx512_bf16")) if found[key]]
        yield f"{found['cpu']}: {found['cores']} cores, {found['threads']} threads, {', '.join(has) or 'no bfloat16'}"
        versions = {"torch": found["torch"], "numpy": found["numpy"]} | found["peers"]
        yield ", ".join(f"{name} {version}" for name, version in versions.items())
        if found["load"]:
            yield f"load average when it began: {' '.join(f'{value:.2f}' for value in found['load'])}"


def _speeds(records: Sequence[Record]) -> Iterator[str]:
    yield (
        f"{'dim':>5} {'speed, ' + str(records[0]['words']) + ' × ' + str(records[0]['words']) + ' words':42}"
        f"{'s':>8} {'fastest..slowest':>17} {'GFLOP/s':>8} {'of plain':>8} {'ours ×':>8} {'difference':>13}"
    )
    for row in records:
        start = f"{row['dim']:5d} {row['label']:42}"
        if row["status"] != "measured":
            yield f"{start}{row['status']}"
            continue
        spread = f"{_seconds(row['fastest'])}..{_seconds(row['slowest'])}"
        yield (
            f"{start}{_seconds(row['seconds']):>8} {spread:>17} {row['gflops']:8.0f} {row['of_plain']:8.2f} "
            f"{row['times_ours']:8.2f} {_difference(row):>13}" + (f"  {row['note']}" if row["note"] else "")
        )
    yield from NOTES


def _difference(row: Record) -> str:
    if "checked" not in row:
        return "–"
    shown = f"{row['difference']:.1e}" if row["checked"] == "avgmax" else f"{100 * row['difference']:.1f} %"
    return shown if row["right"] else f"WRONG {shown}"


def _seconds(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _errors(records: Sequence[Record]) -> Iterator[str]:
    yield f"{'dim':>5} {'seed':>4} {'MRR':>5} {'error':>8}   of {records[0]['words']} words"
    for row in records:
        yield f"{row['dim']:5d} {row['seed']:4d} {row['mrr']:5.2f} {row['error']:8.1e}"
    yield "error: largest difference of AVGMAX from float64."


def _full(records: Sequence[Record]) -> Iterator[str]:
    words, pictures, dim = records[0]["words"], records[0]["pictures"], records[0]["dim"]
    yield f"Full size: {words} × {words} words, {pictures[0]} × {pictures[1]} pictures, {dim} dimensions; measured once"
    for row in records:
        line = f"{row['label']:42}{_seconds(row['seconds']):>8} s {row['gflops']:6.0f} GFLOP/s"
        if row.get("sampled"):
            line += f", extrapolated from {100 * row['sampled']:.2g} % of the word pairs"
        else:
            peak = "unknown" if row["peak"] is None else f"{row['peak'] / 2**20:.0f} MiB"
            line += (
                f", {row['hours_saved']:.2f} hours saved, peak memory {peak} beyond the features, MRR {row['mrr']:.2f}"
            )
            line += f", difference from numpy {row['difference']:.1e}"
        yield line
