"""`manage.py report`."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from assays.models import AuditEvent
from dashboard.reports.models import Mail, Schedule
from tests.dashboard.history.conftest import watch  # noqa: F401
from tests.dashboard.reports.conftest import Begin, begin, mailbox, weeks  # noqa: F401
from tests.support.receivers import Mailbox


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    call_command("report", *map(str, arguments))
    return capsys.readouterr().out


def test_it_lists_who_gets_what(capsys: pytest.CaptureFixture[str], begin: Begin) -> None:  # noqa: F811
    row = begin()
    line = f"{row.pk}\trita\trita@example.org\tevery Monday at 08:00, UTC\truns\tnothing sent yet\n"
    assert said(capsys, "list") == line


def test_it_sends_one_at_once_and_what_is_due(
    capsys: pytest.CaptureFixture[str],
    mailbox: Mailbox,  # noqa: F811
    begin: Begin,  # noqa: F811
) -> None:
    row = begin()
    assert said(capsys, "now", row.pk).startswith("sent 20")
    assert AuditEvent.objects.get().who == "command report"
    assert said(capsys, "due").startswith("sent 20")
    assert said(capsys, "due") == ""
    assert len(mailbox.mails) == 2


def test_what_is_not_taken_ends_in_an_error(mailbox: Mailbox, begin: Begin) -> None:  # noqa: F811
    mailbox.refusal = "550 no such user"
    with pytest.raises(CommandError, match="550 no such user"):
        call_command("report", "now", str(begin().pk))


def test_it_writes_a_mail_into_a_file_and_sends_nothing(
    tmp_path: Path,
    mailbox: Mailbox,  # noqa: F811
    begin: Begin,  # noqa: F811
) -> None:
    call_command("report", "show", str(begin().pk), str(tmp_path / "mail.eml"))
    written = message_from_bytes((tmp_path / "mail.eml").read_bytes(), policy=policy.default)
    assert written["Subject"] == "No window ended in these seven days"
    assert not mailbox.mails
    assert not Mail.objects.exists()


def test_it_stops_one_and_knows_no_other(begin: Begin) -> None:  # noqa: F811
    row = begin()
    call_command("report", "stop", str(row.pk))
    assert Schedule.objects.get().stopped_at <= datetime.now(UTC)
    for unknown in (row.pk, uuid4()):
        with pytest.raises(CommandError, match="No schedule that still runs"):
            call_command("report", "stop", str(unknown))
