"""Where the actors of a Ray cluster put feature shards: a folder, or a place on the network."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.remote_files import OBSTORE, filesystem
from cldi_core.data.tensor_files import MAX_HEADER
from cldi_core.errors import CldiError, in_one_line
from cldi_core.features import extraction, shards
from cldi_core.features.decoding import Batch
from cldi_core.features.networks import Extractor


class Output:
    """A folder of feature shards: a local one, or a URL that fsspec knows (``s3://…``, ``gs://…``, ``file://…``)."""

    def __init__(self, place: str) -> None:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        # A relative path would be another one on another machine.
        self.place = place.rstrip("/") if "://" in place else str(Path(place).expanduser().resolve())
        try:
            scheme, _, rest = self.place.partition("://")
            if scheme in OBSTORE:
                self.files, self.root = filesystem(scheme), rest
            else:
                self.files, self.root = fsspec.core.url_to_fs(self.place)
        except Exception as error:  # a package that is missing, an unknown protocol, no credentials: many kinds
            raise CldiError(
                f"cannot write to {place!r} ({in_one_line(error)}); give a folder, or a URL that fsspec knows"
            ) from error
        self.local = isinstance(self.files, LocalFileSystem)

    def meta(self, shard: Path) -> dict[str, str] | None:
        """What the file of a shard says of itself, from its header alone; ``None``: there is none, or it is broken.

        Raises:
            CldiError: the place cannot be read at all.
        """
        try:
            read = partial(self.files.cat_file, f"{self.root}/{shard.stem}.safetensors")
            size = min(int.from_bytes(read(start=0, end=8), "little"), MAX_HEADER)
            found = json.loads(read(start=8, end=8 + size)).get("__metadata__")
        except (FileNotFoundError, ValueError, AttributeError, RecursionError):
            return None
        except Exception as error:  # every file system has its own
            raise CldiError(f"cannot read what is in {self.place!r} ({in_one_line(error)})") from error
        return found if isinstance(found, dict) else None

    def finished(self, shard: Path, batches: Sequence[Batch], extractor: Extractor) -> list[dict[str, str]] | None:
        """As ``extraction.finished``; elsewhere than on this machine, from the file's header alone."""
        if self.local:
            return extraction.finished(extraction.feature_file(Path(self.root), shard), batches, extractor)
        meta = self.meta(shard)
        ids = sorted(key for batch in batches for _, _, key in batch.places)
        if meta is None or meta.get("pictures") != storage.digest(ids):
            return None
        with suppress(ValueError):
            failed = extraction.failures_kept(meta, extractor)
            return failed and sorted(failed, key=lambda row: row["id"])
        return None

    def write(self, made: extraction.ExtractedShard, extractor: Extractor) -> None:
        """Store a shard whole or not at all."""
        if self.local:
            extraction.write(Path(self.root), made, extractor)
            return
        name = f"{made.path.stem}.safetensors"
        # A hidden name first: on some file systems a file can be seen before it is whole.
        hidden = f"{self.root}/.{name}.{os.getpid()}.{time.monotonic_ns()}.tmp"
        try:
            with tempfile.TemporaryDirectory() as folder:
                shards.write_shard(Path(folder) / name, made.ids, made.matrix, extraction.metadata(made, extractor))
                self.files.makedirs(self.root, exist_ok=True)
                self.files.put_file(str(Path(folder) / name), hidden)
            self.files.mv(hidden, f"{self.root}/{name}")
        except Exception as error:  # every file system has its own
            with suppress(Exception):
                self.files.rm_file(hidden)
            raise CldiError(
                f"the features could not be written to {self.place!r} ({in_one_line(error)}); what was finished is "
                "kept: run this again"
            ) from error
