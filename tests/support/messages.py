"""Messages as upstream writes them, made from the vendor's samples by changing what a test is about."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.support.upstream import text

SAMPLES = Path(__file__).parent.parent / "samples"
Message = dict[str, Any]
START = datetime(2026, 6, 1, tzinfo=UTC)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def assay(
    number: int = 1, *, fields: dict[str, tuple[float | None, float | None]] | None = None, **changes: Any
) -> Message:
    """`changes`: active, first_run, unit, quantity, width, end, name, pipeline, workspace."""
    message = copy.deepcopy(sample("assay"))
    message["id"] = str(UUID(int=number))
    message["name"] = changes.get("name", f"assay {number}")
    message["active"] = changes.get("active", True)
    message["scheduling"] = {
        "first_run": text(changes.get("first_run", START)),
        "end": changes.get("end") and text(changes["end"]),
        "run_frequency": {
            "SimpleRunFrequency": {"unit": changes.get("unit", "Hour"), "quantity": changes.get("quantity", 1)}
        },
    }
    message["window"]["width"]["seconds"] = int(changes.get("width", timedelta(hours=1)).total_seconds())
    message["targeting"]["data_origin"] |= {
        "pipeline_id": changes.get("pipeline", 7),
        "workspace_id": changes.get("workspace", 1),
    }
    summary = message["baseline"]["Summary"].popitem()[1]
    fields = fields or {"out.score": (0.1, 0.2)}
    message["baseline"]["Summary"] = {key: copy.deepcopy(summary) for key in fields}
    message["targeting"]["iopath"] = [
        {"field": key, "indexes": None, "thresholds": {"warning": warning, "alert": alert}}
        for key, (warning, alert) in fields.items()
    ]
    return message


def result(assay: Message, end: datetime, score: float | str | None = 0.05, **changes: Any) -> Message:
    """One window; `score` holds for every field, a text is a failed run. `changes` replace whole keys."""
    message = copy.deepcopy(sample("assay_result"))
    width = timedelta(seconds=assay["window"]["width"]["seconds"])
    summary = message["summaries"].popitem()[1]
    keys = [path["field"] for path in assay["targeting"]["iopath"]]
    message |= {
        "id": int(end.timestamp()),
        "assay_id": assay["id"],
        "window_start": text(end - width),
        "window_end": text(end),
        "updated_at": text(end + timedelta(seconds=2)),
        "created_at": text(end + timedelta(seconds=2)),
        "analyzed_at": text(end + timedelta(seconds=2)),
        "status": "Ok",
        "warning_threshold": None,
        "alert_threshold": None,
    }
    failed = not isinstance(score, float)
    message["scores"] = {key: score if failed else _score(score) for key in keys}
    message["summaries"] = {} if failed else {key: copy.deepcopy(summary) for key in keys}
    return message | changes


def _score(value: Any) -> Message:
    return {"score": value, "scores": [value, 0.0, 0.0, 0.0, 0.0], "bin_index": None}


def results(assay: Message, ends: list[datetime], scores: list[float | str | None]) -> list[Message]:
    return [result(assay, end, score) for end, score in zip(ends, scores, strict=True)]


def runs(last: datetime | None, next_run: datetime | None) -> Message:
    return {"last_run": last and text(last), "next_run": next_run and text(next_run)}
