"""Files at an address that fsspec knows, such as ``s3://bucket/words``: listed, read in part, written.

Credentials and end points are those that the environment has (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL`` …), never a
part of an address.  fsspec's own packages (s3fs, gcsfs, adlfs) are used where they are installed, obstore elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cldi_core.errors import CldiError, DatasetError, in_one_line

# What an address may begin with, and the package of fsspec's own that would read it.  A web server is none of them:
# it tells nobody which files it has.
SCHEMES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "file": "", "memory": ""}
OBSTORE = ("s3", "gs", "az", "abfs")
MOST = 200_000  # objects that are listed
NAME = re.compile(r"\w[\w.-]{0,199}")
# The fields by which file systems tell one version of a file from another, the first that there is.
VERSIONS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "mtime", "created", "LastModified", "last_modified")
RETRIES, PATIENCE = 3, 20.0  # times that a request is made again, and seconds after which that ends
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN")


@dataclass(frozen=True)
class Entry:
    """What a listing says of a file: its bytes, and a text that changes with what it holds."""

    size: int
    version: str


def checked(url: str) -> tuple[str, str]:
    """An address of a data set, taken apart: that of the folder above, and the name.

    Raises:
        DatasetError: it is of another kind than is accepted, holds a password, or has no proper name.
    """
    scheme, _, rest = url.partition("://")
    parts = rest.rstrip("/").split("/")
    if scheme not in SCHEMES:
        accepted = ", ".join(f"{each}://" for each in SCHEMES if each != "memory")
        raise DatasetError(
            f"an address that begins with {scheme[:20] + '://'!r} cannot be opened; accepted: {accepted}"
        )
    if ":" in parts[0].rpartition("@")[0] or re.search(r"[?#]", rest):
        raise DatasetError(
            f"an address of {scheme}:// holds a password or options; give credentials by the environment alone, such "
            "as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    above = parts[1:-1] if scheme in ("file", "memory") and not parts[0] else parts[:-1]
    if not NAME.fullmatch(parts[-1]) or any(not part or part in (".", "..") or "\\" in part for part in above):
        raise DatasetError(f"{url[:200]!r} is no address of a data set; give one such as {scheme}://bucket/name")
    return f"{scheme}://{'/'.join(parts[:-1])}", parts[-1]


@cache
def filesystem(scheme: str) -> Any:
    """The file system of fsspec for addresses of a kind.

    Raises:
        DatasetError: no package that reads them is installed.
    """
    import fsspec

    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        if scheme in OBSTORE:
            try:
                from cldi_core.data.remote_objects import objects

                return objects(scheme, RETRIES, PATIENCE)
            except ImportError:
                pass
        package = "obstore" if scheme in OBSTORE else SCHEMES.get(scheme)
        raise DatasetError(
            f"{scheme}:// cannot be read here: install a package for it: pip install {package}"
        ) from error


class Files:
    """The files under one address; all of its methods raise DatasetError, in one line, where it cannot be reached."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._scheme, _, rest = url.partition("://")
        self._root = f"/{rest.strip('/')}" if self._scheme in ("file", "memory") else rest.strip("/")

    @property
    def _files(self) -> Any:
        return filesystem(self._scheme)

    def listing(self) -> Iterator[tuple[str, Entry]]:
        """All files under the address, by their paths in it; none where there is nothing.

        Raises:
            DatasetError: also where there are more than ``MOST``.
        """
        try:
            found = self._files.find(self._root, detail=True)
        except FileNotFoundError:
            return
        except Exception as error:  # every file system has its own
            raise self._told("listed", error) from error
        if len(found) > MOST:
            raise DatasetError(f"{self.url} has {len(found):,} files, more than the {MOST:,} that are accepted")
        for path, about in found.items():
            start = str(path).find(f"{self._root}/")
            if start >= 0 and about.get("type", "file") == "file":
                yield str(path)[start + len(self._root) + 1 :], _entry(about)

    def about(self, name: str) -> Entry | None:
        """What is known of a file; ``None`` where there is none."""
        try:
            return _entry(self._files.info(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._told("read", error) from error

    def read(self, name: str, start: int, end: int) -> bytes:
        """So many bytes of a file.

        Raises:
            DatasetError: also where it has fewer.
        """
        try:
            data: bytes = self._files.cat_file(f"{self._root}/{name}", start=start, end=end)
        except FileNotFoundError as error:
            raise DatasetError(f"{name!r} is not at {self.url} any more; run this again") from error
        except Exception as error:
            raise self._told("read", error) from error
        if len(data) != end - start:
            raise DatasetError(f"{name!r} at {self.url} was changed while it was read; run this again")
        return data

    def put(self, path: Path, name: str) -> Entry:
        """Put a file there, in the place of one that is."""
        place = f"{self._root}/{name}"
        try:
            if self._scheme in ("file", "memory"):  # there are folders there
                self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(path), place)
            return _entry(self._files.info(place))
        except Exception as error:
            raise self._told("written to", error) from error

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        try:
            self._files.rm_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._told("written to", error) from error

    def _told(self, what: str, error: Exception) -> CldiError:
        """Why something could not be done there, in one line without a secret."""
        if isinstance(error, CldiError):
            return error
        text = " ".join(f"{type(error).__name__} {error} {error.__cause__ or ''}".split())
        hint = next((hint for pattern, hint in HINTS if re.search(pattern, text, re.IGNORECASE)), "")
        reason = hint or in_one_line(error)
        for secret in filter(None, map(os.environ.get, SECRETS)):
            reason = reason.replace(secret, "…")
        return DatasetError(f"{self.url} cannot be {what}: {reason}")


_STATUS = r"\b{}\b(?!\.\d)"  # of an answer; that something took "403.5ms" is none
HINTS = (
    (r"NoSuchBucket|bucket does not exist|container ?not ?found", "there is no such bucket"),
    (
        r"169\.254\.169\.254|metadata\.google|NoCredentials|unable to locate credentials|MissingCredentials",
        "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_SKIP_SIGNATURE=true for a "
        "public bucket), or what your provider names",
    ),
    (
        rf"AccessDenied|PermissionDenied|PermissionError|Forbidden|{_STATUS.format('40[13]')}|InvalidAccessKeyId|"
        r"SignatureDoesNotMatch|Unauthenticated|Unauthorized",
        "it is not allowed; look at the credentials and at what they may do",
    ),
    (rf"InvalidRange|{_STATUS.format('416')}", "it was changed while it was read; run this again"),
    (
        r"error sending request|ConnectError|ConnectionError|ConnectionRefused|Could not connect|timed out|dns error",
        "nobody answers there; look at the network and at AWS_ENDPOINT_URL",
    ),
)


def _entry(about: dict[str, Any]) -> Entry:
    version = next((str(about[name]) for name in VERSIONS if about.get(name) is not None), "")
    return Entry(int(about.get("size") or 0), version.strip('"'))
