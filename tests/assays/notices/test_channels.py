"""Each way a message takes, against servers that are real; only the pagers' own addresses are led to this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from assays.incidents.models import ChangeKind
from assays.models import Assay
from assays.notices import channels, pagers, services
from assays.notices.errors import Refused, Undelivered
from assays.notices.models import Delivery, Route
from assays.notices.notice import About, Link, Named, Notice, Severity
from assays.states import State
from tests.assays.notices.conftest import add_route, close, make_incident, send_all, tell
from tests.support.receivers import Mailbox, Receiver

AT = datetime(2026, 6, 23, 14, 5, tzinfo=UTC)
SECRETS = ("hunter2", "sEcReT-header", "TokenA1234", "tok3n-in-path", "0123456789abcdef")
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def notice(event: str = "opened", severity: Severity = "alert") -> Notice:
    about = About(
        id="3f0c",
        kind="drift",
        open=event != "resolved",
        severity=severity,
        sentence="Late flights grew.",
        onset=AT,
        last_bad=AT,
        windows=3,
        assay=Named("1", "delays"),
        field="out.delay",
        pipeline=Named("7", "flights"),
    )
    return Notice(
        id="d1",
        key="3f0c",
        event=event,  # type: ignore[arg-type]
        at=AT,
        severity="ok" if event == "resolved" else severity,
        subject="Alert: drift in out.delay of delays",
        text="Late flights grew.\n\nIncident: https://drift.example.org/alerts/3f0c/",
        incidents=(about,),
        links=(Link("incident", "https://drift.example.org/alerts/3f0c/"), Link("runbook", "https://wiki/run")),
    )


def test_a_mail_carries_the_sentence_and_stands_with_those_of_its_incident(mailbox: Mailbox) -> None:
    for event in ("opened", "resolved"):
        channels.send(mailbox.address, "", notice(event))
    opened, resolved = mailbox.mails
    assert opened["Subject"] == "Alert: drift in out.delay of delays"
    assert opened["To"] == "oncall@example.org"
    assert opened["References"] == resolved["References"] == "<3f0c@driftline.invalid>"
    assert opened["X-Driftline-Key"] == "3f0c"
    body = opened.get_body(("plain", "html"))
    assert body is not None
    assert "Late flights grew." in body.get_content()
    assert "https://drift.example.org/alerts/3f0c/" in body.get_content()


def test_a_mail_takes_a_picture_along(mailbox: Mailbox) -> None:
    assert channels.takes_pictures(mailbox.address)
    channels.send(mailbox.address, "", notice(), b"\x89PNG\r\n\x1a\n and so on")
    [picture] = mailbox.mails[0].iter_attachments()
    assert picture.get_content_type() == "image/png"
    assert picture.get_content() == b"\x89PNG\r\n\x1a\n and so on"


def test_a_mail_that_is_refused_has_not_arrived(mailbox: Mailbox) -> None:
    mailbox.refusal = "554 no thanks"
    with pytest.raises(Undelivered, match="E-Mail cannot be reached, or did not take it"):
        channels.send(mailbox.address, "", notice())


def test_an_apprise_address_of_the_web_is_told_and_its_status_is_known(receiver: Receiver) -> None:
    address = receiver.url.replace("http:", "json:") + "/hook"
    channels.send(address, "", notice())
    assert receiver.calls[0].json["title"] == "Alert: drift in out.delay of delays"
    assert receiver.calls[0].json["type"] == "failure"
    receiver.status = 403
    with pytest.raises(Undelivered, match="JSON answers with status 403"):
        channels.send(address, "", notice())


def test_no_parameter_of_an_address_makes_apprise_follow_a_redirect(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(Undelivered):
        channels.send(receiver.url.replace("http:", "json:") + "/hook?redirect=yes", "", notice())
    assert [call.path for call in receiver.calls] == ["/hook"]


def test_apprise_does_not_reach_into_private_networks(receiver: Receiver, settings: Settings) -> None:
    settings.NOTICE_NETWORKS = []
    with pytest.raises(Refused, match="DRIFTLINE_NOTICE_NETWORKS"):
        channels.send(receiver.url.replace("http:", "json:"), "", notice())
    assert not receiver.calls


@pytest.mark.parametrize("severity", ["alert", "warning", "late"])
def test_pagerduty_opens_and_closes_by_one_key(
    severity: Severity, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagers, "PAGERDUTY", {"us": "http://127.0.0.1:9", "eu": receiver.url})
    for event in ("opened", "worse", "resolved"):
        channels.send("pagerduty://0123456789abcdef@account?region=eu", "", notice(event, severity))
    bodies = [call.json for call in receiver.calls]
    assert {call.path for call in receiver.calls} == {"/v2/enqueue"}
    assert [body["event_action"] for body in bodies] == ["trigger", "trigger", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {"3f0c"}
    assert {body["routing_key"] for body in bodies} == {"0123456789abcdef"}
    payload = bodies[0]["payload"]
    assert payload["severity"] == {"alert": "critical", "warning": "warning"}.get(severity, "error")
    assert (payload["source"], payload["component"], payload["group"]) == ("delays", "out.delay", "flights")
    assert bodies[0]["links"][1] == {"href": "https://wiki/run", "text": "runbook"}


def test_opsgenie_opens_raises_and_closes_by_one_alias(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagers, "OPSGENIE", {"us": receiver.url})
    for event in ("opened", "worse", "resolved"):
        channels.send("opsgenie://01234567-89ab-cdef", "", notice(event))
    assert [(call.method, call.path) for call in receiver.calls] == [
        ("POST", "/v2/alerts"),
        ("POST", "/v2/alerts"),
        ("PUT", "/v2/alerts/3f0c/priority?identifierType=alias"),
        ("POST", "/v2/alerts/3f0c/close?identifierType=alias"),
    ]
    assert {call.headers["Authorization"] for call in receiver.calls} == {"GenieKey 01234567-89ab-cdef"}
    assert (receiver.calls[0].json["alias"], receiver.calls[0].json["priority"]) == ("3f0c", "P2")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:hunter2@hooks.example.org/tok3n-in-path?key=1", "https://hooks.example.org/…"),
        ("mailtos://ada:hunter2@smtp.example.org?to=ops@example.org", "mailtos://smtp.example.org/…"),
        ("slack://TokenA1234/B/C/#drift", "slack://…"),
        (SLACK, "slack://…"),
        ("pagerduty://0123456789abcdef", "pagerduty://…"),
        ("json://ada:hunter2@example.org/?+X-Token=sEcReT-header", "json://…"),
    ],
)
def test_of_an_address_only_what_is_no_secret_is_shown(address: str, shown: str) -> None:
    assert channels.masked(address) == shown


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "none of a service that is known"),
        ("hooks.example.org", "none of a service that is known"),
        ("dbus://", "none of a service that is known"),
        ("syslog://", "none of a service that is known"),
        ("slack://TokenA1234", "none of a service that is known"),
        ("https://", "names no host"),
        ("https://[::1", "cannot be read"),
        ("pagerduty://", "followed by a key"),
        ("pagerduty://0123456789abcdef?region=mars", "us or eu"),
        ("http://10.0.0.1/hook", "10.0.0.1 lies in a private network"),
        ("json://ada:hunter2@localhost/", None),
        ("mailto://ada:hunter2@10.0.0.1?from=a@example.org", "10.0.0.1 lies in a private network"),
        ("mailto://ada:hunter2@example.org?smtp=10.0.0.1&to=a@example.org", "10.0.0.1 lies in a private network"),
    ],
)
def test_an_address_that_leads_nowhere_or_where_it_may_not_is_refused_when_it_is_typed(
    address: str, why: str | None, settings: Settings
) -> None:
    settings.NOTICE_NETWORKS = []
    with pytest.raises(Refused, match=why or "private network") as caught:
        channels.check(address)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


def test_what_slack_and_discord_hand_out_is_told_to_them_and_not_to_a_webhook() -> None:
    assert channels.scheme(SLACK) == "slack"
    assert not channels.is_signed(SLACK)
    assert channels.is_signed("https://hooks.example.org/x")


def test_a_hundred_services_are_known_and_none_of_this_machine_itself() -> None:
    assert len(services.SCHEMES) > 100
    own = {"dbus", "glib", "gnome", "kde", "qt", "macosx", "windows", "syslog", "rsyslog", "growl", "gio", "blink1"}
    assert not own & set(services.SCHEMES)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "mail.log":  # the mail server of the test itself
            self.texts.append(logging.Formatter("%(name)s %(message)s").format(record))


@pytest.fixture
def log() -> Iterator[_Kept]:
    """All that reaches the root logger, at DEBUG, as it would be written without the formatter that hides secrets."""
    root, kept = logging.getLogger(), _Kept()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [200, 403, 500])
def test_no_secret_of_an_address_reaches_a_log_a_page_or_an_error(
    status: int,
    assay: Assay,
    receiver: Receiver,
    mailbox: Mailbox,
    log: _Kept,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pagers, "PAGERDUTY", {"us": receiver.url})
    host = receiver.url.removeprefix("http://")
    receiver.status, mailbox.refusal = status, "" if status == 200 else "535 ada:hunter2 is not known"
    for number, address in enumerate(
        [
            f"http://ada:hunter2@{host}/tok3n-in-path",
            f"json://ada:hunter2@{host}/tok3n-in-path?+X-Token=sEcReT-header",
            f"form://ada:hunter2@{host}/?+X-Token=sEcReT-header&:TokenA1234=1",
            "json://ada:hunter2@127.0.0.1:9/?+X-Token=sEcReT-header",
            mailbox.address.replace("mailto://", "mailto://ada:hunter2@"),
            "pagerduty://0123456789abcdef",
        ]
    ):
        add_route(address, f"route {number}")
    incident = make_incident(assay, severity=State.ALERT)
    tell(incident)
    send_all()
    tell(incident, ChangeKind.WORSE)
    close(incident)
    send_all()
    shown = [*Route.objects.values_list("name", "shown", "last_error"), *Delivery.objects.values_list("last_error")]
    assert bool(mailbox.mails) == (status == 200)
    everything = "\n".join([*log.texts, *capfd.readouterr(), *map(str, shown)])
    assert receiver.calls
    assert "takes no message" in everything, "the route to port 9 fails, and says so"
    assert not [secret for secret in SECRETS if secret in everything]
