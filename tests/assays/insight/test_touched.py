"""What was stored is noted until somebody has looked, and nothing that was stored meanwhile is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from assays.insight.models import Touched
from assays.insight.touched import shorten_pack, shorten_verify, touch
from assays.models import Assay
from assays.schedule import micros
from tests.support.messages import START

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def assay() -> Assay:
    return made(1)


def made(number: int) -> Assay:
    return Assay.objects.create(
        id=UUID(int=number),
        name="a",
        active=True,
        pipeline_id=1,
        workspace_id=1,
        message=b"{}",
        fingerprint=0,
        created_at=START,
        updated_at=START,
        first_run=START,
        width_seconds=3600,
    )


def stretch(assay: Assay) -> tuple[datetime | None, datetime | None]:
    row = Touched.objects.get(assay=assay)
    assert (row.verify_first, row.verify_last) == (row.pack_first, row.pack_last)
    return row.verify_first, row.verify_last


def end(hours: int) -> int:
    return micros(START + hours * HOUR)


@pytest.mark.parametrize("order", [*permutations([3, 1, 2])])
def test_the_stretch_holds_every_window_in_whatever_order_they_came(assay: Assay, order: tuple[int, ...]) -> None:
    for hours in order:
        touch([(assay.pk, end(hours))])
    assert stretch(assay) == (START + HOUR, START + 3 * HOUR)
    assert Touched.objects.get().stamp == 3


def test_many_windows_of_many_assays_are_noted_at_once(assay: Assay) -> None:
    other = made(2)
    touch([(assay.pk, end(5)), (other.pk, end(1)), (assay.pk, end(2))])
    assert stretch(assay) == (START + 2 * HOUR, START + 5 * HOUR)
    assert stretch(other) == (START + HOUR, START + HOUR)


def test_nothing_stored_is_nothing_noted() -> None:
    touch([])
    assert not Touched.objects.exists()


def test_who_has_looked_at_the_newest_leaves_the_rest(assay: Assay) -> None:
    touch([(assay.pk, end(1)), (assay.pk, end(9))])
    assert shorten_verify(Touched.objects.get(), START + 4 * HOUR)
    row = Touched.objects.get()
    assert (row.verify_first, row.verify_last) == (START + HOUR, START + 4 * HOUR)
    assert (row.pack_first, row.pack_last) == (START + HOUR, START + 9 * HOUR)


@pytest.mark.parametrize("last", [None, START])
def test_who_has_looked_at_all_leaves_nothing(assay: Assay, last: datetime | None) -> None:
    touch([(assay.pk, end(1))])
    assert shorten_pack(Touched.objects.get(), last)
    row = Touched.objects.get()
    assert (row.pack_first, row.pack_last) == (None, None)
    assert row.verify_last == START + HOUR


def test_what_was_stored_meanwhile_is_still_to_be_looked_at(assay: Assay) -> None:
    touch([(assay.pk, end(1)), (assay.pk, end(9))])
    seen = Touched.objects.get()
    touch([(assay.pk, end(5))])
    assert not shorten_verify(seen, None)
    assert not shorten_pack(seen, START + 4 * HOUR)
    assert stretch(assay) == (START + HOUR, START + 9 * HOUR)


def test_after_all_was_looked_at_a_new_window_begins_a_new_stretch(assay: Assay) -> None:
    touch([(assay.pk, end(1))])
    assert shorten_verify(Touched.objects.get(), None)
    assert shorten_pack(Touched.objects.get(), None)
    touch([(assay.pk, end(7))])
    assert stretch(assay) == (START + 7 * HOUR, START + 7 * HOUR)
