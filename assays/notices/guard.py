"""Where messages may go: no address that a person typed leads into a private network, unless DRIFTLINE_NOTICE_NETWORKS
holds that network.

It is held where connections are made, whatever library makes them and whatever a name resolves to at that moment: the
interpreter's audit hook sees each one before it happens.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import requests
from django.conf import settings
from requests.utils import get_environ_proxies

from assays.notices.errors import Refused, Undelivered

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
TIMEOUT = (4.0, 10.0)
"""Seconds to connect, and of silence."""


@dataclass(slots=True)
class _Watch:
    proxies: frozenset[Address]
    refused: list[Address] = field(default_factory=list)


_watch: ContextVar[_Watch | None] = ContextVar("notices_watch", default=None)


class _Private(ConnectionError):
    """Libraries take it for an address that cannot be reached."""


@contextmanager
def bound() -> Iterator[None]:
    """Within it no connection leads into a private network. A failure that comes of it is raised as Refused.

    Where the environment names a proxy, it is the proxy that connects, and its own address is let through.
    """
    _begin_watching()
    watch = _Watch(frozenset(_proxies()))
    token = _watch.set(watch)
    try:
        yield
    except Undelivered:
        if watch.refused:
            raise Refused(_refusal("the address")) from None
        raise
    finally:
        _watch.reset(token)


def check(host: str) -> None:
    """Raises Refused when the name resolves, now, to an address that may not be reached."""
    if not all(map(_may_be_reached, _resolved(host))):
        raise Refused(_refusal(host))


def call(method: str, url: str, body: bytes, headers: dict[str, str]) -> None:
    """As `ask`, of an address that a person typed. Raises Refused too."""
    check(urlsplit(url).hostname or "")
    with bound():
        ask(method, url, body, headers)


def ask(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
    """One call; no redirect is followed, no body read. Raises Undelivered unless it is answered well."""
    host = urlsplit(url).hostname or ""
    with _session(url) as session:
        try:
            answer = session.request(
                method, url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            raise Undelivered(_words(error, host)) from None
        answer.close()
    if answer.is_redirect:
        raise Undelivered(f"{host} answers with a redirect, which is not followed")
    if not 200 <= answer.status_code < 300:
        raise Undelivered(f"{host} answers with status {answer.status_code}")


def _session(url: str) -> requests.Session:
    """The environment's proxies and certificates, and no .netrc."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = get_environ_proxies(url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    return session


def _words(error: requests.RequestException, host: str) -> str:
    """Never the error's own text, which repeats the address."""
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} does not hold"
    if isinstance(error, requests.ConnectionError):
        return f"{host} cannot be reached"
    return f"the call of {host} failed: {type(error).__name__}"


@cache
def _begin_watching() -> None:
    """Once a process: a hook cannot be taken away again."""
    sys.addaudithook(_before_connecting)


def _before_connecting(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or (watch := _watch.get()) is None:
        return
    address = _read(arguments[1])
    if address is not None and address not in watch.proxies and not _may_be_reached(address):
        watch.refused.append(address)
        raise _Private("a private network")


def _read(where: Any) -> Address | None:
    """Of a socket that is of the internet; a library that connects by name is given an address before."""
    return _plain(str(where[0])) if isinstance(where, tuple) else None


def _may_be_reached(address: Address) -> bool:
    if address.is_global and not address.is_multicast:
        return True
    return any(address in ip_network(text) for text in settings.NOTICE_NETWORKS)


def _plain(text: str) -> Address:
    """An IPv4 address that is written as an IPv6 one is judged as what it is."""
    address = ip_address(text.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _resolved(host: str) -> Iterable[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [_plain(str(where[0])) for *_, where in found]


def _proxies() -> Iterator[Address]:
    for url in getproxies().values():
        yield from _resolved(urlsplit(url).hostname or "")


def _refusal(what: str) -> str:
    return f"{what} lies in a private network, which DRIFTLINE_NOTICE_NETWORKS does not allow"
