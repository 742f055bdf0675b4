"""The vendor's sample messages are the contract: they are read, and written again as they came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from assays import wire
from tests.support import messages
from tests.support.messages import SAMPLES

KINDS: dict[str, Any] = {
    "assay": wire.Assay,
    "assay_result": wire.Result,
    "features": wire.Features,
    "next_run": wire.NextRun,
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_sample_is_written_as_it_was_read(name: str) -> None:
    raw = (SAMPLES / f"{name}.json").read_bytes()
    message = msgspec.json.decode(raw, type=KINDS[name])
    assert json.loads(wire.encode(message)) == json.loads(raw)


def test_the_sample_of_a_result_is_read_to_the_last_bit() -> None:
    result = wire.read_result((SAMPLES / "assay_result.json").read_bytes())
    score = (result.scores or {})["out.Model_Confidence_Level"]
    assert isinstance(score, wire.FieldScore)
    assert score.score == 4.1648763041561505
    summary = (result.summaries or {})["out.Model_Confidence_Level"]
    assert list(wire.edge_values(summary.bins.edges))[-1] == float("inf")
    assert summary.statistics.count == 256


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 3, 19, 16, 44, tzinfo=UTC), "2025-03-19T16:44:00Z"),
        (datetime(2025, 3, 19, 16, 44, 2, 160680, tzinfo=UTC), "2025-03-19T16:44:02.16068Z"),
        (datetime(2025, 3, 19, 10, 37, tzinfo=timezone(timedelta(hours=-6))), "2025-03-19T10:37:00-06:00"),
        (datetime(2025, 3, 19, 10, 37, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2025-03-19T10:37:00+05:30"),
    ],
)
def test_times_are_written_as_upstream_writes_them(moment: datetime, text: str) -> None:
    assert wire.rfc3339(moment) == text
    assert datetime.fromisoformat(text) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        wire.rfc3339(datetime(2025, 3, 19))  # noqa: DTZ001  (that is what is refused)


def test_a_field_with_an_index_has_it_in_its_key() -> None:
    assert wire.IoPath("out.scores", [3]).key == "out.scores.3"
    assert wire.IoPath("out.score", []).key == wire.IoPath("out.score").key == "out.score"


@pytest.mark.parametrize("frequency", [{"SimpleRunFrequency": {"quantity": 2, "unit": "Week"}}, {"Cron": "5 4 * * *"}])
def test_both_kinds_of_frequency_are_read(frequency: dict[str, Any]) -> None:
    message = messages.assay() | {}
    message["scheduling"]["run_frequency"] = frequency
    period = msgspec.convert(message, wire.Assay).scheduling.run_frequency.period
    assert period == (None if "Cron" in frequency else timedelta(weeks=2))


def _every(weeks: int) -> dict[str, Any]:
    frequency = {"SimpleRunFrequency": {"quantity": weeks, "unit": "Week"}}
    return {"first_run": "2026-06-01T00:00:00Z", "run_frequency": frequency, "end": None}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"window": {"width": {"seconds": 10**18}}}, "seconds"),
        ({"created_at": "0001-01-01T00:00:00+05:00"}, "outside"),
        ({"scheduling": {"first_run": "9999-12-31T23:00:00-05:00", "run_frequency": {}}}, "outside"),
        ({"scheduling": _every(10**12)}, "ten years"),
    ],
)
def test_an_assay_that_no_calendar_can_hold_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert(messages.assay() | change, wire.Assay)


def test_an_end_may_be_the_last_moment_there_is() -> None:
    scheduling = _every(1) | {"end": "9999-12-31T23:59:59Z"}
    assert msgspec.convert(messages.assay() | {"scheduling": scheduling}, wire.Assay).scheduling.end


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": 2**63}, "id"),
        ({"analyzed_at": "0001-01-01T00:00:00+05:00"}, "outside"),
        ({"window_end": "9999-12-31T23:59:59-05:00"}, "outside"),
    ],
)
def test_a_result_that_no_database_can_hold_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        wire.read_result(json.dumps(messages.result(messages.assay(), messages.START) | change).encode())


def test_a_score_beyond_all_floats_is_an_error_text() -> None:
    raw = json.dumps(messages.result(messages.assay(), messages.START, 0.25)).encode()
    result = wire.read_result(raw.replace(b'"score": 0.25', b'"score": 1e999'))
    assert "cannot be read" in str((result.scores or {})["out.score"])


def test_a_score_whose_summary_cannot_be_read_says_so() -> None:
    message = messages.result(messages.assay(), messages.START)
    message["summaries"]["out.score"]["statistics"] = None
    result = wire.read_result(json.dumps(message).encode())
    assert str((result.scores or {})["out.score"]).startswith("the summary cannot be read")


def test_an_edge_written_as_a_text_is_the_number_it_tells() -> None:
    told = list(wire.edge_values(["0.5", "inf", "nonsense"]))
    assert told[:2] == [0.5, float("inf")]
    assert told[2] != told[2]


@pytest.mark.parametrize("name", ["NEG_INFINITY", "NAN", "INFINITY"])
def test_every_named_edge_is_accepted(name: str) -> None:
    assert len(list(wire.edge_values([0.5, name]))) == 2
