"""What a login of the dashboard's own needs (``CLDI_LOGIN=oidc``): looked at before it starts, so that it never starts
open, or with a page on which nobody can log in."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cldi_core.commands.program import fail
from cldi_core.data import permissions

FILE = Path(".streamlit") / "secrets.toml"
NEEDED = ("client_id", "client_secret", "server_metadata_url")
CALLBACK = "/oauth2callback"
SHORTEST = 32  # characters of the secret that signs who somebody is
OWN = ("127.0.0.1", "localhost")


def check(script: Path, hosts: Sequence[str]) -> None:
    """End with one line unless people can log in, and nobody can say without that who they are.

    Args:
        script: beside which a file of secrets may lie, too.
        hosts: the names that the dashboard answers to.
    """
    if not all(map(importlib.util.find_spec, ("authlib", "httpx"))):
        fail(f"{_LOGIN} needs Authlib; install it with: pip install 'cldi-explorer[login]'", 1)
    auth = _auth(script)
    if not auth:
        fail(f"{_LOGIN} needs a section [auth] in {FILE} of your home or of this folder, and there is none{_HELP}", 2)
    own = [one for one in auth.values() if isinstance(one, Mapping) and "client_id" in one] or [auth]
    lost = [name for name in ("redirect_uri", "cookie_secret") if not auth.get(name)]
    lost += [name for name in NEEDED if not all(one.get(name) for one in own)]
    if lost:
        fail(f"[auth] of {FILE} lacks {', '.join(lost)}{_HELP}", 2)
    if len(str(auth["cookie_secret"])) < SHORTEST:
        fail(
            f"cookie_secret of {FILE} has {len(str(auth['cookie_secret']))} characters, and who guesses it is whoever "
            f"they like; take {SHORTEST} or more: python -c 'import secrets; print(secrets.token_hex())'",
            2,
        )
    leads = urlsplit(str(auth["redirect_uri"]))
    if leads.scheme not in ("http", "https") or leads.path != CALLBACK or not leads.hostname:
        fail(f"redirect_uri of {FILE} is {leads.geturl()[:80]!r}; accepted: https://NAME{CALLBACK}", 2)
    if leads.hostname not in hosts and f"*.{leads.hostname.partition('.')[2]}" not in hosts:
        fail(
            f"redirect_uri of {FILE} leads to {leads.hostname!r}, no name of ours; add --host {leads.hostname}",
            2,
        )
    if leads.scheme == "http" and leads.hostname not in OWN:
        fail(f"redirect_uri of {FILE} is not https: put a proxy with TLS in front, as docs/deploy/PROXY.md does", 2)


def _auth(script: Path) -> dict[str, object]:
    """The section of the files that Streamlit reads, in the home, this folder and the script's; the last one counts."""
    found: dict[str, object] = {}
    for folder in dict.fromkeys((Path.home(), Path.cwd(), script.parent)):
        path = folder / FILE
        if not path.is_file():
            continue
        try:
            own = tomllib.loads(path.read_text("utf-8")).get("auth")
        except (OSError, ValueError) as error:
            fail(f"{path} cannot be read ({type(error).__name__}); it is a file in TOML{_HELP}", 2)
        if isinstance(own, dict):
            found = own
    return found


def editors_said() -> str:
    """Who may start work here, in a line for who starts the dashboard; "" where there is no login."""
    given = permissions.settings()
    if not given.login:
        return ""
    if given.read_only:
        return "Nobody can change anything here."
    if given.editors:
        return f"Editors: {', '.join(given.editors)}; who else logs in may look, play and judge."
    everybody = f"whoever the proxy lets in may start work; {permissions.EDITORS} names fewer"
    nobody = f"nobody may start work: {permissions.EDITORS} names no editor"
    return f"Editors: {everybody if given.login == permissions.PROXY else nobody}."


_LOGIN = f"{permissions.LOGIN}={permissions.OIDC}"
_HELP = "; what to write there is in docs/deploy/PROXY.md"
