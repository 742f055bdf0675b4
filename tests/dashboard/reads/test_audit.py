"""The audit trail as it is read: who sees what, what is sought, and pages that join without a gap."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from assays import audit
from assays.incidents.models import ActKind
from assays.models import AuditEvent
from dashboard.access import NOTHING, Access
from dashboard.reads import audit as reads
from dashboard.reads.audit import Sought
from dashboard.roles import Role

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]
ADMIN, ALL, HERE = Access(Role.ADMIN), Access(Role.OPERATOR), Access(places={7: Role.VIEWER})


def acts(access: Access, sought: Sought | None = None) -> list[str]:
    return [event.act for event in reads.page(access, sought or Sought(), None).rows]


@pytest.fixture
def trail() -> None:
    audit.record("assay.switch", "ada", about="Airline", about_id="a1", workspace_id=7)
    audit.record("assay.switch", "token report (drift_abc…)", about="Taxi", about_id="a2", workspace_id=8)
    audit.record("grant.give", "ada", about="vera", workspace_id=7)
    audit.record("session.sign_in", "bo")


@pytest.mark.parametrize(
    ("access", "seen"),
    [
        (ADMIN, ["session.sign_in", "grant.give", "assay.switch", "assay.switch"]),
        (ALL, ["assay.switch", "assay.switch"]),
        (HERE, ["assay.switch"]),
        (NOTHING, []),
    ],
)
def test_each_sees_the_changes_of_their_workspaces_and_administrators_all(
    trail: None, access: Access, seen: list[str]
) -> None:
    assert acts(access) == seen
    assert [event.act for event in reads.every(access, Sought())] == seen


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(who="ADA"), 2),
        (Sought(who="report"), 1),
        (Sought(act="grant.give"), 1),
        (Sought(about="air"), 1),
        (Sought(about="a2"), 1),
        (Sought(workspace=7), 2),
        (Sought(who="ada", workspace=8), 0),
        (Sought(who="%"), 0),
    ],
)
def test_filters_narrow_together(trail: None, sought: Sought, found: int) -> None:
    assert len(acts(ADMIN, sought)) == found


def test_a_range_of_time_holds_its_beginning_and_not_its_end(trail: None) -> None:
    at = AuditEvent.objects.order_by("at", "pk").values_list("at", flat=True)[1]
    later = at + timedelta(microseconds=1)
    assert acts(ADMIN, Sought(since=at, until=later)) == ["assay.switch"]


def test_pages_join_without_a_gap_also_within_one_moment() -> None:
    now = audit.record("x", "ada").at
    events = [AuditEvent(at=now + timedelta(seconds=k // 40), who="ada", act="x") for k in range(249)]
    AuditEvent.objects.bulk_create(events)
    seen, before = [], None
    while True:
        page = reads.page(ADMIN, Sought(), before)
        seen += [event.pk for event in page.rows]
        if (before := page.older) is None:
            break
    assert seen == list(AuditEvent.objects.order_by("-at", "-pk").values_list("pk", flat=True))


def test_an_export_reads_in_stretches(monkeypatch: pytest.MonkeyPatch, trail: None) -> None:
    monkeypatch.setattr(reads, "AT_ONCE", 3)
    assert [event.who[:2] for event in reads.every(ADMIN, Sought())] == ["bo", "ad", "to", "ad"]


@pytest.mark.parametrize("access", [ADMIN, HERE], ids=["all", "one workspace"])
def test_a_page_is_found_by_an_index_without_sorting(access: Access, trail: None) -> None:
    query = reads._before(reads._matching(access, Sought()), reads.Cursor(audit.record("x", "y").at, 3))
    plan = query[: reads.PER_PAGE].explain()
    assert "audit_" in plan if connection.vendor == "sqlite" else plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan


def recorded() -> set[str]:
    """The acts that are named where something is recorded."""
    calls = (
        node
        for folder in ("assays", "dashboard")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("record", "_recorded"))
    )
    named = {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}
    return {*named, *(f"incident.{kind}" for kind in ActKind.values)}


def test_every_act_has_words_of_its_own() -> None:
    assert len(recorded()) > 30
    assert recorded() - set(reads.ACTS) == set()


def test_an_act_without_words_of_its_own_is_named() -> None:
    assert reads.words("grant.give") == "gave a role"
    assert reads.words("comet.false_alarm") == "comet: false alarm"
