"""The audit trail: appended with who and what, and never altered."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from assays import audit
from assays.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_an_event_tells_who_did_what_to_what() -> None:
    ada = User.objects.create_user("ada")
    audit.record("assay.switch", ada, about="Airline", about_id="7", workspace_id=3, detail={"why": "noise"})
    event = AuditEvent.objects.get()
    assert (event.who, event.person_id, event.act, event.about, event.about_id) == (
        "ada",
        ada.pk,
        "assay.switch",
        "Airline",
        "7",
    )
    assert (event.workspace_id, event.detail) == (3, {"why": "noise"})


def test_the_database_refuses_to_alter_an_event() -> None:
    event = audit.record("assay.switch", "token notebook")
    with pytest.raises(DatabaseError, match="never altered"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(who="nobody")
    assert AuditEvent.objects.get().who == "token notebook"


def test_a_person_who_is_deleted_stays_named() -> None:
    ada = User.objects.create_user("ada")
    audit.record("assay.switch", ada)
    ada.delete()
    assert AuditEvent.objects.get().who == "ada"


def test_what_no_database_keeps_is_replaced() -> None:
    event = audit.record("x", "a\0b\ud800", detail={"why": "c\0", "many": 3})
    event.refresh_from_db()
    assert (event.who, event.detail) == ("ab?", {"why": "c", "many": 3})
