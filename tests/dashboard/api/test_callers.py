"""Who may call: tokens good, expired, revoked and malformed; sessions with and without the CSRF token; the ceiling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from assays.models import Assay
from dashboard import tokens
from dashboard.api.urls import OPERATIONS
from dashboard.models import ApiToken
from dashboard.roles import Role
from tests.dashboard.api.conftest import LIST, PREVIEW, SCHEDULE, SCORE, SET_ACTIVE, Grant, Program, said
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db(transaction=True)

ALL = {"active": "All"}
CHANGING = [SET_ACTIVE, SCHEDULE, PREVIEW, SCORE]


def signed_in(*groups: str) -> Program:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(person("vera", *groups))
    return Program(browser=browser)


@pytest.mark.parametrize("path", [path for path, each in OPERATIONS.items() if each.method == "POST"])
def test_every_call_needs_to_know_who_asks(db: None, path: str) -> None:
    answer = Program().post(path, {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert said(answer)["field"] == "Authorization"


@pytest.mark.parametrize("text", ["drift_", "drift_wrong", "'; DROP TABLE", "\udcff", "x" * 7000])
def test_malformed_tokens_are_not_known(db: None, text: str) -> None:
    assert said(Program(text).post(LIST, ALL))["error"] == "the token is not known"


@pytest.mark.parametrize("authorization", ["Basic YWRhOnB3", "bearer", "Token drift_x", "Bearer"])
def test_other_kinds_of_authorization_are_refused(db: None, authorization: str) -> None:
    assert Program().post(LIST, ALL, Authorization=authorization).status_code == 401


def test_a_wrong_token_is_not_saved_by_a_session(db: None) -> None:
    program = signed_in("viewer")
    assert program.post(LIST, ALL, Authorization="Bearer drift_wrong").status_code == 401


def test_an_expired_token_says_so(db: None) -> None:
    _, text = tokens.make("old", Role.VIEWER, expires_at=timezone.now() - timedelta(seconds=1))
    assert said(Program(text).post(LIST, ALL))["error"] == "the token has expired"


def test_a_revoked_token_says_so_at_once(db: None) -> None:
    row, text = tokens.make("lost", Role.VIEWER)
    assert Program(text).post(LIST, ALL).status_code != 401
    tokens.revoke(row)
    assert said(Program(text).post(LIST, ALL))["error"] == "the token has been revoked"


def test_a_token_is_kept_nowhere(db: None) -> None:
    row, text = tokens.make("report", Role.VIEWER)
    kept = " ".join(map(str, ApiToken.objects.values_list().get()))
    assert text not in kept
    assert text[len(row.prefix) :] not in kept


def test_a_use_is_noted(db: None) -> None:
    row, text = tokens.make("report", Role.VIEWER)
    Program(text).post(LIST, ALL)
    row.refresh_from_db()
    assert row.last_used_at
    assert timezone.now() - row.last_used_at < timedelta(seconds=30)


@pytest.mark.parametrize("path", CHANGING)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
def test_readers_change_nothing(grant: Grant, path: str, role: Role) -> None:
    answer = grant(role).post(path, {"assay_id": "x", "active": True})
    assert (answer.status_code, said(answer)["error"]) == (403, "this needs the role operator")


def test_an_account_in_no_group_sees_nothing(db: None) -> None:
    assert signed_in().post(LIST, ALL).status_code == 403


def test_a_session_reads_without_the_csrf_token(filled: Assay) -> None:
    assert signed_in("viewer").post(LIST, ALL).status_code == 200


@pytest.mark.parametrize("path", CHANGING)
def test_a_session_changes_nothing_without_the_csrf_token(db: None, path: str) -> None:
    answer = signed_in("operator").post(path, {"assay_id": "x", "active": True})
    assert (answer.status_code, said(answer)["field"]) == (403, "X-CSRFToken")


def test_a_form_of_another_site_changes_nothing(db: None, filled: Assay) -> None:
    program = signed_in("operator")
    body = {"assay_id": str(filled.pk), "active": "false"}
    assert program.browser.post(SET_ACTIVE, body).status_code == 403
    assert program.browser.post(SET_ACTIVE, f"{body}", content_type="text/plain").status_code == 403


def test_a_session_with_the_csrf_token_switches(filled: Assay, served: Any) -> None:
    program = signed_in("operator")
    program.browser.cookies["csrftoken"] = secret = "a" * 32
    body = {"assay_id": str(filled.pk), "active": False}
    assert program.post(SET_ACTIVE, body, **{"X-CSRFToken": secret}).status_code == 200
    assert served.assays[str(filled.pk)]["active"] is False


def test_beyond_the_ceiling_a_caller_is_told_when_to_come_back(grant: Grant, filled: Assay, settings: Settings) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    program, other = grant(), grant()
    statuses = [program.post(LIST, ALL).status_code for _ in range(8)]
    assert statuses.count(429) >= 2
    last = program.post(LIST, ALL)
    if last.status_code == 429:
        assert 1 <= int(last.headers["Retry-After"]) <= 60
    assert other.post(LIST, ALL).status_code == 200


def test_a_new_token_stands_alone_on_standard_output(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("token", "create", "report", "--role", "operator", "--workspace", "3", "--days", "7")
    text = capsys.readouterr().out.strip()
    row = tokens.use(text)
    assert (row.name, row.role, row.workspaces) == ("report", "operator", [3])
    assert row.expires_at
    assert row.expires_at < timezone.now() + timedelta(days=7, minutes=1)


def test_tokens_are_listed_and_revoked_by_what_is_shown_of_them(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    row, text = tokens.make("report", Role.VIEWER)
    call_command("token", "list")
    shown = capsys.readouterr().out
    assert row.prefix in shown
    assert text not in shown
    call_command("token", "revoke", row.prefix)
    with pytest.raises(tokens.Unusable, match="revoked"):
        tokens.use(text)
    with pytest.raises(CommandError, match="No token"):
        call_command("token", "revoke", row.prefix)


@pytest.mark.parametrize("path", ["/v2/api/assays/nothing", "/v1/graphql", "/v1/api/workspaces/list"])
def test_paths_that_are_not_there_are_refused_in_json(db: None, path: str) -> None:
    answer = Program().post(path, {})
    assert (answer.status_code, said(answer)["error"]) == (404, "there is no such path")


def test_only_the_documented_method_is_answered(db: None) -> None:
    answer = Program().get(LIST)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
