"""What people say is kept with who said it, checked first, and audited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from assays.coverage import Span
from assays.insight import sayings
from assays.insight.doctor import Kind
from assays.insight.models import Annotation, CalmPeriod, Dismissal
from assays.models import Assay, AuditEvent
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START


@pytest.fixture
def ada(db: None) -> AbstractBaseUser:
    person: AbstractBaseUser = get_user_model().objects.create_user("ada")
    return person


@pytest.fixture
def assay(filled: Filled) -> Assay:
    return filled([0.05])


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("act", flat=True))


def test_a_calm_period_is_called_and_called_off(assay: Assay, ada: AbstractBaseUser) -> None:
    row = sayings.call_calm(assay, Span(START, START + timedelta(days=9)), ada, "before the sale")
    assert CalmPeriod.objects.get() == row
    assert (row.who, row.note) == ("ada", "before the sale")
    sayings.call_calm_no_more(row, ada)
    assert not CalmPeriod.objects.exists()
    assert acts() == ["insight.calm", "insight.calm.end"]


def test_a_period_without_length_is_refused(assay: Assay, ada: AbstractBaseUser) -> None:
    with pytest.raises(ValueError, match="ends after"):
        sayings.call_calm(assay, Span(START, START), ada)
    assert acts() == []


def test_a_remark_stands_on_the_time_axis_until_it_is_withdrawn(assay: Assay, ada: AbstractBaseUser) -> None:
    row = sayings.annotate(assay, START, " new feed ", ada, until=START + HOUR, link="https://wiki.example/feed")
    assert (Annotation.objects.get().text, row.who) == ("new feed", "ada")
    sayings.withdraw(row, ada)
    assert not Annotation.objects.exists()
    assert acts() == ["insight.annotate", "insight.annotate.withdraw"]


@pytest.mark.parametrize(
    ("text", "hours", "link"), [(" ", 1, ""), ("x", 0, ""), ("x", -1, ""), ("x", 1, "javascript:alert(1)")]
)
def test_a_remark_without_text_or_with_a_wrong_end_or_link_is_refused(
    assay: Assay, ada: AbstractBaseUser, text: str, hours: int, link: str
) -> None:
    with pytest.raises(ValueError, match=r"remark|link"):
        sayings.annotate(assay, START, text, ada, until=START + hours * HOUR, link=link)


def test_dismissing_again_changes_the_reason(assay: Assay, ada: AbstractBaseUser) -> None:
    for reason in ("once", "twice"):
        sayings.dismiss(assay, None, Kind.STALE, reason, ada)
    assert Dismissal.objects.get().reason == "twice"
    assert acts() == ["insight.dismiss"] * 2


def test_a_finding_is_dismissed_with_a_reason_and_of_what_it_was_found_of(assay: Assay, ada: AbstractBaseUser) -> None:
    field = assay.fields.get()
    for subject, kind, reason in ((field, Kind.STALE, "x"), (None, Kind.NOISY, "x"), (field, Kind.NOISY, " ")):
        with pytest.raises(ValueError, match="dismissed with a reason"):
            sayings.dismiss(assay, subject, kind, reason, ada)
    assert not Dismissal.objects.exists()
