"""Object stores for fsspec by obstore, which is one package for all of them; imported where fsspec has none itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.fsspec import FsspecStore

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


class Objects(FsspecStore):
    """As obstore's own, but each call is made in the thread that makes it, and all under a prefix is one listing.

    Calls that go through a loop in another thread may take the process down when it ends.
    """

    def _at(self, path: str) -> tuple[ObjectStore, str]:
        bucket, within = self._split_path(path)
        return self._construct_store(bucket), within

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, **how: Any) -> dict[str, Any]:
        """All objects under a prefix, by their paths; there are no folders."""
        store, prefix = self._at(path)
        bucket = path.partition("/")[0]
        objects = (each for some in store.list(prefix.rstrip("/") or None) for each in some)
        return {about["name"]: about for about in (_about(bucket, each) for each in objects)}

    def info(self, path: str, **how: Any) -> dict[str, Any]:
        """What is known of an object; FileNotFoundError where there is none."""
        store, within = self._at(path)
        return _about(path.partition("/")[0], store.head(within))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **how: Any) -> bytes:
        """So many bytes of an object, or all of them."""
        store, within = self._at(path)
        if start is None or end is None:
            return store.get(within).bytes().to_bytes()[start:end]
        return store.get_range(within, start=start, end=end).to_bytes()

    def put_file(self, lpath: str, rpath: str, **how: Any) -> None:
        """Put a file there, whole or not at all."""
        store, within = self._at(rpath)
        store.put(within, Path(lpath))

    def mv(self, path1: str, path2: str, **how: Any) -> None:
        """Give an object another name in its bucket."""
        (store, old), (_, new) = self._at(path1), self._at(path2)
        store.rename(old, new)

    def rm_file(self, path: str) -> None:
        """Take an object away, if it is there."""
        store, within = self._at(path)
        store.delete(within)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """There are no folders."""


def _about(bucket: str, each: Any) -> dict[str, Any]:
    return {"name": f"{bucket}/{each['path']}", "size": each["size"], "type": "file", "e_tag": each["e_tag"]}


def objects(scheme: str, retries: int, patience: float) -> Objects:
    """The store that the environment's variables describe; an end point without TLS is one that they name so."""
    plain = any(os.environ.get(name, "").startswith("http://") for name in ENDPOINTS)
    options: dict[str, Any] = {"connect_timeout": "10 seconds", "timeout": "120 seconds"}
    if plain:
        options["allow_http"] = True
    retry: dict[str, Any] = {"max_retries": retries, "retry_timeout": timedelta(seconds=patience)}
    own: dict[str, Any] = {}
    if scheme == "s3" and (endpoint := os.environ.get(ENDPOINTS[0])):
        own["endpoint"] = endpoint
    make: Callable[..., Objects] = Objects  # whose overloads know no scheme that is a variable
    return make(scheme, client_options=options, retry_config=retry, skip_instance_cache=True, **own)
