"""Groups by command."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from assays.models import AuditEvent
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def test_a_group_is_made_given_roles_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("group", "create", "flights")
    call_command("group", "grant", "flights", "operator", "--workspace", "7")
    call_command("group", "grant", "flights", "viewer")
    person("vera", "flights")
    call_command("group", "list")
    assert "flights\toperator in workspace 7, viewer everywhere\t1 in it\n" in capsys.readouterr().out
    call_command("group", "revoke", "flights", "--workspace", "7")
    call_command("group", "delete", "flights")
    assert not Group.objects.filter(name="flights").exists()
    told = AuditEvent.objects.order_by("id").values_list("act", "who", "about")
    assert list(told) == [
        (act, "command group", "flights")
        for act in ("group.create", "grant.give", "grant.give", "grant.take", "group.delete")
    ]


@pytest.mark.parametrize("step", ["revoke", "delete"])
def test_no_group_is_an_error(step: str) -> None:
    with pytest.raises(CommandError, match="There is no group trains"):
        call_command("group", step, "trains")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create", "viewer"], "already"),
        (["delete", "viewer"], "stands ready"),
        (["revoke", "viewer", "--workspace", "3"], "no role in workspace 3"),
        (["grant", "viewer", "admin", "--workspace", "3"], "all workspaces"),
    ],
)
def test_a_refusal_is_an_error(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("group", *arguments)
