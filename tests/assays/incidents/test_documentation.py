"""docs/incidents.md tells what the code does: every kind, every act, and the numbers."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from assays.incidents.fold import OWN
from assays.incidents.models import ActKind, Kind
from assays.incidents.store import PROMPT, RECENT
from assays.incidents.triage import UNDONE_WITHIN

TEXT = (Path(settings.BASE_DIR) / "docs" / "incidents.md").read_text()


def column(heading: str) -> list[str]:
    """The first cells of the rows of the table under a heading."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [row.strip() for row in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)][1:]


def test_each_kind_is_described() -> None:
    assert column("Kinds") == [kind.label for kind in Kind]


def test_each_act_of_a_person_is_described() -> None:
    told = {word for cell in column("What people do") for word in cell.split(", ")}
    assert told == {kind.value for kind in ActKind if kind not in OWN}


def test_the_numbers_are_those_of_the_code() -> None:
    told = " ".join(TEXT.split())
    assert f"within {PROMPT // timedelta(minutes=1)} minutes of upstream's analysis" in told
    assert timedelta(days=1) == RECENT
    assert f"back within {UNDONE_WITHIN // timedelta(minutes=1)} minutes" in told
    assert "`DRIFTLINE_ACKNOWLEDGED_HOURS`" in told
