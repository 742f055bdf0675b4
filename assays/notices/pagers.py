"""PagerDuty (Events API v2) and Opsgenie (Alert API), which are told by one key to open, and to close what they opened.

Apprise knows both; but it closes in Opsgenie only what the same machine has opened, and gives PagerDuty no facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from assays.notices import guard
from assays.notices.errors import Refused
from assays.notices.notice import Notice

PAGERDUTY = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
OPSGENIE = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
_PAGERDUTY_SEVERITY = {"alert": "critical", "warning": "warning", "ok": "info"}
_OPSGENIE_PRIORITY = {"alert": "P2", "warning": "P3", "ok": "P5"}


@dataclass(frozen=True, slots=True)
class Account:
    """What a `pagerduty://KEY?region=eu` or `opsgenie://KEY` holds."""

    scheme: str
    key: str
    region: str


def account(address: str) -> Account:
    """Apprise's forms are understood: of `pagerduty://INTEGRATION_KEY@API_KEY` the first is meant. Raises Refused."""
    parts = urlsplit(address)
    user, _, rest = parts.netloc.rpartition("@")
    found = Account(parts.scheme, user.partition(":")[0] or rest, parse_qs(parts.query).get("region", ["us"])[0])
    if not found.key.replace("-", "").isalnum():
        raise Refused(f"{parts.scheme}:// is followed by a key")
    if found.region not in PAGERDUTY:
        raise Refused("the region is us or eu")
    return found


def send(address: str, notice: Notice) -> None:
    """Raises Undelivered or Refused."""
    told = account(address)
    if told.scheme == "pagerduty":
        _enqueue(told, notice)
    else:
        _alert(told, notice)


def _enqueue(told: Account, notice: Notice) -> None:
    event = {
        "routing_key": told.key,
        "dedup_key": notice.key,
        "event_action": "resolve" if notice.event == "resolved" else "trigger",
    }
    _post(PAGERDUTY[told.region] + "/v2/enqueue", event | _payload(notice), {})


def _payload(notice: Notice) -> dict[str, object]:
    about = notice.incidents[0] if len(notice.incidents) == 1 else None
    return {
        "client": "Driftline",
        "client_url": notice.link,
        "links": [{"href": link.href, "text": link.rel} for link in notice.links],
        "payload": {
            "summary": notice.subject[:1024],
            "source": about.assay.name if about and about.assay else "Driftline",
            "component": about.field if about else None,
            "group": about.pipeline.name if about and about.pipeline else None,
            "class": about.kind if about else notice.event,
            "severity": _PAGERDUTY_SEVERITY.get(notice.severity, "error"),
            "timestamp": notice.at,
            "custom_details": {"text": notice.text, "incidents": notice.incidents},
        },
    }


def _alert(told: Account, notice: Notice) -> None:
    alerts, sign = OPSGENIE[told.region] + "/v2/alerts", {"Authorization": f"GenieKey {told.key}"}
    same = f"{alerts}/{quote(notice.key, safe='')}"
    if notice.event == "resolved":
        _post(f"{same}/close?identifierType=alias", {"source": "Driftline", "note": notice.text[:25_000]}, sign)
        return
    priority = _OPSGENIE_PRIORITY.get(notice.severity, "P3")
    alert = {
        "alias": notice.key,
        "message": notice.subject[:130],
        "description": notice.text[:15_000],
        "priority": priority,
        "source": "Driftline",
        "details": {link.rel: link.href for link in notice.links},
    }
    _post(alerts, alert, sign)
    if notice.event == "worse":  # what is opened twice by one alias is counted, and keeps its priority
        _call("PUT", f"{same}/priority?identifierType=alias", {"priority": priority}, sign)


def _post(url: str, body: object, headers: dict[str, str]) -> None:
    _call("POST", url, body, headers)


def _call(method: str, url: str, body: object, headers: dict[str, str]) -> None:
    guard.call(method, url, msgspec.json.encode(body), {"Content-Type": "application/json", **headers})
