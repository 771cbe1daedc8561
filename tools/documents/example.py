"""The README's example of one's own data: a few drawn pictures, a list, and what the imports of them really say."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from cldi_core.errors import CldiError

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "en/cow": (1, 2, 3), "en/run": (1, 2, 3), "en/km_h": (1, 2, 3),
    "de/kuh": (1, 2, 3), "de/laufen": (1, 2), "de/kmh": (1, 2, 3), "de/Pferd": (1, 2, 3),
}  # fmt: skip
TEXTS = {
    "pictures/en/km_h/word.txt": "km/h\n",
    "pictures/de/laufen/3.jpg": "<html>404 Not Found</html>\n",
    "words.tsv": "de/kmh\tkm/h\n",
    "en-de.tsv": "cow\tKuh\tN\nrun\tlaufen\tV\nkm/h\tkm/h\tN\n",
}
COMMANDS = (
    'cldi import-folder pictures --dataset mine --words words.tsv --licence "CC BY 4.0"',
    "cldi import-lists en-de.tsv --dataset mine",
)


def write(folder: Path) -> None:
    """The files of the example: pictures of one colour each, a broken one, and texts."""
    from PIL import Image

    for number, (word, shots) in enumerate(PICTURES.items()):
        (folder / "pictures" / word).mkdir(parents=True)
        for shot in shots:
            colour = (30 * number, 60 * shot, 200)
            Image.new("RGB", (160, 120), colour).save(folder / "pictures" / word / f"{shot}.jpg")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")


def transcript() -> str:
    """Each command and all that it printed, as it stands in a terminal.

    Raises:
        CldiError: a command ended in another way than by naming what is missing.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        said = []
        for command in COMMANDS:
            program = [sys.executable, "-m", "cldi_core", *shlex.split(command)[1:]]
            place = {"PYTHONPATH": str(ROOT), "CLDI_DATA": str(folder / "data"), "PYTHONUNBUFFERED": "1"}
            done = subprocess.run(
                program, cwd=folder, env=os.environ | place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", check=False,
            )  # fmt: skip
            if done.returncode not in (0, 1) or "Traceback" in done.stdout:
                raise CldiError(f"{command!r} ended with {done.returncode}: {done.stdout.strip()}")
            said.append(f"$ {command}\n{done.stdout}")
    return "".join(said)
