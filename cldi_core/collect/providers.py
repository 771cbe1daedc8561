"""Who can be asked for pictures: one record each, in one dict.

A new one is a record in a module of its own, put into ``PROVIDERS``; ``command:`` needs no code here at all.
"""

from __future__ import annotations

from cldi_core.collect import engines, openverse, stock, wikimedia
from cldi_core.collect.command import PREFIX, command
from cldi_core.collect.records import Provider
from cldi_core.errors import unknown_name

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        wikimedia.wikipedia,
        wikimedia.commons,
        openverse.openverse,
        engines.brave,
        engines.serpapi_google,
        engines.serpapi_bing,
        engines.serpapi_yandex,
        engines.google,
        stock.pixabay,
        stock.pexels,
    )
}


def find_provider(name: str) -> Provider:
    """A provider by its name, or a program of the user's by ``command:PROGRAM ARGUMENTS``.

    Raises:
        UnknownNameError: there is no such provider; CollectError: no program is named.
    """
    if name.startswith(PREFIX):
        return command(name)
    if name not in PROVIDERS:
        raise unknown_name("provider", name, [*PROVIDERS, f"{PREFIX}PROGRAM"])
    return PROVIDERS[name]
