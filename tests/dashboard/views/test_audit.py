"""The audit trail's page and its export."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client as Browser

from assays import audit
from assays.models import AuditEvent
from tests.dashboard.conftest import Fill, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Browser:
    browser = Browser()
    browser.force_login(person("root", "admin"))
    return browser


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/audit/events.csv{query}")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


def page(browser: Browser, query: str = "") -> str:
    return browser.get(f"/audit/{query}").content.decode()


def test_an_event_reads_in_words(admin: Browser, fill: Fill) -> None:
    fill([0.1])
    audit.record("grant.give", "ada", about="vera", workspace_id=1, detail={"role": "viewer", "before": None})
    text = page(admin)
    for words in ("gave a role", "vera", '<span class="t3">role</span> viewer', "ada"):
        assert words in text
    assert "before" not in text.split("trail")[-1].split("</table>")[0]


def test_without_events_the_page_says_so(admin: Browser) -> None:
    assert "Nothing has been changed yet." in page(admin)
    assert "No event matches." in page(admin, "?who=nobody")


def test_a_viewer_sees_neither_people_nor_other_workspaces(viewer: Browser, admin: Browser) -> None:
    audit.record("session.sign_in", "ada-the-secret")
    audit.record("assay.switch", "bo", workspace_id=1, about="an assay")
    assert "ada-the-secret" in page(admin)
    assert "ada-the-secret" not in page(viewer)
    assert "an assay" in page(viewer)
    assert [row["who"] for row in exported(viewer)] == ["bo"]


def test_older_events_are_a_page_away(admin: Browser) -> None:
    now = datetime.now(UTC)
    AuditEvent.objects.bulk_create(
        AuditEvent(at=now - timedelta(minutes=k), who=f"who-{k:03}-", act="x") for k in range(150)
    )
    first = admin.get("/audit/", {"act": ""})
    older = first.context["page"].older
    second = page(admin, f"?before={older}")
    assert "who-099-" in first.content.decode()
    assert "who-100-" not in first.content.decode()
    assert "who-100-" in second
    assert "who-099-" not in second
    assert "Newest" in second


@pytest.mark.parametrize(
    "query",
    [
        "?before=nonsense&workspace=x&act=unknown&since=2026-99-99&until=9999-12-31",
        "?before=9999999999999999-999999999999999999",
        "?since=0001-01-01&workspace=-9223372036854775807",
        "?who=%00&about=%00",
        "?who=" + "x" * 300,
    ],
)
def test_nonsense_in_the_address_is_left_out(admin: Browser, query: str) -> None:
    assert admin.get(f"/audit/{query}").status_code == 200
    assert admin.get(f"/audit/events.csv{query}").status_code == 200


def test_days_are_the_readers(admin: Browser) -> None:
    at = datetime(2026, 6, 1, 20, tzinfo=UTC)
    AuditEvent.objects.create(at=at, who="late-in-kolkata", act="x")
    assert "late-in-kolkata" in page(admin, "?since=2026-06-02&until=2026-06-02&tz=Asia/Kolkata")
    assert "late-in-kolkata" not in page(admin, "?since=2026-06-02&until=2026-06-02&tz=UTC")


def test_an_export_holds_what_the_page_filters_and_no_formula(admin: Browser, fill: Fill) -> None:
    fill([0.1])
    audit.record("assay.switch", "=cmd()", about="@SUM(A1)", about_id="+1", workspace_id=1, detail={"why": 'é, "x"'})
    audit.record("assay.switch", "other", workspace_id=2)
    (row,) = exported(admin, "?workspace=1")
    assert (row["who"], row["about"], row["about_id"]) == ("'=cmd()", "'@SUM(A1)", "'+1")
    assert row["detail"] == '{"why": "é, \\"x\\""}'
    assert (row["workspace_id"], row["act"]) == ("1", "assay.switch")
    assert row["at"].endswith("Z")


def test_an_export_streams(admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    audit.record("x", "ada")
    answer: Any = admin.get("/audit/events.csv")
    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'


@pytest.mark.parametrize("hostile", ["<script>1</script>", "{{ 7 }}", "\u202egnp", "x" * 5000])
def test_hostile_words_are_words(admin: Browser, hostile: str) -> None:
    audit.record("assay.switch", hostile, about=hostile, workspace_id=1, detail={hostile[:40]: [hostile, True, None]})
    assert "<script>1" not in page(admin)
