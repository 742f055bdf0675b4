"""`wallaroo.Client`, signed in unchanged: its lists, its frames and its charts show what the engine says."""

from datetime import datetime

import jwt
import pytest

from tests.support.engine import USER, Json
from tests.witness.conftest import OF_DEMONSTRATION, SWITCHED, Hearing, others, workspace

pytestmark = pytest.mark.witness

COLOURS = {"Ok": "#008000", "Warning": "#ffa500", "Alert": "#ff0000"}
WITHOUT_SCORES = ("Gust factor", "without rows", "yet to run")
UNDRAWN = ("one bin", "explicit outliers")
"""The client has no words for these bin modes: its chart of one window raises UnboundLocalError."""

SCORED = [name for name in (*OF_DEMONSTRATION, *others()) if name not in WITHOUT_SCORES]


def field(hearing: Hearing, name: str) -> str:
    """The key of the first field, the only one that the client reads."""
    path = hearing.assays[name]["targeting"]["iopath"][0]
    return f"{path['field']}.{path['indexes'][0]}" if path["indexes"] else str(path["field"])


def read(hearing: Hearing, name: str) -> list[Json]:
    """The results that the client keeps: it drops those without summaries."""
    return [result for result in hearing.results(name) if result["summaries"]]


def summaries(hearing: Hearing, name: str) -> tuple[Json, Json]:
    """The baseline's and the newest window's."""
    key = field(hearing, name)
    return hearing.assays[name]["baseline"]["Summary"][key], read(hearing, name)[0]["summaries"][key]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_it_signs_in_by_password_and_again_by_refresh_token(hearing: Hearing) -> None:
    sign_in = hearing.testimony["sign_in"]
    first, renewed = (jwt.decode(token, options={"verify_signature": False}) for token in sign_in["tokens"])
    assert first["preferred_username"] == renewed["preferred_username"] == USER
    assert sign_in["subject"] == first["sub"] == renewed["sub"]
    assert sign_in["email"] == first["email"]
    assert first["jti"] != renewed["jti"]


def test_a_wrong_password_is_refused(hearing: Hearing) -> None:
    assert hearing.testimony["refused"]["password"].startswith("[HTTP 401]")


def test_it_lists_every_assay(hearing: Hearing) -> None:
    listed = {assay["name"]: assay for assay in hearing.testimony["listed"]}
    assert set(listed) == set(hearing.assays)
    for name, assay in hearing.assays.items():
        assert (listed[name]["id"], listed[name]["active"]) == (assay["id"], assay["active"])
        assert listed[name]["field"] == field(hearing, name)
        assert set(listed[name]["baseline"]) == set(assay["baseline"]["Summary"])


def test_it_lists_the_assays_of_one_workspace(hearing: Hearing) -> None:
    asked = workspace(hearing.assays[SWITCHED])
    there = {assay["id"] for assay in hearing.assays.values() if workspace(assay) == asked}
    assert set(hearing.testimony["of_workspace"]) == there
    assert len(there) < len(hearing.assays)


@pytest.mark.parametrize("name", SCORED)
def test_its_frame_holds_every_result(hearing: Hearing, name: str) -> None:
    key, results, frame = field(hearing, name), read(hearing, name), hearing.whole(name)["frame"]
    assert [row["id"] for row in frame] == [result["id"] for result in results]
    assert {row["iopath"] for row in frame} == {key}
    for row, result in zip(frame, results, strict=True):
        statistics = result["summaries"][key]["statistics"]
        assert row["score"] == result["scores"][key]["score"]
        assert [row[name] for name in ("min", "max", "mean", "median", "std")] == [
            statistics[name] for name in ("min", "max", "mean", "median", "std")
        ]
        assert moment(row["start"]) == moment(result["window_start"])


@pytest.mark.parametrize("name", SCORED)
def test_its_full_frame_holds_every_bin(hearing: Hearing, name: str) -> None:
    key, results, frame = field(hearing, name), read(hearing, name), hearing.whole(name)["full"]
    assert [row["id"] for row in frame] == [result["id"] for result in results]
    for row, result in zip(frame, results, strict=True):
        score = result["scores"][key]
        assert [row[f"scores_{index}"] for index in range(len(score["scores"]))] == score["scores"]
        assert row["bin_index"] == score["bin_index"]


@pytest.mark.parametrize("name", [name for name in SCORED if name != "Flight inputs"])
def test_it_finds_the_status_that_the_engine_says(hearing: Hearing, name: str) -> None:
    said = [result["status"] for result in read(hearing, name)]
    assert [row["status"] for row in hearing.whole(name)["frame"]] == said


def test_of_several_fields_it_judges_the_first_and_the_engine_the_worst(hearing: Hearing) -> None:
    rank = ["Ok", "Warning", "Alert"].index
    said = [rank(result["status"]) for result in hearing.results("Flight inputs")]
    found = [rank(row["status"]) for row in hearing.whole("Flight inputs")["frame"]]
    assert all(worst >= first for worst, first in zip(said, found, strict=True))
    assert said != found


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("chart", ["scores", "iopaths"])
def test_its_charts_of_scores_have_a_dot_a_window_in_the_colour_of_its_status(
    hearing: Hearing, name: str, chart: str
) -> None:
    frame, shown = hearing.whole(name)["frame"], hearing.whole(name)[chart]
    assert [y for _, y in shown["dots"]] == [row["score"] for row in frame]
    for (x, _), row in zip(shown["dots"], frame, strict=True):
        assert abs(moment(x) - moment(row["start"])).total_seconds() < 0.001
    assert shown["colours"] == [COLOURS[row["status"]] for row in frame]
    assert shown["inked"]


@pytest.mark.parametrize("name", [name for name in SCORED if name not in (*UNDRAWN, "own edges")])
def test_its_chart_of_a_window_has_the_bins_of_baseline_and_window(hearing: Hearing, name: str) -> None:
    baseline, window = summaries(hearing, name)
    score = read(hearing, name)[0]["scores"][field(hearing, name)]
    shown = hearing.whole(name)["newest"]["chart"]
    assert shown["inked"]
    assert shown["bars"] == [baseline["aggregated_values"], window["aggregated_values"]]
    assert shown["labels"] == window["bins"]["labels"]
    assert shown["notes"] == [f"{part:.4f}" for part in score["scores"]]
    assert f"={score['score']:5.3f}" in shown["title"]


def test_its_chart_says_that_the_weighted_one_is(hearing: Hearing) -> None:
    weighted = {name: "Weighted=True" in hearing.whole(name)["newest"]["chart"].get("title", "") for name in SCORED}
    assert [name for name, is_so in weighted.items() if is_so] == ["Delay probability, likely late"]


def test_its_chart_of_edges_names_each(hearing: Hearing) -> None:
    baseline, _ = summaries(hearing, "own edges")
    edges = [f"e{index}" for index in range(len(baseline["aggregated_values"]))]
    assert hearing.whole("own edges")["newest"]["chart"]["notes"] == edges * 2


@pytest.mark.parametrize("name", UNDRAWN)
def test_bin_modes_that_its_chart_forgets_are_compared_in_its_frames_all_the_same(hearing: Hearing, name: str) -> None:
    newest = hearing.whole(name)["newest"]
    assert newest["chart"]["error"].startswith("UnboundLocalError")
    assert newest["bins"]["window_labels"] == summaries(hearing, name)[1]["bins"]["labels"]


@pytest.mark.parametrize("name", SCORED)
def test_it_compares_bins_and_statistics(hearing: Hearing, name: str) -> None:
    newest = hearing.whole(name)["newest"]
    for column, summary in zip(("baseline", "window"), summaries(hearing, name), strict=True):
        assert newest["bins"][f"{column}_edges"] == summary["bins"]["edges"]
        assert newest["bins"][f"{column}_labels"] == summary["bins"]["labels"]
        assert newest["bins"][f"{column}_values"] == summary["aggregated_values"]
        statistics = newest["statistics"][column.title()]
        assert {key: statistics[key] for key in summary["statistics"]} == summary["statistics"]


@pytest.mark.parametrize("name", WITHOUT_SCORES)
def test_it_drops_what_has_no_summaries(hearing: Hearing, name: str) -> None:
    assert hearing.whole(name)["frame"] == hearing.whole(name)["full"] == []
