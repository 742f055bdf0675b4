"""The nearest rule decides, a threshold of one's own needs a reason, and both stand in the audit trail."""

from __future__ import annotations

import pytest

from assays.incidents import rules
from assays.incidents.derive import Rule
from assays.incidents.models import LocalThreshold, Watch
from assays.models import AuditEvent
from tests.support.story import Story

pytestmark = pytest.mark.django_db


def test_the_nearest_scope_wins() -> None:
    story = Story()
    assay, field = story.assay, story.field
    scopes: list[rules.Scope] = [{"workspace_id": 1}, {"pipeline_id": 7}, {"assay": assay}, {"field": field}]
    assert rules.read().of(assay, field) == Rule()
    for k, scope in enumerate(scopes, 2):
        rules.set_rule(scope, Rule(k, k), "ann")
        assert rules.read().of(assay, field) == Rule(k, k)
    for k, scope in reversed(list(enumerate(scopes, 1))):
        rules.drop_rule(scope, "ann")
        assert rules.read().of(assay, field) == (Rule(k, k) if k > 1 else Rule())


def test_a_rule_or_a_threshold_has_the_assays_concerned_derived_anew() -> None:
    story, other = Story(1), Story(2, pipeline=8)
    rules.set_rule({"pipeline_id": 8}, Rule(2, 2), "ann")
    assert list(Watch.objects.filter(stale=True).values_list("assay", flat=True)) == [other.assay.pk]
    rules.set_threshold(story.field, 0.1, 0.5, "noisy by nature", "ann")
    assert Watch.objects.filter(stale=True).count() == 2


def test_a_threshold_needs_a_reason_and_an_order() -> None:
    field = Story().field
    with pytest.raises(ValueError, match="needs a reason"):
        rules.set_threshold(field, 0.1, 0.2, "  ", "ann")
    with pytest.raises(ValueError, match="never fires"):
        rules.set_threshold(field, 0.3, 0.2, "noisy", "ann")
    assert not LocalThreshold.objects.exists()


def test_what_operators_change_stands_in_the_audit_trail() -> None:
    story = Story()
    rules.set_threshold(story.field, 0.1, None, "noisy by nature", "ann")
    rules.drop_threshold(story.field, "ben")
    rules.set_rule({"workspace_id": 1}, Rule(2, 3, 2), "ann")
    rules.drop_rule({"workspace_id": 1}, "ben")
    told = list(AuditEvent.objects.order_by("pk").values_list("act", "who", "about", "workspace_id"))
    assert told == [
        ("threshold.set", "ann", "field", 1),
        ("threshold.drop", "ben", "field", 1),
        ("rule.set", "ann", "workspace", 1),
        ("rule.drop", "ben", "workspace", 1),
    ]
