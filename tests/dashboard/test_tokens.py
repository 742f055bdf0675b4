"""Tokens: what making and revoking leave behind, and how much one may."""

from __future__ import annotations

import pytest

from assays.models import AuditEvent
from dashboard import tokens
from dashboard.access import NOTHING, Access, Act
from dashboard.models import ApiToken, Grant
from dashboard.roles import Role
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def test_only_the_digest_of_a_token_is_kept() -> None:
    row, text = tokens.make("report", Role.VIEWER, [7], owner=person("vera", "viewer"))
    kept = [*ApiToken.objects.values(), *AuditEvent.objects.values()]
    assert text not in str(kept)
    assert text.removeprefix(row.prefix) not in str(kept)


def test_making_and_revoking_are_audited_once() -> None:
    vera = person("vera", "viewer")
    row, _ = tokens.make("report", Role.VIEWER, [7, 3, 7], owner=vera, by=vera)
    assert tokens.revoke(row)
    assert not tokens.revoke(row)
    made, revoked = AuditEvent.objects.order_by("id")
    assert (made.act, made.who, made.about) == ("token.make", "vera", f"report ({row.prefix}…)")
    assert made.detail == {"role": "viewer", "workspaces": [3, 7], "expires_at": None, "owner": "vera"}
    assert (revoked.act, revoked.who, revoked.about_id) == ("token.revoke", "command token", f"token:{row.pk}")


def test_a_token_is_found_by_what_is_shown_of_it_and_by_itself() -> None:
    row, text = tokens.make("report", Role.VIEWER)
    assert list(tokens.beginning(row.prefix)) == list(tokens.beginning(text)) == [row]
    tokens.revoke(row)
    assert not tokens.beginning(row.prefix)


def test_a_token_never_may_more_than_its_owner_may_now() -> None:
    vera = person("vera")
    Grant.objects.create(person=vera, role=Role.OPERATOR, workspace_id=7)
    row, text = tokens.make("report", Role.OPERATOR, owner=vera)
    assert tokens.access_of(row) == Access(places={7: Role.OPERATOR})
    Grant.objects.filter(person=vera).update(role=Role.VIEWER)
    assert not tokens.access_of(tokens.use(text)).may(Act.SWITCH)
    Grant.objects.filter(person=vera).delete()
    assert tokens.access_of(tokens.use(text)) == NOTHING


def test_a_token_stops_with_its_owners_account() -> None:
    vera = person("vera", "viewer")
    _, text = tokens.make("report", Role.VIEWER, owner=vera)
    vera.is_active = False
    vera.save()
    with pytest.raises(tokens.Unusable, match="closed"):
        tokens.use(text)
