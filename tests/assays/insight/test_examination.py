"""The doctor sees what sync has kept, and remembers what people answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from assays.insight.doctor import Kind
from assays.insight.examination import examine
from assays.insight.sayings import dismiss, take_up_again
from assays.models import Assay
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START


@pytest.fixture
def ada(db: None) -> AbstractBaseUser:
    person: AbstractBaseUser = get_user_model().objects.create_user("ada")
    return person


def kinds(now: datetime = START + 40 * HOUR) -> dict[Kind, str]:
    return {found.finding.kind: found.finding.evidence for found in examine(list(Assay.objects.all()), now)}


def test_a_noisy_assay_is_found_by_its_hours(filled: Filled) -> None:
    filled([0.05, 0.15, 0.05] * 10)
    assert kinds()[Kind.NOISY] == "10 of 30 windows in a year reached a threshold"


def test_rows_are_those_of_the_newest_windows(filled: Filled) -> None:
    filled([0.05] * 30)
    assert "it has 100 rows, a window 256" in kinds()[Kind.UNREPRESENTATIVE]


def test_what_is_older_than_a_year_is_not_looked_at(filled: Filled) -> None:
    filled([0.15] * 10 + [0.05] * 20)
    assert Kind.NOISY in kinds(START + 364 * 24 * HOUR)
    assert Kind.NOISY not in kinds(START + 366 * 24 * HOUR)


def test_an_assay_that_is_gone_is_not_looked_at(filled: Filled) -> None:
    filled([0.15] * 30)
    Assay.objects.update(gone_since=START)
    assert kinds() == {}


def test_a_finding_that_was_answered_comes_with_the_answer_until_taken_up_again(
    filled: Filled, ada: AbstractBaseUser
) -> None:
    assay = filled([0.05, 0.15, 0.05] * 10)
    row = dismiss(assay, assay.fields.get(), Kind.NOISY, "weekends are like that", ada)
    assert answers()[Kind.NOISY].reason == "weekends are like that"
    assert answers()[Kind.UNREPRESENTATIVE] is None
    take_up_again(row, ada)
    assert answers()[Kind.NOISY] is None


def answers() -> dict[Kind, Any]:
    found = examine(list(Assay.objects.all()), START + 40 * HOUR)
    return {one.finding.kind: one.dismissal for one in found}


def test_many_assays_are_examined_by_a_handful_of_queries(filled: Filled, django_assert_num_queries: Any) -> None:
    filled([0.05] * 3)
    for number in range(2, 9):
        filled([0.05] * 3, number=number)
    assays = list(Assay.objects.all())
    with django_assert_num_queries(4):
        examine(assays, START + 40 * HOUR)
