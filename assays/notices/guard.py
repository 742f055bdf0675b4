"""Where messages may go: no address that a person typed leads into a private network, unless DRIFTLINE_NOTICE_NETWORKS
holds that network. What a name resolves to is looked up once, and that address is the one connected to.
"""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from assays.notices.errors import Refused, Undelivered

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
TIMEOUT = (4.0, 10.0)
"""Seconds to connect, and of silence."""


def resolve(host: str, port: int) -> Address:
    """The one address to connect to. Raises Undelivered when the name is not known, Refused when any address that it
    has may not be reached.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except (OSError, UnicodeError):
        raise Undelivered(f"the name {host} is not known") from None
    addresses = [_plain(ip_address(str(where[0]).partition("%")[0])) for *_, where in found]
    for address in addresses:
        check(host, address)
    return addresses[0]


def check(host: str, address: Address) -> None:
    if not address.is_global or address.is_multicast:
        allowed = any(address in ip_network(text) for text in settings.NOTICE_NETWORKS)
        if not allowed:
            raise Refused(f"{host} lies in a private network, which DRIFTLINE_NOTICE_NETWORKS does not allow")


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one is judged as what it is."""
    if not isinstance(address, IPv6Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def post(url: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    """One POST that follows no redirect; its answer's body is not read. Raises Undelivered or Refused.

    Where the environment names a proxy for the address, it is the proxy that resolves the name and connects.
    """
    with _session(url) as session:
        try:
            answer = session.post(url, body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True)
        except requests.RequestException as error:
            raise Undelivered(_words(error, urlsplit(url).hostname or "")) from None
    answer.close()
    return answer


def _session(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.proxies = get_environ_proxies(url)
    if not {"all", urlsplit(url).scheme} & session.proxies.keys():
        session.mount("http://", _Pinned())
        session.mount("https://", _Pinned())
    return session


class _Pinned(HTTPAdapter):
    """Connects to the address that was checked, and holds TLS to the name."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        where, how = super().build_connection_pool_key_attributes(request, verify, cert)
        scheme, host = where["scheme"], where["host"]
        address = resolve(host, where["port"] or {"http": 80, "https": 443}[scheme])
        request.headers["Host"] = urlsplit(str(request.url)).netloc.rpartition("@")[2]
        named = {"server_hostname": host, "assert_hostname": host} if scheme == "https" else {}
        return {**where, "host": str(address)}, {**how, **named}


def _words(error: requests.RequestException, host: str) -> str:
    """Never the error's own text, which repeats the address."""
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} does not hold"
    if isinstance(error, requests.ConnectionError):
        return f"{host} cannot be reached"
    return f"the call of {host} failed: {type(error).__name__}"
