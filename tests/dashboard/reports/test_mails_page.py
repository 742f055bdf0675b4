"""The page of mails, and the links in them that need no sign-in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from assays.models import AuditEvent
from dashboard.reports import schedules
from dashboard.reports.models import Mail, Outcome, Schedule
from tests.dashboard.reports.conftest import MONDAY, Begin, reader
from tests.support.receivers import Mailbox

ASKED = {"address": "rita@example.org", "day": "weekly-3", "hour": "7", "zone": "Europe/Berlin"}


@pytest.fixture
def rita(client: Client, db: None) -> Client:
    client.force_login(reader())
    return client


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_reader_begins_a_mail_of_what_the_history_shows(rita: Client, mailbox: Mailbox) -> None:
    assert rita.post("/history/mail/?pipeline=7&owner=ada&range=30d&x=y", ASKED).status_code == 302
    row = Schedule.objects.get()
    assert (row.person.username, row.rhythm, row.day, row.hour, row.zone) == ("rita", "weekly", 3, 7, "Europe/Berlin")
    assert row.query == {"pipeline": "7", "owner": "ada"}
    assert "every Thursday at 07:00, Europe/Berlin" in text_of(rita.get("/history/mail/"))


def test_a_typed_address_is_asked_first(rita: Client, mailbox: Mailbox) -> None:
    rita.post("/history/mail/", ASKED)
    [mail] = mailbox.mails
    assert mail["To"] == "rita@example.org"
    row = Schedule.objects.get()
    assert row.confirmed_at is None
    link = re.search(r"https://drift\.example\.org(/mail/\S+)", mail.get_content())
    assert link
    stranger = Client()
    assert "Get the history by mail?" in text_of(stranger.get(link[1]))
    assert Schedule.objects.get().confirmed_at is None
    assert "Confirmed" in text_of(stranger.post(link[1]))
    assert Schedule.objects.get().confirmed_at is not None


def test_the_address_that_single_sign_on_gave_is_asked_nothing(client: Client, db: None, mailbox: Mailbox) -> None:
    person = reader(email="rita@example.org")
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    client.post("/history/mail/", ASKED)
    assert Schedule.objects.get().confirmed_at is not None
    assert not mailbox.mails


def test_a_link_stops_a_mail_without_a_sign_in(mailbox: Mailbox, begin: Begin) -> None:
    row = begin()
    link = schedules.address_of(row, "stop").removeprefix("https://drift.example.org")
    stranger = Client(enforce_csrf_checks=True)
    assert "Stop this mail?" in text_of(stranger.get(link))
    row.refresh_from_db()
    assert row.stopped_at is None
    answer = stranger.post(link, {"List-Unsubscribe": "One-Click"})
    assert "This mail is stopped" in text_of(answer)
    assert answer["Referrer-Policy"] == "no-referrer"
    row.refresh_from_db()
    assert row.stopped_at is not None
    assert AuditEvent.objects.get().act == "report.stop"
    assert "This mail is stopped" in text_of(stranger.post(link))
    assert AuditEvent.objects.count() == 1


def test_what_waits_is_not_sent_after_a_stop(mailbox: Mailbox, begin: Begin) -> None:
    row = begin()
    row.mails.create(period=MONDAY.date(), created_at=MONDAY, due_at=MONDAY)
    schedules.stop(row, "test")
    assert Mail.objects.get().outcome == Outcome.SKIPPED


@pytest.mark.parametrize("purpose", ["stop", "confirm"])
def test_a_forged_link_or_one_of_another_purpose_does_nothing(begin: Begin, purpose: Any) -> None:
    row = begin(confirmed_at=None)
    other = "confirm" if purpose == "stop" else "stop"
    token = schedules.address_of(row, other).rsplit("/", 3)[-3]
    for forged in (token, str(row.pk), "x", "x:y"):
        assert Client().post(f"/mail/{forged}/{purpose}/").status_code == 404
    row.refresh_from_db()
    assert (row.stopped_at, row.confirmed_at) == (None, None)


def test_one_now_is_sent_at_once_and_not_again_within_a_minute(rita: Client, mailbox: Mailbox, begin: Begin) -> None:
    row = begin(User.objects.get(username="rita"))
    said = text_of(rita.post(f"/history/mail/{row.pk}/now/", follow=True))
    assert "Sent to rita@example.org: No window ended in these seven days" in said
    assert "less than a minute ago" in text_of(rita.post(f"/history/mail/{row.pk}/now/", follow=True))
    assert len(mailbox.mails) == 1


def test_a_refusal_is_said_and_not_tried_again(rita: Client, mailbox: Mailbox, begin: Begin) -> None:
    row = begin(User.objects.get(username="rita"))
    mailbox.refusal = "550 no such user"
    said = text_of(rita.post(f"/history/mail/{row.pk}/now/", follow=True))
    assert "Not sent: the mail server answers 550 no such user." in said
    assert Mail.objects.get().outcome == Outcome.FAILED


def test_nobody_stops_or_sends_the_mail_of_another(rita: Client, mailbox: Mailbox, begin: Begin) -> None:
    row = begin(reader("bo"))
    for act in ("now", "stop"):
        assert rita.post(f"/history/mail/{row.pk}/{act}/").status_code == 404
    assert "rita@example.org" not in text_of(rita.get("/history/mail/"))


def test_without_a_mail_server_the_page_says_what_to_set(rita: Client, settings: Settings) -> None:
    settings.MAIL_URL = ""
    said = text_of(rita.get("/history/mail/"))
    assert "DRIFTLINE_MAIL_URL" in said
    assert "Begin</button>" not in said
    assert rita.post("/history/mail/", ASKED).status_code == 200
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Mars/Base"}, "No zone has this name"),
        ({"address": "rita"}, "valid email address"),
        ({"address": "a@b.org\nBcc: c@d.org"}, "valid email address"),
        ({"hour": "24"}, "not one of the available choices"),
        ({"day": "monthly-31"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_with_the_form_is_said(rita: Client, mailbox: Mailbox, wrong: dict[str, str], said: str) -> None:
    assert said in text_of(rita.post("/history/mail/", ASKED | wrong))
    assert not Schedule.objects.exists()


def test_nobody_floods_a_strangers_mailbox(rita: Client, mailbox: Mailbox) -> None:
    for _ in range(schedules.MOST_A_DAY + 5):
        rita.post("/history/mail/", ASKED)
        if row := Schedule.objects.filter(stopped_at=None).first():
            schedules.stop(row, "test")
    assert len(mailbox.mails) == schedules.MOST_A_DAY


def test_a_mail_server_that_is_away_does_not_lose_the_schedule(rita: Client, settings: Settings) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    said = text_of(rita.post("/history/mail/", ASKED, follow=True))
    assert "could not be sent: the mail server cannot be reached" in said
    assert "Ask again" in said
