"""Where a request may go: public addresses of the web, and exactly those that were looked at.

A search result is somebody else's text, and its host may be a router, a database or a cloud's metadata service in the
network of whoever collects.  So a name is looked up here, every address it has must be public, and the connection goes
to one of these addresses, not to whatever the name means a moment later.  That happens where connections are made,
below redirects and whatever else asks for one; TLS still asks for the certificate of the name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from httpcore2 import ConnectError, NetworkBackend, NetworkStream, SyncBackend

from cldi_core.errors import CollectError

PORTS = {"http": 80, "https": 443}
LONGEST = 4000  # characters of an address
Resolve = Callable[[str, int], list[str]]
# Of IPv6 only what is given out as global unicast, less what carries an IPv4 address inside (6to4) or is for examples.
_UNICAST = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("2002::/16", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")))


class RefusedAddressError(CollectError):
    """A URL or host that is not asked; its text says why, in a few words."""


def check_url(url: str) -> tuple[str, str]:
    """The scheme and host of a URL that may be asked.

    Raises:
        RefusedAddressError: it is none of http and https, names a port or a user, or cannot be taken apart.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise RefusedAddressError("not a URL") from None
    if scheme not in PORTS:
        raise RefusedAddressError(f"{scheme[:20] or 'no'} scheme: only http and https are asked")
    if not host or len(url) > LONGEST or not url.isprintable():
        raise RefusedAddressError("not a URL")
    if port not in (None, PORTS[scheme]):
        raise RefusedAddressError(f"port {port}: only 80 and 443 are asked")
    if "@" in parts.netloc:
        raise RefusedAddressError("a name of a user in the URL")
    return scheme, host


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, global unicast.

    Not loopback, private, shared, link-local (a cloud's metadata service), multicast, reserved or documentation; no
    IPv6 address that stands for an IPv4 one (mapped, 6to4, NAT64, Teredo), whatever that one is.

    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("::ffff:93.184.215.14")
    (True, False, False)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if found.version == 6 and found not in _UNICAST:
        return False
    return (
        found.is_global and not found.is_multicast and not found.is_reserved
        and not any(found in network for network in _NOT_PUBLIC if network.version == found.version)
    )  # fmt: skip


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system knows them.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guard(NetworkBackend):
    """Makes connections to public addresses only.

    Args:
        resolve: host, port → its addresses.  Another one than the system's, and another ``connections``, are for tests.
        connections: makes the connection to an address that was checked.
    """

    def __init__(self, resolve: Resolve = look_up, connections: NetworkBackend | None = None) -> None:
        self._resolve, self._connections = resolve, connections or SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """A connection to the first address of a host that answers, where all are public.

        Raises:
            RefusedAddressError: one of them is not, or the port is none of the web's; ConnectError: there are none, or
            none answers.
        """
        if port not in PORTS.values():
            raise RefusedAddressError(f"port {port}: only 80 and 443 are asked")
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise ConnectError("its host is not known") from error
        if not addresses or not all(map(is_public, addresses)):
            raise RefusedAddressError("its host is not in the public internet")
        for address in addresses[:-1]:
            try:
                return self._connections.connect_tcp(address, port, timeout, local_address, socket_options)
            except Exception:  # noqa: S112 (the next address is tried, and the last one's error is told)
                continue
        return self._connections.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> NetworkStream:
        """Never.

        Raises:
            RefusedAddressError: always.
        """
        raise RefusedAddressError("a socket of this machine")
