"""Who may do what in the dashboard: rules of what was set when it was started, and of who asks.

There are three rights: to see, to judge (and to play under a name), and to edit, which is everything else that writes
or starts work.  Without a login there is one person, who has them all.  With one, editors are listed by their e-mail
addresses and everybody else who has logged in is a viewer, who sees and judges.  ``CLDI_READ_ONLY=1`` leaves the right
to see alone, whoever asks.

Each act of the dashboard begins with ``refuse``; a button that is hidden besides is a courtesy.  Commands are not
concerned: who can run one has the disk already.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cldi_core.errors import CldiError

VARIABLE, LOGIN, EDITORS, IMPORT_FROM = "CLDI_READ_ONLY", "CLDI_LOGIN", "CLDI_EDITORS", "CLDI_IMPORT_FROM"
OFF, ON = ("", "0", "false", "no"), ("1", "true", "yes")
OIDC, PROXY = "oidc", "proxy"  # a login of the dashboard's own; one of the proxy in front of it
SEE, JUDGE, EDIT = "see", "judge", "edit"
EVERYBODY = "*"  # as an editor: whoever has logged in with a verified address
LASTS = 12 * 3600  # seconds: a working day after a login its rights end, also in a page that is still open
AHEAD = 300  # seconds by which the clock of who vouches for a login may be ahead of ours
_PART = r"[^\s@,;<>\"\\\x00-\x20\x7f]"
_ADDRESS = re.compile(rf"{_PART}{{1,64}}@{_PART}{{1,189}}")
_EDITOR = re.compile(rf"\*|(\*|{_PART}{{1,64}})@{_PART}{{1,189}}")


class ReadOnlyError(CldiError):
    """Something that would write, in a dashboard that only shows."""


class RightError(CldiError):
    """Something for which who asks lacks the right."""


@dataclass(frozen=True)
class Visitor:
    """Who asks; the one person of a dashboard without a login has neither name nor address.

    Attributes:
        name: what who vouches for them calls them; anybody's text.
        email: in small letters; "" where there is none that is one.
        verified: whether somebody vouches that the address is theirs.
    """

    name: str = ""
    email: str = ""
    verified: bool = False


LOCAL = Visitor()


@dataclass(frozen=True)
class Settings:
    """What was set when the dashboard was started.

    Attributes:
        read_only: it only shows.
        login: ``"oidc"``, ``"proxy"``, or "" for none.
        editors: addresses, ``"*@domain"`` and ``"*"``, in small letters.
    """

    read_only: bool = False
    login: str = ""
    editors: tuple[str, ...] = ()


def settings() -> Settings:
    """What the environment says; what it says and nobody knows counts as the strictest there is."""
    return _settings(_said(VARIABLE), _said(LOGIN), _said(EDITORS))


def read_only() -> bool:
    """Whether the dashboard only shows; what the variable says and nobody knows counts as yes."""
    return settings().read_only


def problem() -> str:
    """What is wrong with the variables, in one line; ``""`` where nothing is."""
    if _said(VARIABLE) not in (*OFF, *ON):
        return f"{_given(VARIABLE)}; accepted: {', '.join(ON)}, or {', '.join(OFF[1:])} or nothing"
    if _said(LOGIN) not in ("", OIDC, PROXY):
        return (
            f"{_given(LOGIN)}; accepted: {OIDC} (people log in here), {PROXY} (a proxy in front asks who they are), or "
            "nothing (one person, on this machine)"
        )
    wrong = [one for one in _listed(_said(EDITORS)) if not _EDITOR.fullmatch(one)]
    if wrong:
        return (
            f"{EDITORS} names {wrong[0][:60]!r}; accepted: ann@example.org, *@lab.example.org or *, with commas between"
        )
    if _said(EDITORS) and not _said(LOGIN):
        return f"{EDITORS} names editors and nobody logs in; set {LOGIN}={OIDC} or {LOGIN}={PROXY}, or leave it out"
    return ""


def of_claims(claims: Mapping[str, object], now: float) -> Visitor | None:
    """Who has logged in.

    Args:
        claims: of the identity token, with ``is_logged_in``; its signature, audience and nonce have been checked.
        now: seconds since 1970.

    Returns:
        ``None`` where nobody has, or did longer ago than ``LASTS``.
    """
    since = claims.get("iat")
    if claims.get("is_logged_in") is not True or not isinstance(since, int | float) or isinstance(since, bool):
        return None
    if not -AHEAD <= now - since < LASTS:
        return None
    return Visitor(str(claims.get("name") or ""), _email(claims), claims.get("email_verified") in (True, "true"))


def of_proxy(told: Mapping[str, object]) -> Visitor:
    """Whom a proxy in front has let in: it vouches for the address that it tells, if it tells one."""
    email = _email(told)
    return Visitor(email, email, bool(email))


def rights(given: Settings, visitor: Visitor | None) -> frozenset[str]:
    """What somebody may do, of ``SEE``, ``JUDGE`` and ``EDIT``; ``None`` is who has not logged in."""
    found = {SEE, JUDGE, EDIT}
    if given.login:
        found = set() if visitor is None else {SEE}
        if visitor is not None and (visitor.verified or given.login == PROXY):
            found |= {JUDGE} | ({EDIT} if _is_editor(given, visitor) else set())
    return frozenset(found & {SEE} if given.read_only else found)


def own_name(given: Settings, visitor: Visitor | None) -> str:
    """The one name under which somebody judges and plays; ``""``: whichever is typed, as nobody says who it is."""
    return visitor.email if given.login and visitor is not None and visitor.verified else ""


def refuse(right: str = EDIT, given: Settings | None = None, visitor: Visitor | None = LOCAL, name: str = "") -> None:
    """Nothing, where somebody may do something.

    Args:
        right: that it needs.
        given: ``None``: what the environment says.
        name: under which it is done, if it is done under one.

    Raises:
        ReadOnlyError: the dashboard only shows.
        RightError: the visitor lacks the right, or does it under another's name.
    """
    given = settings() if given is None else given
    if right not in rights(given, visitor):
        if given.read_only and right != SEE:
            raise ReadOnlyError(
                f"this dashboard only shows ({VARIABLE}={os.environ.get(VARIABLE, '')[:20]!r}): nothing was written; "
                "who started it can start it without that"
            )
        if visitor is None:
            raise RightError("nobody has logged in here, or longer ago than a day's work: nothing was done; log in")
        raise RightError(f"{lacking(right, given, visitor)}: nothing was done; ask who started this dashboard")
    own = own_name(given, visitor)
    if name and own and name != own:
        raise RightError(f"{own} judges and plays under that name alone, and not as {name[:60]!r}: nothing was written")


def refuse_path(path: Path) -> None:
    """Nothing, where a file or folder of the server's disk may be imported by whoever may import.

    The one person of a dashboard without a login may read what the server reads.  An editor has an account of the
    dashboard and not of the machine: only what lies in a folder that ``CLDI_IMPORT_FROM`` names, without links that
    lead out of it.

    Raises:
        RightError: it may not.
    """
    if not settings().login:
        return
    named = [Path(one) for one in os.environ.get(IMPORT_FROM, "").split(os.pathsep) if one]
    real = path.resolve()
    if not any(real.is_relative_to(one.resolve()) for one in named):
        raise RightError(
            f"{str(path)[:200]!r} lies in no folder of the server that may be imported from; upload it, or have who "
            f"started this dashboard name its folder in {IMPORT_FROM}"
        )


def lacking(right: str, given: Settings, visitor: Visitor) -> str:
    """Why somebody who has logged in lacks a right, without a full stop."""
    if given.login == OIDC and not visitor.verified:
        return f"the login did not say that {visitor.email or 'an e-mail address'} is yours, so you may only look"
    who = visitor.email or "who comes without an address"
    return f"only editors may do this, and {who} is none of {EDITORS}" if right == EDIT else f"{who} may not do this"


def _is_editor(given: Settings, visitor: Visitor) -> bool:
    if given.login == PROXY and not given.editors:
        return True  # it is the proxy's to choose whom it lets in
    domain = f"*@{visitor.email.rpartition('@')[2]}"
    return visitor.verified and bool({visitor.email, domain, EVERYBODY} & set(given.editors)) and bool(visitor.email)


def _email(told: Mapping[str, object]) -> str:
    said = told.get("email")
    email = said.strip().lower() if isinstance(said, str) else ""
    return email if _ADDRESS.fullmatch(email) else ""


@lru_cache(maxsize=8)
def _settings(only_shows: str, login: str, editors: str) -> Settings:
    known = login if login in ("", OIDC, PROXY) else OIDC
    return Settings(only_shows not in OFF, known, tuple(one for one in _listed(editors) if _EDITOR.fullmatch(one)))


def _listed(editors: str) -> list[str]:
    return [one.strip() for one in editors.split(",") if one.strip()]


def _said(variable: str) -> str:
    return os.environ.get(variable, "").strip().lower()


def _given(variable: str) -> str:
    return f"{variable} is {os.environ[variable][:40]!r}"
