"""``make audit``: known holes of what is pinned in requirements.lock, where a network tells of them (pip-audit).

It ends with 1 where a hole is known, and with 0 and a line where no database could be reached: who has no network
cannot mend a hole either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
SECONDS = 120  # that the database has to answer
# Holes that do not concern us → why; looked at anew with each version.
PASSED: dict[str, str] = {}


def asked(lock: Path) -> list[dict[str, Any]]:
    """What is known of each pinned package: its name, version and ``vulns``, or a ``skip_reason``.

    Raises:
        OSError or subprocess.SubprocessError: pip-audit is not there, or does not end; ValueError: it says nothing.
    """
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--no-deps", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return found


def judged(packages: Sequence[dict[str, Any]]) -> tuple[list[str], int]:
    """A line for each hole that concerns us, and how many packages were looked up."""
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in packages
        for hole in one.get("vulns", ())
        if not {hole["id"], *hole.get("aliases", ())} & set(PASSED)
    ]
    return holes, sum("vulns" in one for one in packages)


def main() -> None:
    """Print what is known, and end with 1 if it concerns us."""
    try:
        packages = asked(LOCK)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        print(f"not audited: no database of known holes could be asked ({type(error).__name__})")
        return
    holes, count = judged(packages)
    if not count:
        print("not audited: no database of known holes could be reached")
        return
    for line in holes:
        print(f"hole: {line}", file=sys.stderr)
    print(f"{count} of {len(packages)} pinned packages were looked up: {len(holes) or 'no'} known holes")
    sys.exit(bool(holes))


if __name__ == "__main__":
    main()
