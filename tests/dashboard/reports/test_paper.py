"""The history as PDF."""

from __future__ import annotations

import re
import sys
import zlib
from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string
from django.test import Client

from assays.states import State
from dashboard.access import Access
from dashboard.history.choice import Choice
from dashboard.history.days import between
from dashboard.history.report import history
from dashboard.reports import paper
from dashboard.roles import Role
from tests.dashboard.history.conftest import DAY, HOUR, Watch, watch  # noqa: F401

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def fleet(watch: Watch) -> None:  # noqa: F811
    states = (State.OK, State.ALERT, State.WARNING, State.OK, State.FAILED)
    for number in range(1, 41):
        ends = {TODAY - k * DAY - HOUR: states[(k + number) % 5] for k in range(60)}
        watch(ends, number, f"in.f{number % 9}", period_seconds=86_400, first_run=TODAY - 90 * DAY)


def pages(written: bytes) -> int:
    """The objects of a PDF lie in compressed streams."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", written, re.DOTALL)
    objects = b"".join(zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x")
    return len(re.findall(rb"/Type\s*/Page\b", objects + written))


@pytest.mark.parametrize("query", ["", "?range=1y", "?range=7d&group=pipeline", "?workspace=9"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_one_page_whatever_it_holds(viewer: Client, fleet: None, query: str) -> None:
    response = viewer.get(f"/history/history.pdf{query}")
    assert response["Content-Type"] == "application/pdf"
    assert pages(response.content) == 1


def test_without_the_library_the_page_says_what_to_install(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    response = viewer.get("/history/history.pdf")
    assert response.status_code == 501
    assert "libpango-1.0-0" in response.content.decode()


def test_it_holds_nothing_from_out_of_sight(watch: Watch) -> None:  # noqa: F811
    for number, name in enumerate(("mine", "theirs"), start=1):
        place = {"name": name, "workspace_id": number, "pipeline_name": f"{name} too"}
        watch({TODAY - k * HOUR: State.ALERT for k in range(48)}, number, f"in.{name}", **place)
    days = between((TODAY - 7 * DAY).date(), TODAY.date(), UTC)
    told = history(Access(places={1: Role.VIEWER}), Choice(days, by="pipeline"), TODAY)
    text = render_to_string("history_paper.html", paper.paper(told, "ops", TODAY))
    assert "mine" in text
    assert "theirs" not in text
