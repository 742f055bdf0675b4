"""The picture of an incident: bars on the pages' scale, thresholds with their names, in the style sheet's colours."""

from __future__ import annotations

import re
import struct
from zoneinfo import ZoneInfo

import pytest

from assays.incidents.models import Kind
from assays.models import Assay, Score
from assays.notices import picture
from assays.states import State, of_score
from dashboard.palette import palette
from tests.assays.notices.conftest import HOUR, NOW, add_route, make_incident, send_all, tell
from tests.support.receivers import Mailbox

pytestmark = pytest.mark.django_db
VIENNA = ZoneInfo("Europe/Vienna")


def windows(assay: Assay, scores: list[float | None]) -> list[Score]:
    """Hourly, the last one's end now."""
    rows = [
        Score(
            field=assay.fields.get(),
            window_start=NOW - (n + 1) * HOUR,
            window_end=NOW - n * HOUR,
            state=State.FAILED if score is None else of_score(score, 0.1, 0.2),
            score=score,
        )
        for n, score in enumerate(reversed(scores))
    ]
    return Score.objects.bulk_create(rows[::-1])


def heights(drawn: str) -> list[tuple[float, str]]:
    return [
        (float(h), fill) for h, fill in re.findall(r'<rect x="[^"]*" y="[^"]*".*?height="([^"]*)" fill="(.*?)"', drawn)
    ]


def test_bars_stand_on_the_scale_of_the_pages_in_their_colours(assay: Assay) -> None:
    drawn = picture.svg(windows(assay, [0.05, None, 0.15, 0.2]), 0.1, 0.2, VIENNA)
    half = picture.PLOT / 2
    colours = [picture.COLOURS[state] for state in (State.OK, State.WARNING, State.ALERT)]
    assert [(round(h / half, 2), fill) for h, fill in heights(drawn)] == list(
        zip([0.25, 0.75, 1.0], colours, strict=True)
    )
    assert drawn.count(f'stroke="{picture.COLOURS[State.FAILED]}"') == 1, "a failed run is a cross, never a zero"
    assert re.findall(r">([^<>]+)</text>", drawn) == [
        "alert 0.20",
        "warning 0.10",
        "23 Jun 13:05 CEST",
        "23 Jun 16:05 CEST",
    ]


def test_a_score_far_beyond_its_threshold_still_lies_within(assay: Assay) -> None:
    drawn = picture.svg(windows(assay, [0.05, 40.0]), None, 0.2, VIENNA)
    assert max(h for h, _ in heights(drawn)) <= picture.PLOT


def test_the_colours_are_the_style_sheets() -> None:
    light = palette("light")
    assert {State(state).slug: colour for state, colour in picture.COLOURS.items()} == {
        "alert": light["alert"],
        "warning": light["warning"],
        "ok": light["quiet"],
        "failed": light["failed"],
    }
    assert (light["text-2"], light["line"], light["surface"]) == (picture.INK, picture.LINE, picture.GROUND)


def test_it_is_a_png_of_twice_the_size_for_sharp_screens(assay: Assay) -> None:
    windows(assay, [0.05] * 50 + [0.15, None, 0.3, 0.4])
    png = picture.of(make_incident(assay, warning=0.1, alert=0.2), VIENNA)
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (2 * picture.WIDTH, 2 * picture.HEIGHT)


def test_what_has_no_scores_has_no_picture(assay: Assay) -> None:
    assert picture.of(make_incident(assay, Kind.LATE), VIENNA) is None
    assert picture.of(make_incident(assay), VIENNA) is None
    assert picture.of(make_incident(None, Kind.UNREACHABLE), VIENNA) is None


def test_a_mail_of_an_incident_brings_its_picture(assay: Assay, mailbox: Mailbox) -> None:
    add_route(mailbox.address)
    windows(assay, [0.05, 0.15, 0.3])
    tell(make_incident(assay, warning=0.1, alert=0.2))
    send_all()
    [mail] = mailbox.mails
    [attached] = mail.iter_attachments()
    assert attached.get_content_type() == "image/png"


def test_a_mail_that_was_not_taken_is_tried_again_without_its_picture(assay: Assay, mailbox: Mailbox) -> None:
    add_route(mailbox.address)
    windows(assay, [0.05, 0.15, 0.3])
    mailbox.refusal = "552 too large"
    tell(make_incident(assay, warning=0.1, alert=0.2))
    send_all()
    mailbox.refusal = ""
    send_all(HOUR)
    [mail] = mailbox.mails
    assert not list(mail.iter_attachments())
