"""People by command: a link alone on standard output, everything audited, and exit codes that scripts can trust."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from assays.models import AuditEvent
from dashboard.access import Access, of_person
from dashboard.roles import Role
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]


def acts() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("act", "who"))


def test_creating_prints_a_link_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("person", "create", "vera", "--role", "operator", "--workspace", "7", "--base", "https://m.example/")
    out = capsys.readouterr().out
    assert out.startswith("https://m.example/password/")
    assert out.count("\n") == 1
    assert Browser().get(out.strip().removeprefix("https://m.example")).status_code == 302
    assert of_person(User.objects.get(username="vera")) == Access(places={7: Role.OPERATOR})
    assert {who for _, who in acts()} == {"command person"}


def test_another_link_can_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    person("vera")
    call_command("person", "password-link", "vera", "--base", "http://x")
    assert capsys.readouterr().out.startswith("http://x/password/")


def test_roles_come_and_go() -> None:
    vera = person("vera")
    call_command("person", "grant", "vera", "admin")
    call_command("person", "grant", "vera", "viewer", "--workspace", "7")
    assert of_person(User.objects.get(pk=vera.pk)) == Access(Role.ADMIN, {7: Role.VIEWER})
    call_command("person", "revoke", "vera", "--workspace", "7")
    with pytest.raises(CommandError, match="no role in workspace 7"):
        call_command("person", "revoke", "vera", "--workspace", "7")
    with pytest.raises(CommandError, match="Nobody would be left"):
        call_command("person", "revoke", "vera")


def test_an_account_is_closed_and_opened_and_signed_out() -> None:
    vera, browser = person("vera", "viewer"), Browser()
    for step in ("sign-out", "deactivate", "reactivate"):
        browser.force_login(vera)
        call_command("person", step, "vera")
        assert User.objects.get(username="vera").is_active == (step != "deactivate")
    assert [act for act, _ in acts()] == ["person.sign_out", "person.deactivate", "person.reactivate"]


def test_a_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    vera = person("vera", "viewer")
    vera.groups.add(Group.objects.get(name="operator"))
    call_command("person", "list")
    assert capsys.readouterr().out == (
        "vera\toperator everywhere (by group operator), viewer everywhere (by group viewer)\tlocal\tactive\t"
        "last sign-in never\n"
    )


@pytest.mark.parametrize("step", ["deactivate", "reactivate", "password-link", "sign-out", "revoke"])
def test_nobody_is_an_error(step: str) -> None:
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("person", step, "nobody")


def test_a_refusal_is_an_error_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    person("vera")
    with pytest.raises(CommandError, match="already"):
        call_command("person", "create", "vera")
    assert capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "code"), [(["revoke", "nobody"], 1), (["grant", "nobody", "owner"], 2)])
def test_a_failure_says_so_on_standard_error_alone(tmp_path: Path, arguments: list[str], code: int) -> None:
    environment = {"PATH": "/usr/bin:/bin", "DRIFTLINE_VAR": str(tmp_path)}
    run = (sys.executable, "manage.py")
    subprocess.run([*run, "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
    done = subprocess.run(
        [*run, "person", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
