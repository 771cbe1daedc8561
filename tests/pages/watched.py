"""A page in a real browser that is watched: what it asks of the network, and what in it acts.

The policy that the server sends is passed over here: pages are to be harmless without it.
"""

from __future__ import annotations

from typing import Any

# Links within the application, and the anchors of headings, are the only ones; pictures are data of its own.
# The board of the Word page has a root of its own, in which nothing is a link.
ACTS = """() => [
  ...[...document.querySelectorAll('*')].filter(host => host.shadowRoot).flatMap(host => [
    ...host.shadowRoot.querySelectorAll('a, script, iframe, [onerror], [onclick], [href]'),
    ...[...host.shadowRoot.querySelectorAll('img')].filter(img => !img.src.startsWith('data:')),
  ]),
  ...[...document.querySelectorAll('[data-testid="stMain"] a')].filter(a => new URL(a.href).origin !== location.origin),
  ...[...document.querySelectorAll('[data-testid="stMain"] img')].filter(img => !img.src.startsWith('data:')),
  ...document.querySelectorAll('.katex, [data-testid="stMain"] [role="img"][aria-label$="icon"], .js-plotly-plot a'),
  ...document.querySelectorAll('[data-testid="stMain"] script, [onerror]'),
].map(element => element.outerHTML.slice(0, 300))"""


class Watched:
    """A page, all that it asks of the network, and the dialogs that a script in it opened."""

    def __init__(self, browser: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1440, "height": 1200}, bypass_csp=True)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", lambda event: self.asked.append(event["request"]["url"]))
        network.on("Network.webSocketCreated", lambda event: self.asked.append(event["url"]))
        self.page.on("dialog", self._dialog)

    def begin(self) -> None:
        """Show nothing, and forget what was seen: the next address is loaded anew."""
        self.page.goto("about:blank")
        self.asked.clear()
        self.dialogs.clear()

    def left(self) -> list[str]:
        """What was asked of anybody but the server that the page is of; at least it was asked for the page."""
        own = self.page.evaluate("() => location.host")
        ours = (f"http://{own}/", f"ws://{own}/", f"blob:http://{own}/", "data:")
        assert any(url.startswith(ours[0]) for url in self.asked), "else nothing is watched"
        return [url[:300] for url in self.asked if not url.startswith(ours)] + self.dialogs

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()
