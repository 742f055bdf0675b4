"""The assay page: the chosen window, its neighbours, its table, its chart, and their addresses."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assays import wire
from assays.credentials import StaticToken
from assays.models import Assay, Result
from assays.sync import run_pass
from assays.upstream import Client as AssaysClient
from tests.dashboard.conftest import HOUR, Fill
from tests.support import messages
from tests.support.messages import runs
from tests.support.upstream import Upstream

MOBILE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"


def page(browser: Client, assay: Assay, query: str = "", **headers: str) -> str:
    response = browser.get(f"/assays/{assay.pk}/{query}", headers=headers or None)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def test_the_newest_window_is_shown_with_its_bins_and_what_explains_it(operator: Client, fill: Fill) -> None:
    text = page(operator, fill([0.05, 4.1648763041561505]))
    assert "≤ 0.39" in text
    assert re.search(r"<b>48.%</b> of PSI 4.16 comes from two bins", text)
    assert "Recomputed from the bins: 4.164876, matches to 1e−9" in text
    assert "Ceiling for these bins" in text


def test_a_score_that_its_bins_do_not_give_is_told(operator: Client, fill: Fill) -> None:
    assert "The bins give 4.164876, upstream says 0.900000" in page(operator, fill([0.9]))


def test_the_url_names_a_window_and_the_page_shows_it(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05, 0.9, 0.15])
    before = wire.rfc3339(now - HOUR)
    text = page(operator, assay, f"?window={before}")
    assert f'data-selected="{before}"' in text
    assert 'class="score-xl">0.90' in text


def test_a_click_is_answered_with_the_window_alone_and_its_address(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05, 0.9, 0.15])
    micros = int((now - HOUR).timestamp()) * 1_000_000
    response = operator.get(
        f"/assays/{assay.pk}/?window={micros}", headers={"HX-Request": "true", "HX-Target": "window"}
    )
    assert response.content.decode().lstrip().startswith('<section class="card-d window-card"')
    assert wire.rfc3339(now - HOUR).replace(":", "%3A") in response["HX-Push-Url"]


def test_a_point_that_stands_for_many_windows_asks_for_the_worst(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05, 0.9, 0.15, 0.05])
    micros = int((now - HOUR).timestamp()) * 1_000_000
    text = page(operator, assay, f"?window={micros}&near=7200")
    assert f'data-selected="{wire.rfc3339(now - 2 * HOUR)}"' in text


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([0.05, "field &lt;x&gt; is gone"], "The run failed."),
        ([0.05, None], "No rows arrived"),
    ],
)
def test_a_window_without_a_score_says_why(
    operator: Client, fill: Fill, now: datetime, scores: list[float | str | None], words: str
) -> None:
    text = page(operator, fill(scores), f"?window={wire.rfc3339(now)}")
    assert words in text


def test_the_error_of_a_failed_run_is_shown_as_upstream_gave_it(operator: Client, fill: Fill) -> None:
    text = page(operator, fill([0.05, "<b>no such field</b>"]))
    assert "&lt;b&gt;no such field&lt;/b&gt;" in text
    assert "<b>no such" not in text


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (timedelta(days=900), "has not been read yet"),
        (timedelta(minutes=-7), "No window of this assay ends then"),
        (timedelta(days=-2000), "is not in the cache"),
    ],
)
def test_a_window_that_is_not_there_says_so(
    operator: Client, fill: Fill, now: datetime, shift: timedelta, words: str
) -> None:
    assert words in page(operator, fill([0.05] * 3), f"?window={wire.rfc3339(now + shift)}")


@pytest.mark.parametrize(
    "window",
    [
        "yesterday",
        "9" * 40,
        "2026-06-30",
        "2026-06-30T05:00:00",
        "-1e9",
        "²",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_nonsense_for_a_window_is_not_found(operator: Client, fill: Fill, window: str) -> None:
    assert operator.get(f"/assays/{fill([0.05]).pk}/?window={window}").status_code == 404


@pytest.mark.parametrize(
    "query", ["page=²", "page=-1", "near=²&window=1", "tz=Nowhere", "from=9999-12-31&to=9999-12-31"]
)
def test_nonsense_elsewhere_is_overlooked(operator: Client, fill: Fill, query: str) -> None:
    page(operator, fill([0.05]), f"?{query}")


def test_edges_written_as_texts_are_compared_all_the_same(operator: Client, fill: Fill, served: Upstream) -> None:
    assay = fill([])
    message = served.assays[str(assay.pk)]
    told = messages.result(message, assay.first_run, 0.9)
    told["summaries"]["out.score"]["bins"]["edges"] = ["0.5", "1.5", "somewhere", "2.5", "INFINITY"]
    served.results[message["id"]] = [told]
    served.runs[message["id"]] = runs(assay.first_run, None)
    list(run_pass(AssaysClient(served.url, StaticToken()), [assay.pk], 1))
    assert "≤ 0.5" in page(operator, assay)


def test_an_unknown_assay_and_an_unknown_field_are_not_found(operator: Client, fill: Fill) -> None:
    assert operator.get(f"/assays/{UUID(int=99)}/").status_code == 404
    assert operator.get(f"/assays/{fill([0.05]).pk}/?field=in.nothing").status_code == 404


def test_each_field_of_an_assay_has_its_tab(operator: Client, fill: Fill) -> None:
    assay = fill([0.25], fields={"in.a": (0.5, 0.9), "in.b": (0.1, 0.2)})
    assert 'class="mono">in.b</span>' in page(operator, assay).split('<div class="facts">')[1].split("</div>")[0]
    assert 'class="mono">in.a</span>' in page(operator, assay, "?field=in.a").split('<div class="facts">')[1]


def test_the_table_pages_through_all_windows_newest_first(operator: Client, fill: Fill) -> None:
    assay = fill([0.05] * 60)
    first, second = page(operator, assay, "?view=table"), page(operator, assay, "?view=table&page=2")
    assert "1–50 of 60 windows" in first
    assert "51–60 of 60 windows" in second
    assert second.count('<td class="num sb">0.050</td>') == 10


def test_the_page_costs_a_fixed_number_of_queries(
    operator: Client, fill: Fill, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assay = fill([0.05, 0.9, "failed", None, 0.05] * 6)
    page(operator, assay)
    for query in ("", "?view=table", "?range=1y", "figure.json"):
        with django_assert_max_num_queries(22):
            page(operator, assay, query)


def test_an_assay_without_windows_says_when_the_first_is_due(operator: Client, fill: Fill) -> None:
    text = page(operator, fill([]))
    assert "No window yet" in text
    assert "The first one is due" in text


def test_phones_start_with_a_shorter_range(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    current = re.compile(r"range=(\w+)[^>]*aria-current")
    assert current.findall(page(operator, assay)) == ["30d"]
    assert current.findall(page(operator, assay, **{"User-Agent": MOBILE})) == ["7d"]


def test_the_figure_is_json_and_is_not_sent_twice(operator: Client, fill: Fill) -> None:
    assay = fill([0.05, 0.9])
    first = operator.get(f"/assays/{assay.pk}/figure.json?range=7d&from=2026-01-01&to=2026-12-31&theme=dark")
    figure = json.loads(first.content)
    assert {"score", "Alert", "rows"} <= {trace["name"] for trace in figure["data"]}
    assert "#ee5a3e" in first.content.decode()


def test_a_result_that_cannot_be_read_spoils_no_page(operator: Client, fill: Fill) -> None:
    assay = fill([0.05, 0.9])
    Result.objects.update(problem="status is 'Meh'")
    page(operator, assay)


def test_the_runs_list_and_the_baseline_stand_on_the_page(operator: Client, fill: Fill) -> None:
    text = page(operator, fill([0.05, 0.9]))
    assert "after 2\N{NARROW NO-BREAK SPACE}s" in text
    assert "0.39, 0.59, 0.79, 0.9, ∞" in text
