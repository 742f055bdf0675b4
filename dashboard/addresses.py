"""Where a caller is, by how many proxies in front are trusted to say so."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """As the outermost proxy that we trust saw it; of an IPv6 address its network, for one host has all of that."""
    said = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    chain = [*said, request.META.get("REMOTE_ADDR", "")]
    try:
        address = ip_address(chain[-1 - min(settings.TRUSTED_PROXIES, len(said))])
    except ValueError:  # a socket's file has no address, and a header may hold anything
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:  # as a socket for both kinds names IPv4
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False)[0])
