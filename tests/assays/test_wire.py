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


@pytest.mark.parametrize("name", ["NEG_INFINITY", "NAN", "INFINITY"])
def test_every_named_edge_is_accepted(name: str) -> None:
    assert len(list(wire.edge_values([0.5, name]))) == 2
