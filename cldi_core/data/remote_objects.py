"""Object stores for fsspec by obstore, which is one package for all of them; imported where fsspec has none itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from obstore.fsspec import FsspecStore

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


class Objects(FsspecStore):
    """As obstore's own, with all objects under a prefix in one listing and not one request for each folder."""

    async def _find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, **how: Any
    ) -> list[str] | dict[str, Any]:
        bucket, prefix = self._split_path(path)
        found = {}
        async for objects in self._construct_store(bucket).list(prefix.rstrip("/") or None):
            for each in objects:
                name = f"{bucket}/{each['path']}"
                found[name] = {"name": name, "size": each["size"], "type": "file", "e_tag": each["e_tag"]}
        return found if how.get("detail") else sorted(found)

    async def _isdir(self, path: str) -> bool:
        """There are no folders."""
        return False


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
