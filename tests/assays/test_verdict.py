"""States of fields in a window: thresholds inclusive, a null one never fires, and no failure is ever a zero."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assays import wire
from assays.models import Field
from assays.states import State
from assays.verdict import disagrees, verdicts
from tests.support import messages

ONE = messages.assay(fields={"out.a": (0.1, 0.2)})
TWO = messages.assay(fields={"out.a": (0.1, 0.2), "in.b": (None, 0.4)})


def fields(assay: messages.Message) -> list[Field]:
    paths = assay["targeting"]["iopath"]
    return [Field(key=path["field"], **path["thresholds"]) for path in paths]


def read(assay: messages.Message, score: Any, **changes: Any) -> wire.Result:
    return wire.read_result(json.dumps(messages.result(assay, messages.START, score, **changes)).encode())


@pytest.mark.parametrize(
    ("score", "state"), [(0.0999, State.OK), (0.1, State.WARNING), (0.1999, State.WARNING), (0.2, State.ALERT)]
)
def test_thresholds_are_inclusive(score: float, state: State) -> None:
    assert verdicts(read(ONE, score), fields(ONE))[0].state == state


def test_a_single_field_follows_the_thresholds_stored_with_the_result() -> None:
    told = verdicts(read(ONE, 0.25, warning_threshold=None, alert_threshold=0.3), fields(ONE))[0]
    assert (told.state, told.warning, told.alert) == (State.OK, None, 0.3)


def test_without_stored_thresholds_it_follows_the_assays() -> None:
    assert verdicts(read(ONE, 0.25), fields(ONE))[0].state == State.ALERT


def test_of_several_fields_each_follows_its_own() -> None:
    told = verdicts(read(TWO, 0.25, warning_threshold=0.0, alert_threshold=0.0), fields(TWO))
    assert [one.state for one in told] == [State.ALERT, State.OK]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": None, "summaries": None}, "no summary"),
        ({"scores": {}, "summaries": {}}, "no summary"),
        ({"scores": {"out.a": "no such column"}, "summaries": {}}, "no such column"),
        ({"scores": {"*": "the run was stopped"}, "summaries": {}}, "the run was stopped"),
        ({"scores": {}}, "no score for this field"),
        ({"scores": {"out.a": {"score": None, "scores": []}}}, "cannot be read"),
        ({"scores": {"out.a": {"score": "0.3", "scores": []}}}, "cannot be read"),
    ],
)
def test_a_window_without_a_score_is_failed_and_says_why(changes: dict[str, Any], says: str) -> None:
    told = verdicts(read(ONE, 0.25, **changes), fields(ONE))[0]
    assert (told.state, told.score) == (State.FAILED, None)
    assert says in told.error


def test_a_summary_that_cannot_be_read_leaves_the_other_field_its_own() -> None:
    summaries = messages.result(TWO, messages.START)["summaries"]
    summaries["in.b"]["statistics"]["count"] = "many"
    told = verdicts(read(TWO, 0.25, summaries=summaries), fields(TWO))
    assert [one.rows for one in told] == [256, None]


@pytest.mark.parametrize(
    ("status", "states", "differs"),
    [
        ("Ok", [State.OK], False),
        ("OK", [State.OK], False),
        ("Ok", [State.ALERT], True),
        ("Alert", [State.OK, State.ALERT], False),
        ("Ok", [State.FAILED], False),
        ("Warning", [State.FAILED, State.OK], True),
    ],
)
def test_upstreams_status_is_compared_with_the_worst_field(status: str, states: list[State], differs: bool) -> None:
    assert disagrees(status, states) is differs
