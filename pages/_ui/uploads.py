"""Uploads, which the server keeps in memory until their page is closed: those that a page asked for, and not too many.

A browser that is to upload a file is given an address first.  What comes to another address, or is too large for what
the session may do, is refused before any of it is read.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadFileUrlInfo

from cldi_core.data import permissions

from . import act
from .headers import Application, Message, Receive, Send, refused

MB = 1024 * 1024
ROOM = {act.EDIT: 220 * MB, act.JUDGE: 12 * MB}  # of one session: an archive and a table; a table of judgements
ALL = 1000 * MB  # of all sessions together
AROUND = 64 * 1024  # bytes of an upload that are not of its file, at most
ADDRESSES = 100  # of a session that are remembered
_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")


class Uploads(MemoryUploadedFileManager):
    """What was uploaded, and the addresses that were given away for it."""

    def __init__(self, upload_endpoint: str) -> None:
        super().__init__(upload_endpoint)
        self._given: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=ADDRESSES))

    def get_upload_urls(self, session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        """An address for each file."""
        made = super().get_upload_urls(session_id, file_names[:ADDRESSES])
        self._given[session_id].extend(one.file_id for one in made)
        return made

    def remove_session_files(self, session_id: str) -> None:
        """Forget a session."""
        super().remove_session_files(session_id)
        self._given.pop(session_id, None)

    def was_given(self, session_id: str, file_id: str) -> bool:
        """Whether an address was given away."""
        return file_id in self._given.get(session_id, ())

    def held(self, session_id: str = "") -> int:
        """Bytes that are kept of a session, or of all."""
        with self._lock:
            sessions = [self.file_storage.get(session_id, {})] if session_id else list(self.file_storage.values())
            return sum(len(file.data) for own in sessions for file in own.values())


class Bounded:
    """A layer of an ASGI application that lets uploads through for which there is room.

    Args:
        app: the application below.
        told: of a session's id, what is known of its visitor; ``None`` where there is no such session.
        kept: what was uploaded so far.
    """

    def __init__(
        self,
        app: Application,
        told: Callable[[str], dict[str, object] | None] | None = None,
        kept: Callable[[], Uploads] | None = None,
    ) -> None:
        self.app, self._told, self._kept = app, told or _told, kept or _kept
        self._under_way: Counter[str] = Counter()  # bytes by session

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the application does, or refuse."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        session, size = found[1], _size(scope)
        if size is None:
            await refused(send, 411, "An upload says how long it is.")
        elif why := self._why_not(session, found[2], size):
            await refused(send, 413, why)
        else:
            self._under_way[session] += size
            try:
                await self.app(scope, receive, send)
            finally:
                self._under_way[session] -= size
                self._under_way += Counter()  # those that are 0 go

    def _why_not(self, session: str, file: str, size: int) -> str:
        told, kept = self._told(session), self._kept()
        if told is None or not kept.was_given(session, file):
            return "No page asked for this upload."
        rights = permissions.rights(permissions.settings(), act.visitor_of(told))
        room = max((ROOM.get(right, 0) for right in rights), default=0)
        if kept.held(session) + self._under_way[session] + size > room + AROUND:
            return "This page has been given too much; load it anew."
        if kept.held() + self._under_way.total() + size > ALL:
            return "The server holds as many uploads as it may; try it later."
        return ""


def _size(scope: Message) -> int | None:
    said = dict(scope.get("headers", ())).get(b"content-length", b"")
    return int(said) if said.isdigit() and len(said) < 20 else None


def _told(session: str) -> dict[str, object] | None:
    found = runtime.get_instance()._session_mgr.get_active_session_info(session)
    return None if found is None else dict(found.session._user_info)


def _kept() -> Uploads:
    kept = runtime.get_instance().uploaded_file_mgr
    if not isinstance(kept, Uploads):
        raise TypeError(f"uploads are kept by {type(kept).__name__}")
    return kept
