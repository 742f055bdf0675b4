"""The signed webhook: JSON by POST, signed so that its receiver knows who sent it, when, and that it is unchanged."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

import msgspec

from assays.notices import guard
from assays.notices.notice import Notice

DELIVERY, TIMESTAMP, SIGNATURE = "Driftline-Delivery", "Driftline-Timestamp", "Driftline-Signature"


def send(url: str, secret: str, notice: Notice) -> None:
    """Raises Undelivered or Refused."""
    body = msgspec.json.encode(notice)
    guard.call("POST", url, body, headers(notice.id, body, secret, int(time.time())))


def headers(delivery: str, body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The signature is the hexadecimal HMAC-SHA256, by the route's secret, of `<timestamp>.<body>`."""
    signature = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Driftline",
        DELIVERY: delivery,
        TIMESTAMP: str(timestamp),
        SIGNATURE: f"sha256={signature}",
    }


def new_secret() -> str:
    return secrets.token_urlsafe(32)
