"""What may be uploaded: by sessions that a page has asked for a file, so much by each, and so much by all of them.

Streamlit takes files of any session that is there, whatever its page shows, and holds them in memory until it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import streamlit as st
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

MB = 1_000_000
LARGEST = 20  # MB of a file, unless an uploader says otherwise
OF_ONE, OF_ALL = 250 * MB, 1000 * MB  # bytes that one session's files may take, and those of all sessions
PENDING = 100  # places for files that a session may ask for before it uses them


_kept: list[Uploads] = []  # that of the server, if it runs


def kept() -> Uploads | None:
    """The keeper of this process's server; ``None`` where there is no server."""
    return _kept[-1] if _kept else None


class Uploads(MemoryUploadedFileManager):
    """Streamlit's keeper of uploaded files, within bounds."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        _kept.append(self)
        self._asked: dict[str, list[str]] = {}  # session → the places that it was given, the newest last
        self._guard = threading.Lock()

    def ask(self, session: str) -> None:
        """A page shows this session an uploader."""
        with self._guard:
            self._asked.setdefault(session, [])

    def get_upload_urls(self, session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        """Places for files of a session: none for one that no page has asked."""
        with self._guard:
            if session_id not in self._asked:
                return []
            found = super().get_upload_urls(session_id, file_names[:PENDING])
            self._asked[session_id] = [*self._asked[session_id], *(one.file_id for one in found)][-PENDING:]
        return found

    def problem(self, session: str, file: str, size: int) -> tuple[int, str]:
        """The HTTP status and sentence with which a file of so many bytes is refused; 0 where it is not."""
        with self._guard:
            if file not in self._asked.get(session, ()):
                return 403, "No page of this session has asked for a file."
        with self._lock:
            own = sum(len(one.data) for key, one in self.file_storage.get(session, {}).items() if key != file)
            if own + size > OF_ONE or self._total_bytes + size > OF_ALL:
                return 413, "The files of this session, or of all, take too much of the server's memory: remove some."
        return 0, ""

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep a file; HTTPException where it is refused."""
        status, detail = self.problem(session_id, file.file_id, len(file.data))
        if status:
            raise HTTPException(status, detail)
        super().add_file(session_id, file)

    def remove_session_files(self, session_id: str) -> None:
        """Forget a session, and its files."""
        with self._guard:
            self._asked.pop(session_id, None)
        super().remove_session_files(session_id)


def uploader(label: str, *, largest: int = LARGEST, **how: Any) -> Any:
    """``st.file_uploader`` for one file of at most so many MB."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, Uploads):
        context.uploaded_file_mgr.ask(context.session_id)
    return st.file_uploader(label, max_upload_size=largest, **how)
