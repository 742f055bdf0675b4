"""The API's document: every call is in it, every answer is as it says, and its page needs nobody else's files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import Resolver404, resolve
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from assays.models import Assay
from dashboard import tokens
from dashboard.api.urls import OPERATIONS
from dashboard.roles import Role
from tests.dashboard.api.conftest import BINNING, PREVIEW, SCHEDULE, SCORE, Program, content, said
from tests.support.upstream import Upstream, as_json

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_every_call_is_in_the_document(db: None) -> None:
    document = said(Program().get("/v1/api/openapi.json"))
    assert {path: set(calls) for path, calls in document["paths"].items()} == {
        path: {each.method.lower()} for path, each in OPERATIONS.items()
    }
    assert all(call["summary"] for calls in document["paths"].values() for call in calls.values())


@pytest.mark.parametrize("path", OPERATIONS)
def test_every_call_of_the_document_is_answered(path: str) -> None:
    try:
        assert resolve(path).func is OPERATIONS[path]
    except Resolver404:
        pytest.fail(f"{path} leads nowhere")


def test_the_page_is_of_our_own_files_and_without_inline_script(db: None) -> None:
    answer = Program().get("/v1/api/docs")
    page = content(answer).decode()
    assert answer.status_code == 200
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(files) == 4
    assert all(finders.find(file) for file in files)
    assert not re.findall(r"<script(?![^>]*src=)|https?://", page)


def test_the_vendors_client_finds_a_configuration_without_a_token(db: None) -> None:
    assert said(Program().get("/v1/api/config")) == {"name": "Driftline"}


@pytest.mark.slow
def test_no_call_fails_or_answers_what_is_not_documented(
    filled: Assay, served: Upstream, live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    answers = {SCHEDULE: str(filled.pk), PREVIEW: [], BINNING: {}, SCORE: {"out.score": 0.1}}
    served.misbehave.append(lambda path, _: as_json(answers[path]) if path in answers else None)
    settings.API_CALLS_PER_MINUTE = 1_000_000
    _, token = tokens.make("schemathesis", Role.OPERATOR)
    command = [sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "run"]
    options = ["--max-examples", "12", "--checks", CHECKS, "--seed", "1", "--no-color", "--continue-on-failure"]
    headers = ["--header", f"Authorization: Bearer {token}", "--generation-database", "none"]
    done = subprocess.run(
        [*command, f"{live_server.url}/v1/api/openapi.json", *options, *headers],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
