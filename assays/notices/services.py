"""Apprise: e-mail, chats and a hundred services more, each by an address of its own scheme.

Only SCHEMES are known: nothing that speaks to this machine's own desktop, bus or log, and nothing on a bare socket.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from apprise import Apprise, AppriseAsset, NotificationManager, NotifyFormat, NotifyType, PersistentStoreMode
from apprise.attachment.memory import AttachMemory
from apprise.plugins.base import NotifyBase
from apprise.result import AppriseResultStatus

from assays.notices import guard
from assays.notices.errors import Refused, Undelivered
from assays.notices.notice import Notice

_NAMES = """
    46elks atalk bark barks betterstack bluesky brevo bulksms burstsms chanify clickatell clicksend cliq d7sms dingtalk
    discord fcm feishu firehydrant flock fluxer form forms freemobile gchat goalert goalerts gotify gotifys groupme
    hassio hassios httpsms humhub humhubs ifttt ilert incidentio infobip jira json jsons kavenegar kook lark line
    mailersend mailgun mailto mailtos mastodon mastodons matrix matrixs mmost mmosts msg91 msgbird nctalk nctalks nexmo
    notifiarr notifico ntfy ntfys o365 onesignal pagertree pbul plivo postmark pover prowl pushdeer pushed pushme
    pushplus pushy resend revolt ringc rocket rockets ryver sendgrid sendpulse ses seven sfr signal
    signals signl4 simplepush sinch slack smseagle smseagles smtp2go sns sparkpost spike splunk spugpush squadcast
    stackfield synology synologys telesign telnyx tgram threema twilio twist viber victorops voipms vonage webex
    wecombot whapi whatsapp workflow workflows wxteams xmatters xml xmls zcliq zohocliq zoom zulip
"""
SCHEMES = tuple(_NAMES.split())
_TYPES = {"ok": NotifyType.SUCCESS, "warning": NotifyType.WARNING}


def native(address: str) -> str:
    """The scheme of the service whose own web address this is, as Slack and Discord hand them out; else nothing."""
    for scheme in _manager().schemas(include_disabled=False):
        if _manager()[scheme].parse_native_url(address):
            return str(scheme)
    return ""


def service(address: str) -> NotifyBase:
    """Raises Refused when the address is none of a known service, or is incomplete."""
    _manager()
    try:
        found = Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, NotifyBase):
        raise Refused("the address is none of a service that is known, or it is incomplete")
    found.redirects = False  # whatever its own parameters say
    return found


def check(address: str) -> None:
    """Raises Refused, also when the host that a person has typed lies in a private network."""
    found = service(address)
    if "host" in found.template_tokens and found.host:
        guard.check(str(getattr(found, "smtp_host", "") or found.host))


def takes_pictures(address: str) -> bool:
    return bool(service(address).attachment_support)


def send(address: str, notice: Notice, picture: bytes | None = None) -> None:
    """Raises Undelivered or Refused."""
    found = service(address)
    _thread(found, notice.key)
    one = Apprise(asset=_asset())
    one.add(found)
    with guard.bound():
        result = one.notify(
            body=notice.text,
            title=notice.subject,
            notify_type=_type(notice),
            body_format=NotifyFormat.TEXT,
            attach=[_attachment(picture)] if picture else None,
        )
        if not result:
            raise Undelivered(_why(str(found.service_name), result))


def _thread(found: Any, key: str) -> None:
    """Mails of one incident stand together, and can be told by its key."""
    if found.service_name == "E-Mail":
        found.headers |= {"X-Driftline-Key": key, "References": f"<{key}@driftline.invalid>"}


def _type(notice: Notice) -> NotifyType:
    return NotifyType.INFO if notice.event == "test" else _TYPES.get(notice.severity, NotifyType.FAILURE)


def _attachment(picture: bytes) -> AttachMemory:
    return AttachMemory(picture, name="chart.png", mimetype="image/png")  # type: ignore[no-untyped-call]


def _why(name: str, result: Any) -> str:
    """Of what Apprise logs, a status alone: the rest may repeat the address."""
    attempts = [attempt for told in result.results for attempt in told.attempts]
    if any(attempt.status == AppriseResultStatus.TIMEOUT for attempt in attempts):
        return f"{name} did not answer in time"
    texts = [str(entry.message) for attempt in attempts for entry in attempt]
    statuses = [found[1] for text in texts if (found := re.search(r"\berror=([1-5]\d\d)\b", text))]
    return f"{name} answers with status {statuses[-1]}" if statuses else f"{name} cannot be reached, or did not take it"


@cache
def _manager() -> Any:
    """The process's own; Apprise keeps but one."""
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    manager.enable_only(*SCHEMES)
    return manager


@cache
def _asset() -> AppriseAsset:
    """No files: neither templates that an address names, nor a store of what was sent."""
    asset = AppriseAsset(
        app_id="Driftline",
        app_desc="Driftline",
        app_url="",
        storage_mode=PersistentStoreMode.MEMORY,
        allow_templates=False,
        service_timeout=30.0,
        http_redirects=False,
    )
    asset.pgp_autogen = asset.pem_autogen = False
    return asset
