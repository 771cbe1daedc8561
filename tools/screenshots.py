"""``make screenshots``: the pictures of the documents, taken from the running app in both themes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tools.browser import ROOT, browse, drawn, serve

SHOTS = {
    "overview": ("", 1440, 1600),
    "word": ("word?pair=en-de&pos=V&show=missed&word=celebrate.V", 1280, 720),
    "word-shake": ("word?pair=en-de&pos=V&show=nearly&word=shake.V", 1280, 720),
    "compare": ("compare?pair=en-de", 1440, 1300),
    "failure": ("failure?pair=en-de", 1280, 1250),
    "winners": ("failure?pair=en-de&topic=winners", 1280, 1000),
    "dispersion": ("dispersion?pair=en-de", 1440, 2000),
    "map": ("map?pair=en-de", 1440, 950),
    "pivoting": ("pivoting?dataset=demo-hard&pair=en-de&among=all&text=train", 1440, 1600),
    "results": ("results?pair=en-de", 1440, 1500),
    "play": ("play?pair=en-de&pos=V&seed=11", 1280, 720),
    "judge": ("judge?pair=en-de&pos=V&judge=Ada", 1280, 800),
    "data": ("data", 1440, 1300),
}
PRESSED = {"play": "Start"}  # the button that leads to what is shown


def main() -> None:
    """Write ``docs/screenshots/<page>-<theme>.webp``."""
    from cldi_core.data import judgements
    from cldi_core.data.dataset import Dataset

    folder = ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        # A copy: who judges and plays for the pictures leaves nothing in the data that is shipped.
        data = Path(shutil.copytree(ROOT / "data", Path(temporary) / "data", ignore=shutil.ignore_patterns("scores")))
        judgements.begin(Dataset(data / "demo"), "Ada")
        take(Path(temporary), data, folder)


def take(temporary: Path, data: Path, folder: Path) -> None:
    """All of them, of the app with the data sets of a folder."""
    from PIL import Image

    with serve(temporary / "log.txt", CLDI_DATA=str(data)) as server, browse() as browser:
        for theme in ("light", "dark"):
            for name, (path, width, height) in SHOTS.items():
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                page = context.new_page()
                page.goto(f"{server.url}/{path}")
                drawn(page)
                if name in PRESSED:
                    page.get_by_role("button", name=PRESSED[name], exact=True).click()
                    page.wait_for_timeout(4000)
                    drawn(page)
                page.wait_for_timeout(2500)  # charts fade in
                shot = temporary / "shot.png"
                page.screenshot(path=str(shot))
                context.close()
                target = folder / f"{name}-{theme}.webp"
                Image.open(shot).convert("RGB").save(target, quality=80, method=6)
                print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
