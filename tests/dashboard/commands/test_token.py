"""Tokens by command: one stands alone on standard output."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assays.models import AuditEvent
from dashboard import tokens
from dashboard.models import ApiToken
from dashboard.roles import Role
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("token", "create", "report", *arguments)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return out.strip()


def test_a_token_is_printed_alone_and_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    row = tokens.use(made(capsys, "--role", "operator", "--workspace", "7", "--days", "3"))
    assert (row.role, row.workspaces, row.owner) == ("operator", [7], None)
    assert row.expires_at is not None
    assert row.expires_at - timezone.now() < timedelta(days=3)
    assert AuditEvent.objects.get().who == "command token"


def test_a_token_can_belong_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    vera = person("vera", "viewer")
    assert tokens.use(made(capsys, "--owner", "vera")).owner == vera
    with pytest.raises(CommandError, match="There is no account bo"):
        call_command("token", "create", "report", "--owner", "bo")


def test_a_list_shows_nothing_secret(capsys: pytest.CaptureFixture[str]) -> None:
    text = made(capsys, "--workspace", "7")
    call_command("token", "list")
    out = capsys.readouterr().out
    assert text not in out
    assert "report\ta service\tviewer\tworkspaces 7\texpires never" in out


def test_revoking_ends_it_at_once_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = made(capsys)
    call_command("token", "revoke", text[: tokens.SHOWN])
    with pytest.raises(tokens.Unusable, match="revoked"):
        tokens.use(text)
    with pytest.raises(CommandError, match="No token"):
        call_command("token", "revoke", text)
    assert AuditEvent.objects.filter(act="token.revoke", who="command token").count() == 1


@pytest.mark.parametrize("days", ["0", "-1", "99999999"])
def test_no_days_and_days_beyond_all_calendars_make_no_token(days: str) -> None:
    with pytest.raises(CommandError, match="--days"):
        call_command("token", "create", "report", "--days", days)
    with pytest.raises(CommandError, match="--workspace"):
        call_command("token", "create", "report", "--workspace", str(2**63))
    with pytest.raises(CommandError, match="needs a name"):
        call_command("token", "create", " ")
    assert not ApiToken.objects.exists()


def test_a_name_makes_no_line_and_no_column_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    tokens.make("report\ta service\tadmin\ndrift_\x1b[2J", Role.VIEWER)
    call_command("token", "list")
    assert [len(line.split("\t")) for line in capsys.readouterr().out.splitlines()] == [7]
