"""Mails to a real server: what is in them, that each is sent once, and what becomes of those that are not taken."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from assays.states import State
from dashboard.models import Grant
from dashboard.reports import post, schedules, sending, shares, tasks
from dashboard.reports.models import Form, Mail, Outcome, Schedule, Share
from tests.dashboard.history.conftest import DAY, HOUR, Watch
from tests.dashboard.reports.conftest import MONDAY, Begin, reader
from tests.support.receivers import Mailbox

EIGHT = MONDAY + 8 * HOUR


def killed(*_: Any) -> None:
    raise SystemExit


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found
    return str(found.get_content())


def test_the_verdict_is_the_subject_and_the_first_line(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    begin()
    sending.run(EIGHT)
    [mail] = mailbox.mails
    verdict = "A worse seven days: 75\u202f% of windows were Ok, down from 100\u202f%"
    assert mail["Subject"] == verdict
    assert part(mail, "plain").splitlines()[0] == verdict
    assert f">{verdict}</h1>" in part(mail, "html")


def test_plain_text_says_as_much(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    begin()
    sending.run(EIGHT)
    text = part(mailbox.mails[0], "plain")
    for told in ("8 Jun – 14 Jun 2026", "quagga: 7\u202fd in drift", "out.score: 7 assay days", "was 100\u202f%"):
        assert told in text
        assert told.split(":")[0] in part(mailbox.mails[0], "html")
    assert "https://drift.example.org/history/?from=2026-06-08&to=2026-06-14&tz=UTC" in text


def test_calendar_and_chart_stand_in_the_mail_as_pictures(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    begin()
    sending.run(EIGHT)
    mail = mailbox.mails[0]
    pictures = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert [one["Content-ID"] for one in pictures] == ["<calendar@driftline>", "<shares@driftline>"]
    for one in pictures:
        assert one.get_content_disposition() == "inline"
        assert one.get_content().startswith(b"\x89PNG")
        assert f'src="cid:{one["Content-ID"].strip("<>")}"' in part(mail, "html")
    assert "https://" not in "".join(
        line for line in part(mail, "html").splitlines() if "<img" in line and 'src="http' in line
    )


def test_its_headers_let_mail_programs_stop_it_with_one_click(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    row = begin()
    sending.run(EIGHT)
    mail = mailbox.mails[0]
    assert mail["List-Unsubscribe"] == f"<{schedules.address_of(row, 'stop')}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "rita@example.org"
    assert mail["From"] == "Driftline <driftline@example.org>"


def test_an_empty_week_says_so_without_pictures(mailbox: Mailbox, begin: Begin) -> None:
    begin()
    sending.run(EIGHT)
    mail = mailbox.mails[0]
    assert mail["Subject"] == "No window ended in these seven days"
    assert [one.get_content_type() for one in mail.walk()].count("image/png") == 0
    assert "Nothing was to be measured" in part(mail, "html")


def test_a_mail_is_sent_once_however_often_the_worker_looks(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    begin()
    for minutes in (0, 1, 60, 24 * 60, 6 * 24 * 60):
        sending.run(EIGHT + timedelta(minutes=minutes))
    assert len(mailbox.mails) == 1
    sending.run(EIGHT + timedelta(days=7))
    assert len(mailbox.mails) == 2
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 2


def test_nothing_is_due_before_the_hour_nor_for_weeks_before_it_began(mailbox: Mailbox, begin: Begin) -> None:
    begin(since=MONDAY)
    sending.run(EIGHT - timedelta(minutes=1))
    assert not mailbox.mails
    sending.run(EIGHT)
    assert len(mailbox.mails) == 1


def test_of_weeks_that_were_missed_only_the_last_is_told(mailbox: Mailbox, begin: Begin) -> None:
    begin(since=MONDAY - 60 * DAY)
    sending.run(EIGHT + 20 * DAY)
    assert [mail.period for mail in Mail.objects.all()] == [(MONDAY + 14 * DAY).date()]
    assert len(mailbox.mails) == 1


def test_what_the_server_refuses_is_tried_again_with_the_same_id(mailbox: Mailbox, weeks: None, begin: Begin) -> None:
    begin()
    mailbox.refusal = "451 try again later"
    [row] = sending.run(EIGHT)
    assert (row.outcome, row.tries) == (Outcome.WAITING, 1)
    assert "451 try again later" in row.last_error
    first = row.message_id
    mailbox.refusal = ""
    row.refresh_from_db()
    assert row.due_at > datetime.now(UTC)
    sending.send(row)
    row.refresh_from_db()
    assert (row.outcome, row.tries, row.last_error) == (Outcome.SENT, 2, "")
    assert [mail["Message-ID"] for mail in mailbox.mails] == [f"<{first}@example.org>"]


def test_a_server_that_is_not_there_is_tried_again(settings: Settings, weeks: None, begin: Begin) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    begin()
    [row] = sending.run(EIGHT)
    assert row.outcome == Outcome.WAITING
    assert "cannot be reached" in row.last_error
    assert Mail.objects.get().due_at > datetime.now(UTC)


def test_it_is_given_up_after_a_day(settings: Settings, begin: Begin) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    row = begin().mails.create(created_at=EIGHT, due_at=EIGHT, tries=sending.MOST_TRIES - 1, period=MONDAY.date())
    sending.send(row)
    row.refresh_from_db()
    assert row.outcome == Outcome.FAILED


def test_a_worker_that_ends_before_the_answer_leaves_a_mail_that_is_not_sent_again(
    mailbox: Mailbox, weeks: None, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    settle = sending._settle
    monkeypatch.setattr(sending, "_settle", killed)
    with pytest.raises(SystemExit):
        sending.run(EIGHT)
    monkeypatch.setattr(sending, "_settle", settle)
    for hours in range(48):
        sending.run(EIGHT + timedelta(hours=hours))
    assert len(mailbox.mails) == 1
    assert Mail.objects.get().outcome == Outcome.HANDED


def test_a_worker_that_ends_before_handing_over_has_its_mail_sent_by_the_next(
    mailbox: Mailbox, weeks: None, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    with monkeypatch.context() as patch:
        patch.setattr(post, "sender", killed)
        with pytest.raises(SystemExit):
            sending.run(EIGHT)
    sending.run(EIGHT + timedelta(minutes=1))
    assert not mailbox.mails  # the lease of the first still holds
    Mail.objects.update(due_at=EIGHT)
    sending.run(EIGHT + timedelta(minutes=2))
    assert len(mailbox.mails) == 1


def test_who_lost_a_workspace_hears_nothing_more_of_it(mailbox: Mailbox, watch: Watch, begin: Begin) -> None:
    for number, name in ((1, "mine"), (2, "theirs")):
        watch({MONDAY - DAY: State.ALERT}, number, name=name, workspace_id=number)
    person = reader(workspace=1)
    begin(person)
    sending.run(EIGHT)
    assert "mine" in part(mailbox.mails[0], "plain")
    assert "theirs" not in part(mailbox.mails[0], "plain")
    Grant.objects.filter(person=person).update(workspace_id=2)
    sending.run(EIGHT + 7 * DAY)
    assert "mine" not in part(mailbox.mails[1], "plain")


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_account_or_one_without_a_role_gets_nothing(mailbox: Mailbox, begin: Begin, closed: bool) -> None:
    row = begin()
    if closed:
        row.person.is_active = False
        row.person.save()
    else:
        row.person.grants.all().delete()
    [mail] = sending.run(EIGHT)
    assert (mail.outcome, mailbox.mails) == (Outcome.SKIPPED, [])


def test_an_unconfirmed_or_stopped_schedule_sends_nothing(mailbox: Mailbox, begin: Begin) -> None:
    begin(confirmed_at=None)
    begin(reader("bo"), stopped_at=MONDAY)
    assert sending.run(EIGHT) == []
    assert not mailbox.mails


def test_a_schedule_of_one_pipeline_tells_of_that_alone(mailbox: Mailbox, watch: Watch, begin: Begin) -> None:
    for number, name in ((1, "one"), (2, "other")):
        watch({MONDAY - DAY: State.ALERT}, number, name=f"assay {name}", pipeline_id=number)
    begin(query={"pipeline": "2"})
    sending.run(EIGHT)
    text = part(mailbox.mails[0], "plain")
    assert "assay other" in text
    assert "assay one" not in text
    assert "pipeline=2" in text


def test_days_are_the_readers(mailbox: Mailbox, watch: Watch, begin: Begin) -> None:
    watch({MONDAY - 4 * HOUR: State.ALERT}, name="late on Sunday")  # already Monday in Kolkata
    begin(zone="Asia/Kolkata", hour=23)
    begin(reader("bo"), address="bo@example.org", hour=17)
    sending.run(MONDAY + 18 * HOUR)
    texts = {mail["To"]: part(mail, "plain") for mail in mailbox.mails}
    assert "late on Sunday" not in texts["rita@example.org"]
    assert "late on Sunday" in texts["bo@example.org"]
    assert "UTC+05:30" in texts["rita@example.org"] or "IST" in texts["rita@example.org"]


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_sends(mailbox: Mailbox, begin: Begin) -> None:
    begin()
    gate = threading.Barrier(2)

    def work() -> None:
        gate.wait()
        sending.run(EIGHT)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(mailbox.mails) == 1
    assert Mail.objects.count() == 1


def test_no_password_goes_out_in_clear_nor_into_an_error(settings: Settings, begin: Begin) -> None:
    row = begin()
    settings.MAIL_URL = "smtp://driftline:s3cr3t@198.51.100.7.invalid"
    [mail] = sending.run(EIGHT)
    assert "s3cr3t" not in mail.last_error
    assert "driftline:" not in mail.last_error
    assert row.mails.count() == 1


def test_what_ended_long_ago_is_forgotten_and_what_goes_on_is_kept(begin: Begin) -> None:
    row = begin()
    begin(reader("bo"), stopped_at=MONDAY)
    for number, outcome in enumerate(Outcome.values):
        row.mails.create(period=MONDAY.date() - number * DAY, created_at=MONDAY, due_at=MONDAY, outcome=outcome)
    shares.make(row.person, "board", Form.PAGE, 30, {}, "UTC", [1])
    sending.forget(MONDAY + timedelta(seconds=1))
    assert list(Schedule.objects.all()) == [row]
    assert [mail.outcome for mail in Mail.objects.all()] == [Outcome.WAITING]
    assert Share.objects.count() == 1
    Share.objects.update(expires_at=MONDAY)
    sending.forget(MONDAY + timedelta(seconds=1))
    assert not Share.objects.exists()


def test_the_workers_task_sends_what_is_due(mailbox: Mailbox, begin: Begin) -> None:
    begin(since=datetime.now(UTC) - timedelta(days=8))
    tasks.send_reports()
    tasks.send_reports()
    assert len(mailbox.mails) == 1
    tasks.forget_reports()
    assert Mail.objects.count() == 1
