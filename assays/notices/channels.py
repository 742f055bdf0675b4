"""Which way a message takes by its address: the signed webhook, PagerDuty, Opsgenie, or a service of Apprise's."""

from __future__ import annotations

from urllib.parse import urlsplit

from assays.notices import guard, pagers, services, webhook
from assays.notices.errors import Refused
from assays.notices.notice import Notice

PAGERS = ("pagerduty", "opsgenie")
WEB = ("http", "https")
MAIL = ("mailto", "mailtos")


def scheme(address: str) -> str:
    """`https` of a webhook of our own; of a service also where it is given by the service's own web address."""
    found = urlsplit(address).scheme.lower()
    return (services.native(address) or found) if found in WEB else found


def check(address: str) -> None:
    """Raises Refused when no message can ever go there, with a sentence that repeats nothing secret of it."""
    try:
        host = urlsplit(address).hostname
    except ValueError:
        raise Refused("the address cannot be read") from None
    way = scheme(address)
    if way in PAGERS:
        pagers.account(address)
    elif way in WEB:
        if not host:
            raise Refused("the address names no host")
        guard.check(host)
    else:
        services.check(address)


def masked(address: str) -> str:
    """What may be shown of an address: its scheme, and its host where that is no token."""
    way = scheme(address)
    host = urlsplit(address).hostname or ""
    return f"{way}://{host}/…" if host and way in (*WEB, *MAIL) else f"{way}://…"


def is_signed(address: str) -> bool:
    return scheme(address) in WEB


def takes_pictures(address: str) -> bool:
    return scheme(address) not in (*WEB, *PAGERS) and services.takes_pictures(address)


def send(address: str, secret: str, notice: Notice, picture: bytes | None = None) -> None:
    """Raises Undelivered or Refused."""
    way = scheme(address)
    if way in PAGERS:
        pagers.send(address, notice)
    elif way in WEB:
        webhook.send(address, secret, notice)
    else:
        services.send(address, notice, picture)
