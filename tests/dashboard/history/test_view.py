"""The page of history: what stands on it, what may be chosen, and what can be taken along."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import duckdb
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assays.incidents.models import Marker
from assays.models import Switch
from assays.states import State
from dashboard.models import Grant
from tests.dashboard.history.conftest import DAY, HOUR, Watch

MOST_QUERIES = 15
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LAST_WEEKS = TODAY - timedelta(days=TODAY.weekday())


def page(browser: Client, query: str = "") -> str:
    response = browser.get(f"/history/{query}")
    assert response.status_code == 200
    return response.content.decode()


def ending(days_ago: int, state: State, many: int = 24) -> dict[datetime, State]:
    return {TODAY - days_ago * DAY + k * HOUR: state for k in range(many)}


def test_the_headline_is_the_title_and_the_first_heading(viewer: Client, watch: Watch) -> None:
    watch({LAST_WEEKS - k * HOUR: State.OK if k % 5 else State.ALERT for k in range(1, 2000)}, first_run=LAST_WEEKS)
    text = page(viewer)
    assert "<title>A steady eight weeks: 80\u202f% of windows were Ok, as before" in text
    assert "56 <small>days</small>" in text


def test_a_day_leads_to_the_assay_on_that_day(viewer: Client, watch: Watch) -> None:
    field = watch(ending(2, State.ALERT))
    day = (TODAY - 2 * DAY).date()
    assert f'class="c k-alert" href="/assays/{field.assay_id}/?from={day}&amp;to={day}"' in page(viewer, "?range=7d")


def test_the_days_in_drift_lead_to_the_assays_incidents(viewer: Client, watch: Watch) -> None:
    field = watch(ending(2, State.ALERT))
    address = f"/alerts/?list=resolved&assay={field.assay_id}"
    assert f'href="{address}"' in page(viewer, "?range=7d").replace("&amp;", "&")
    assert viewer.get(address).status_code == 200


def test_a_pipelines_row_leads_to_its_own_history(viewer: Client, watch: Watch) -> None:
    watch(ending(2, State.OK))
    text = page(viewer, "?range=7d&group=pipeline")
    assert 'href="/history/?pipeline=7&from=' in text.replace("&amp;", "&")


def test_days_are_the_readers(viewer: Client, watch: Watch) -> None:
    late = TODAY - 2 * DAY + 20 * HOUR
    watch({late: State.ALERT}, first_run=late)
    for zone, day in (("UTC", late), ("Asia/Kolkata", late + DAY)):
        assert f"from={day.date()}&amp;to={day.date()}" in page(viewer, f"?range=7d&tz={zone}")


def test_a_year_is_shown_by_week(viewer: Client, watch: Watch) -> None:
    watch(ending(2, State.OK))
    text = page(viewer, "?range=1y")
    assert "Worst state of each week" in text
    assert text.count("k-ok") == 2  # the week, and the legend


def test_since_a_marker_is_from_its_day_on(viewer: Client, watch: Watch) -> None:
    watch(ending(2, State.OK))
    at = TODAY - 5 * DAY
    marker = Marker.objects.create(event="deployment", at=at, text="model v2", who="ada", added_at=at)
    text = page(viewer, f"?since={marker.pk}")
    assert f'value="{at.date()}"' in text
    assert "model v2" in text


def test_nonsense_in_the_address_shows_the_usual_view(viewer: Client, watch: Watch) -> None:
    watch(ending(2, State.OK))
    usual = page(viewer)
    for query in ("?range=x", "?from=2026-13-01&to=1", "?since=9", "?page=-1", "?by=x&group=y", f"?since={'9' * 400}"):
        assert page(viewer, query).split("<h1")[1].split("</h1>")[0] == usual.split("<h1")[1].split("</h1>")[0]


def test_an_empty_history_says_so(viewer: Client) -> None:
    text = page(viewer)
    assert "No window ended in these eight weeks" in text
    assert "No assay was switched off." in text


def test_who_switched_what_off_is_told(viewer: Client, watch: Watch) -> None:
    field = watch(ending(3, State.OK))
    began = TODAY - 3 * DAY + 9 * HOUR
    field.assay.pauses.create(began_at=began, ended_at=began + 5 * HOUR)
    Switch.objects.create(
        assay=field.assay, who="ada", asked_at=began, was_active=True, to_active=False, why="retraining", outcome="done"
    )
    text = page(viewer, "?range=7d")
    assert "ada: retraining" in text
    assert "off 5\u202fh" in text


def test_the_page_asks_few_questions(
    viewer: Client, watch: Watch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 8):
        watch(ending(number, State.FAILED), number)
    page(viewer, "?range=1y")
    with django_assert_max_num_queries(MOST_QUERIES):
        page(viewer, "?range=1y")


def test_only_a_readers_own_workspaces_are_shown(client: Client, watch: Watch) -> None:
    watch(ending(2, State.OK), 1, name="mine", workspace_id=1)
    watch(ending(2, State.OK), 2, name="theirs", workspace_id=2, workspace_name="secret")
    reader = User.objects.create_user("rita")
    Grant.objects.create(person=reader, role="viewer", workspace_id=1)
    client.force_login(reader)
    text = page(client, "?range=7d")
    assert "mine" in text
    assert "theirs" not in text
    assert "secret" not in text
    assert "theirs" not in page(client, "?range=7d&workspace=2")
    assert b"theirs" not in client.get("/history/files/json/?range=7d&workspace=2").content


def test_json_holds_everything_in_one_document(viewer: Client, watch: Watch) -> None:
    watch(ending(2, State.ALERT) | {TODAY - 2 * DAY: State.FAILED})
    told = json.loads(viewer.get("/history/files/json/?range=7d").content)
    assert told["headline"].startswith("0\u202f%") or "no window was Ok" in told["headline"]
    assert told["period"][0]["alert"] == 23
    (day,) = told["days"]
    assert (day["day"], day["worst"], day["alert"], day["failed"]) == (str((TODAY - 2 * DAY).date()), "alert", 23, 1)
    assert told["where"][0] == {
        "by": "field",
        "name": "out.score",
        "days_in_drift": 1,
        "days_in_drift_before": 0,
        "incidents": 0,
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_come_as_files_in_a_zip(viewer: Client, watch: Watch, form: str, tmp_path: object) -> None:
    watch(ending(2, State.ALERT), name="=cmd()")
    packed = ZipFile(BytesIO(viewer.get(f"/history/files/{form}/?range=7d").content))
    assert {name.split(".")[0] for name in packed.namelist()} == {
        "period",
        "days",
        "weeks",
        "where",
        "ledger",
        "switched_off",
        "markers",
    }
    if form == "csv":
        (row,) = csv.DictReader(StringIO(packed.read("days.csv").decode()))
        assert (row["assay"], row["alert"]) == ("'=cmd()", "24")
    else:
        path = packed.extract("days.parquet", str(tmp_path))
        assert duckdb.connect().execute(f"SELECT assay, alert FROM '{path}'").fetchall() == [("=cmd()", 24)]


def test_another_form_is_not_found(viewer: Client) -> None:
    assert viewer.get("/history/files/xlsx/").status_code == 404
