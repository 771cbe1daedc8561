"""What is never asked: private addresses in all their spellings, also after a redirect or a second look-up."""

from __future__ import annotations

import httpcore2
import pytest

from cldi_core.collect import guard
from cldi_core.collect.budget import Budget
from cldi_core.collect.client import Client, FailedError
from cldi_core.collect.guard import Guard, RefusedAddressError, check_url, is_public
from cldi_core.collect.polite import Hosts
from tests.collect.site import CONTACT, PUBLIC, FakeClock, Local, Site

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # at home
    "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200",  # metadata, link-local, shared
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "203.0.113.9", "192.0.0.9",
    "192.88.99.1",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "2001::1", "2002:7f00:1::",
    "2002:808:808::", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "5f00::1",
    "", "localhost", "0x7f.1", "2130706433", "127.1", "1.1.1.1 ",
]  # fmt: skip
OPEN = ["93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:4700::6810:1", "2a00:1450:4001:800::200e"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_an_address_that_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://a.example/1.png", "ftp scheme"),
        ("file:///etc/passwd", "file scheme"),
        ("gopher://a.example", "gopher scheme"),
        ("//a.example/1.png", "no scheme"),
        ("http://a.example:22/", "port 22"),
        ("https://a.example:80/", "port 80"),
        ("http://a.example:99999/", "not a URL"),
        ("http://user:word@a.example/", "name of a user"),
        ("http://[::1", "not a URL"),
        ("http:///1.png", "not a URL"),
        ("http://a.example/\n1.png", "not a URL"),
        ("http://a.example/" + "x" * 4000, "not a URL"),
    ],
)
def test_a_url_that_is_not_asked(url: str, why: str) -> None:
    with pytest.raises(RefusedAddressError, match=why):
        check_url(url)


@pytest.mark.parametrize("url", ["http://a.example/1.png", "https://a.example:443/?q=%20", "HTTP://A.EXAMPLE:80"])
def test_a_url_that_may_be(url: str) -> None:
    assert check_url(url)[1] == "a.example"


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    local = Local(9)
    for addresses in ([PUBLIC, "10.0.0.1"], ["::1", PUBLIC], []):
        with pytest.raises(RefusedAddressError, match="not in the public internet"):
            Guard(lambda host, port, found=addresses: found, local).connect_tcp("a.example", 443)
    assert local.asked == [], "nobody was connected to"


def test_the_connection_goes_to_the_address_that_was_checked_and_tls_to_the_name(site: Site) -> None:
    local = Local(site.port)
    looked_up = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return [PUBLIC] if len(looked_up) == 1 else ["127.0.0.1"]  # what it means a moment later

    site.routes["a.example"] = lambda asked: asked.send(b"x", kind="image/png")
    clock = FakeClock()
    client = Client(CONTACT, Budget(), guard=Guard(resolve, local), clock=clock, hosts=Hosts(clock, pace=1e9))
    assert client.picture("https://a.example/1.png").body == b"x"
    assert (local.asked, local.names, looked_up) == ([(PUBLIC, 443)], ["a.example"], ["a.example"])
    client.close()


def test_a_second_look_up_is_checked_as_well(site: Site) -> None:
    """A name that is public first and private then: whoever answers with "Connection: close" makes us look again."""
    answers = iter([[PUBLIC], ["169.254.169.254"]])
    site.routes["a.example"] = lambda asked: asked.send(b"x", kind="image/png", Connection="close")
    clock = FakeClock()
    resolving = Guard(lambda host, port: next(answers), Local(site.port))
    client = Client(CONTACT, Budget(), guard=resolving, clock=clock, hosts=Hosts(clock, pace=1e9))
    client.picture("http://a.example/1.png")
    with pytest.raises(FailedError, match="public internet"):
        client.picture("http://a.example/2.png")
    assert [asked.path for asked in site.log] == ["/1.png"]
    client.close()


PLACES = [
    "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://0x7f000001/", "http://0/",
    "http://2130706433/", "http://localhost/", "http://[::ffff:127.0.0.1]/", "http://127.0.0.1:80/", "http://0177.0.0.1/",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("status", [301, 308])
def test_a_redirect_to_a_private_address_is_refused(site: Site, place: str, status: int) -> None:
    site.routes["a.example"] = lambda asked: asked.move(place, status)

    def resolve(host: str, port: int) -> list[str]:
        return [PUBLIC] if host == "a.example" else guard.look_up(host, port)  # the system's, for these

    clock = FakeClock()
    resolving = Guard(resolve, Local(site.port))
    client = Client(CONTACT, Budget(), guard=resolving, clock=clock, hosts=Hosts(clock, pace=1e9))
    with pytest.raises(FailedError, match=r"public internet|host is not known|not a URL"):
        client.picture("http://a.example/1.png")
    assert len(site.log) == 1
    client.close()


def test_the_usual_client_asks_nobody_on_this_machine(site: Site) -> None:
    """Without anything injected: the server runs, on this very address, and hears nothing."""
    client = Client(CONTACT, Budget(), clock=FakeClock())
    for url in (f"http://127.0.0.1:{site.port}/", "http://127.0.0.1/", "http://localhost/", "https://[::1]/"):
        with pytest.raises(FailedError, match=r"port|public internet"):
            client.picture(url)
    assert site.log == []
    client.close()
    with pytest.raises(RefusedAddressError, match="port"):
        Guard().connect_tcp("127.0.0.1", site.port)
    with pytest.raises(RefusedAddressError, match="socket"):
        Guard().connect_unix_socket("/run/x")


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    tried = []

    class Deaf(Local):
        def connect_tcp(self, host: str, *given: object, **named: object) -> object:
            tried.append(host)
            raise httpcore2.ConnectTimeout(host)

    addresses = [PUBLIC, "8.8.8.8"]
    with pytest.raises(httpcore2.ConnectTimeout, match=r"8\.8\.8\.8"):
        Guard(lambda host, port: addresses, Deaf(9)).connect_tcp("a.example", 80)
    assert tried == addresses
