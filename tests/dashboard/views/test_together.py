"""What moved, and fields on one axis: ranked, chosen by the address, within what may be seen."""

from __future__ import annotations

from itertools import pairwise

from django.test import Client

from assays.models import Assay, Field
from tests.dashboard.conftest import Fill


def pipeline(assay: Assay) -> int:
    assert assay.pipeline_id is not None
    return assay.pipeline_id


def test_fields_are_ranked_by_how_far_they_went_and_the_first_to_go_bad_is_named(viewer: Client, fill: Fill) -> None:
    early = fill([0.05, 0.3, 0.05, 0.05], 1, name="Early")
    fill([0.05, 0.05, 0.05, 0.9], 2, name="Late")
    text = viewer.get(f"/moved/?pipeline={pipeline(early)}").content.decode()
    assert text.index(">Late</a>") < text.index(">Early</a>")
    assert "of Late moved most" in text
    assert "of Early went bad first" in text


def test_chosen_fields_are_drawn_on_one_axis_by_score_over_threshold(viewer: Client, fill: Fill) -> None:
    first, second = fill([0.05, 0.4], 1), fill([0.05, 0.1], 2)
    numbers = [Field.objects.get(assay=assay).pk for assay in (first, second)]
    told = viewer.get(f"/moved/figure.json?of={numbers[0]}&of={numbers[1]}").json()
    drawn = [trace for trace in told["data"] if "baseline" not in trace["name"]]
    assert len(drawn) == 2
    assert told["layout"]["hovermode"] == "x unified"
    assert len({(trace["line"]["color"], trace["line"]["dash"]) for trace in drawn}) == 2


def test_no_more_fields_are_drawn_than_can_be_told_apart(viewer: Client, fill: Fill) -> None:
    numbers = [Field.objects.get(assay=fill([0.05, 0.4], number)).pk for number in range(1, 11)]
    told = viewer.get("/moved/figure.json?" + "&".join(f"of={number}" for number in numbers)).json()
    assert len([trace for trace in told["data"] if "baseline" not in trace["name"]]) == 8


def test_a_pipeline_that_is_not_there_is_not_found(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    assert viewer.get("/moved/").status_code == 200
    for query in ("?pipeline=999", "?pipeline=x", "?of=0", f"?of={'9' * 30}"):
        assert viewer.get(f"/moved/{query}").status_code == 404


def test_statistics_stand_in_panels_beside_the_baselines(viewer: Client, fill: Fill) -> None:
    assay = fill([0.05, 0.9])
    told = viewer.get(f"/assays/{assay.pk}/statistics.json").json()
    names = [trace["name"] for trace in told["data"] if "baseline" not in trace["name"]]
    assert names == ["mean", "median", "std", "min", "max", "rows"]
    domains = [told["layout"][f"yaxis{k or ''}"]["domain"] for k in (0, 2, 3, 4, 5, 6)]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))


def test_a_name_with_tags_is_drawn_as_text(viewer: Client, fill: Fill) -> None:
    fill([0.05, 0.4], 1, name='<a href="https://evil.example">x</a>')
    names = [trace["name"] for trace in viewer.get("/moved/figure.json").json()["data"]]
    assert any("&lt;a href" in name for name in names)
    assert not any("<a" in name for name in names if "baseline" not in name)
