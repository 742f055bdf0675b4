"""The vendor's client pointed at Driftline: equal objects as from the source, and a switch that reaches the source."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from assays import breaker, instance
from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Score, Switch, Upstream
from assays.sync import run_pass
from assays.upstream import Client
from dashboard import tokens
from dashboard.roles import Role
from dashboard.snippets import Shown, by_client
from tests.dashboard.api.test_docs import snippets
from tests.engine.conftest import COLUMNS, definitions, rows, this_hour
from tests.support.engine import Engine, Json, write_log

pytestmark = [pytest.mark.witness, pytest.mark.django_db(transaction=True)]

READER = Path(__file__).with_name("reader.py")


@dataclass(frozen=True)
class Two:
    """The source, and Driftline before it."""

    engine: Engine
    url: str
    token: str
    python: Path

    def reads(self, *, source: bool, switch: Json = None) -> Json:
        """What the client makes of one of the two."""
        url, token = (self.engine.url, self.engine.sign_in()) if source else (self.url, self.token)
        plan = {"url": url, "token": token, "spans": spans(self.engine), "switch": switch}
        environment = {**os.environ, "HOME": str(self.engine.folder), "XDG_CACHE_HOME": str(self.engine.folder)}
        environment |= {"MPLBACKEND": "Agg", "NO_PROXY": "127.0.0.1,localhost"}
        done = subprocess.run(
            [self.python, READER], input=json.dumps(plan), env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def runs(self, code: str) -> str:
        """What a snippet of the documentation prints."""
        told = {"DRIFTLINE_URL": self.url, "DRIFTLINE_TOKEN": self.token, "HOME": str(self.engine.folder)}
        done = subprocess.run(
            [self.python, "-c", code],
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            cwd=self.engine.folder,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def spans(engine: Engine) -> dict[str, list[str]]:
    """Two days of each assay whose frames the client can draw."""
    now = datetime.now(UTC)
    listed = engine.ask("/v2/api/assays/get", active="All")
    drawn = ("plain", "west of m1", "overlapping", "max", "ended")
    return {
        assay["id"]: [(now - timedelta(days=3)).isoformat(), now.isoformat()]
        for assay in listed
        if assay["name"] in drawn
    }


@pytest.fixture(scope="module")
def source(client_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder, now = tmp_path_factory.mktemp("source"), this_hour()
    log = write_log(folder, COLUMNS, rows(now - timedelta(hours=72), now))
    with Engine(folder, log=log, ENGINE_TOKEN_SECONDS="3600", ENGINE_REPLAY="false") as engine:
        engine.migrate()
        engine.schedule(*definitions(now).values())
        engine.work_off()
        engine.serve()
        yield engine


@pytest.fixture
def two(source: Engine, client_python: Path, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Two:
    client = Client(source.url, StaticToken(source.sign_in()))
    monkeypatch.setattr(instance, "client", lambda: client)
    now = datetime.now(UTC)
    apply_assays(client.assays(), now)
    for _ in run_pass(client, list(Assay.objects.values_list("pk", flat=True)), 2):
        pass
    breaker.probe(client)
    Upstream.objects.update(last_listed_at=now)
    return Two(source, live_server.url, tokens.make("witness", Role.OPERATOR)[1], client_python)


def in_order(told: Json) -> Json:
    """The order of a list of assays is nobody's promise."""
    for heard in told["typed"]["get"].values():
        heard["said"].sort(key=lambda assay: assay["id"])
    return told


def test_every_reading_call_gives_equal_objects_and_frames(two: Two) -> None:
    through, direct = in_order(two.reads(source=False)), in_order(two.reads(source=True))
    for part in ("typed", "listed", "frames"):
        assert through[part] == direct[part]
    assert len(direct["frames"]) == 5
    assert all(whole and full for whole, full in direct["frames"].values())


def test_a_switch_through_driftline_is_seen_at_the_source(two: Two) -> None:
    assay = next(iter(spans(two.engine)))
    told = two.reads(source=False, switch=[assay, False])
    assert (told["answer"], told["active"], told["next_run"]) == ("null", False, None)
    assert two.engine.ask("/v2/api/assays/get/:id", id=assay)["active"] is False
    assert Switch.objects.get().to_active is False
    assert two.reads(source=False, switch=[assay, True])["active"] is True


def test_the_documentations_snippets_for_pandas_and_the_client_run(two: Two) -> None:
    (frame,), (client,) = snippets("pandas"), snippets("wallaroo")
    assert re.search(r"^ok +\d+ +0\.\d+$|^alert +\d+ +\d", two.runs(frame), re.MULTILINE)
    assert re.search(r"\w+ (True|False)\n$", two.runs(client))


def test_the_assay_pages_program_for_the_client_prints_the_windows_that_are_shown(two: Two) -> None:
    assay = Assay.objects.order_by("name")[0]
    field = assay.fields.order_by("position")[0]
    kept = Score.objects.filter(field=field).exclude(score=None).order_by("window_end")
    ends = list(kept.values_list("window_end", flat=True))
    shown = Shown(str(assay.pk), field.key, ends[0] - timedelta(seconds=1), ends[-1])
    printed = [line.split() for line in two.runs(by_client(shown)).splitlines()]
    assert [float(line[-1]) for line in printed] == list(kept.values_list("score", flat=True))
