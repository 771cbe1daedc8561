"""``make screenshots``: the pictures of the README, taken from the running app in both themes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tools.browser import ROOT, browse, drawn, serve

SHOTS = {
    "overview": ("", 1440, 1600),
    "word": ("word?pair=en-de&pos=V&show=missed&word=celebrate.V", 1280, 720),
    "word-shake": ("word?pair=en-de&pos=V&show=nearly&word=shake.V", 1280, 720),
    "compare": ("compare?pair=en-de", 1440, 1300),
    "dispersion": ("dispersion?pair=en-de", 1440, 2000),
    "map": ("map?pair=en-de", 1440, 950),
    "pivoting": ("pivoting?dataset=demo-hard&pair=en-de&among=all&text=train", 1440, 1600),
    "results": ("results?pair=en-de", 1440, 1500),
    "data": ("data", 1440, 1300),
}


def main() -> None:
    """Write ``docs/screenshots/<page>-<theme>.webp``."""
    from PIL import Image

    folder = ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, serve(Path(temporary) / "log.txt") as server, browse() as browser:
        for theme in ("light", "dark"):
            for name, (path, width, height) in SHOTS.items():
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                page = context.new_page()
                page.goto(f"{server.url}/{path}")
                drawn(page)
                page.wait_for_timeout(2500)  # charts fade in
                shot = Path(temporary) / "shot.png"
                page.screenshot(path=str(shot))
                context.close()
                target = folder / f"{name}-{theme}.webp"
                Image.open(shot).convert("RGB").save(target, quality=80, method=6)
                print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
