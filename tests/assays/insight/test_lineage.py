"""A successor goes on where its predecessor left off, and no line of assays bites its own tail."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from assays.coverage import Span
from assays.insight.lineage import ancestors, forebears, part, succeed, whole_history
from assays.insight.models import Succession
from assays.models import Assay, AuditEvent
from assays.schedule import micros
from tests.assays.insight.conftest import HOUR, Filled, sync
from tests.support import messages
from tests.support.messages import START
from tests.support.upstream import Upstream

WHOLE = Span(START - HOUR, START + 100 * HOUR)


@pytest.fixture
def ada(db: None) -> AbstractBaseUser:
    person: AbstractBaseUser = get_user_model().objects.create_user("ada")
    return person


def later(upstream: Upstream, number: int, first: int, scores: list[float]) -> Assay:
    """An hourly assay whose windows begin some hours later."""
    told = messages.assay(number)
    ends = [START + HOUR * (first + k) for k in range(len(scores))]
    return sync(upstream, told, messages.results(told, ends, [*scores]), ends[-1])


def test_its_history_goes_on_from_the_predecessors(filled: Filled, upstream: Upstream, ada: AbstractBaseUser) -> None:
    first = filled([0.1, 0.2, 0.3, 0.4])
    second = later(upstream, 2, 3, [0.5, 0.6])
    third = later(upstream, 3, 5, [0.7])
    succeed(second, first, ada)
    succeed(third, second, ada)
    found = whole_history(third.fields.get(), WHOLE)
    assert found.score.tolist() == [0.1, 0.2, 0.3, 0.5, 0.6, 0.7]
    assert found.end.tolist() == [micros(START + HOUR * k) for k in range(6)]
    assert ancestors(third) == [second, first]
    assert forebears(third.fields.get()) == [second.fields.get(), first.fields.get()]


def test_only_the_field_of_the_same_name_is_carried_on(
    filled: Filled, upstream: Upstream, ada: AbstractBaseUser
) -> None:
    first = filled([0.1], fields={"out.other": (None, None)})
    second = later(upstream, 2, 1, [0.5])
    succeed(second, first, ada)
    assert forebears(second.fields.get()) == []
    assert whole_history(second.fields.get(), WHOLE).score.tolist() == [0.5]


def test_a_successor_without_windows_yet_shows_its_predecessors(filled: Filled, ada: AbstractBaseUser) -> None:
    first, second = filled([0.1, 0.2]), filled([], START, number=2)
    succeed(second, first, ada)
    assert whole_history(second.fields.get(), WHOLE).score.tolist() == [0.1, 0.2]


def test_a_circle_a_second_predecessor_and_another_workspace_are_refused(filled: Filled, ada: AbstractBaseUser) -> None:
    first, second, third = (filled([0.1], number=number) for number in (1, 2, 3))
    foreign = filled([0.1], number=4, workspace=9)
    succeed(second, first, ada)
    for successor, predecessor, why in (
        (first, second, "before itself"),
        (first, first, "before itself"),
        (second, third, "already"),
        (third, foreign, "own workspace"),
    ):
        with pytest.raises(ValueError, match=why):
            succeed(successor, predecessor, ada)
    assert Succession.objects.count() == 1


def test_linking_and_parting_are_audited(filled: Filled, ada: AbstractBaseUser) -> None:
    first, second = filled([0.1]), filled([0.1], number=2)
    part(succeed(second, first, ada), ada)
    assert ancestors(second) == []
    acts = AuditEvent.objects.order_by("id").values_list("act", "about_id")
    assert list(acts) == [("insight.succeed", str(second.pk)), ("insight.succeed.undo", str(second.pk))]
