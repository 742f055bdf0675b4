"""A history as a mail: the verdict first, numbers and pictures, and the same in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import urlencode, urlsplit

import resvg_py
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from dashboard import access, formats
from dashboard.history import choice as choices
from dashboard.history import pictures, report, showing
from dashboard.history.days import Days
from dashboard.history.report import History
from dashboard.history.showing import Sheet
from dashboard.palette import palette
from dashboard.reports import due, post, schedules
from dashboard.reports.models import Mail, Schedule

MOST_ROWS = 20
"""Assays in the calendar: those with most days in drift."""

LISTED = 5
WEEKS_WIDTH, WEEKS_HEIGHT = 640, 200
SCALE = 2.0
"""For screens with two pixels where others have one."""


class Pointless(Exception):
    """There is nobody to send it to; the text says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, how wide it is shown, and what it shows in words."""

    name: str
    png: bytes
    width: int
    words: str

    @property
    def cid(self) -> str:
        return f"{self.name}@driftline"


def mail(row: Mail, now: datetime) -> EmailMessage:
    """As its reader may see the history now. Raises Pointless."""
    schedule = row.schedule
    days = due.told_of(schedule, row.period or now.astimezone(schedule.clock).date())
    told = _history(schedule, days, now)
    sheet = showing.sheet(told)
    shown = _shown(schedule, told, sheet, now)
    drawn = _pictures(sheet, days)
    message = _addressed(row, shown["headline"], now)
    message.set_content(render_to_string("report_mail.txt", shown))
    message.add_alternative(render_to_string("report_mail.html", shown | {"pictures": drawn}), subtype="html")
    page: Any = message.get_payload(1)
    for one in drawn:
        page.add_related(one.png, "image", "png", cid=f"<{one.cid}>", filename=f"{one.name}.png", disposition="inline")
    return message


def _history(schedule: Schedule, days: Days, now: datetime) -> History:
    allowed = access.of_person(schedule.person)
    if allowed.highest is None:
        raise Pointless("the account is closed, or has no role any more")
    query = schedule.query | {"from": str(days.first), "to": str(days.last)}
    return report.history(allowed, choices.of(query, schedule.clock, now), now)


def confirmation(schedule: Schedule, now: datetime) -> EmailMessage:
    """Sent to an address that somebody typed, before anything else is."""
    message = _headed(schedule, "Confirm: Driftline’s history by mail", now)
    message["Message-ID"] = f"<confirm.{schedule.pk}.{now:%Y%m%d%H%M%S}@{_domain()}>"
    shown = {"schedule": schedule, "when": when(schedule), "address": schedules.address_of(schedule, "confirm")}
    message.set_content(render_to_string("report_confirm.txt", shown))
    return message


def _addressed(row: Mail, subject: str, now: datetime) -> EmailMessage:
    message = _headed(row.schedule, subject, now)
    message["Message-ID"] = f"<{row.message_id}@{_domain()}>"
    message["List-Unsubscribe"] = f"<{schedules.address_of(row.schedule, 'stop')}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _headed(schedule: Schedule, subject: str, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject.replace("\n", " ")
    message["From"] = post.sender()
    message["To"] = schedule.address
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return message


def _domain() -> str:
    return parseaddr(post.sender())[1].rpartition("@")[2] or urlsplit(settings.PUBLIC_URL).hostname or "driftline"


def _shown(schedule: Schedule, told: History, sheet: Sheet, now: datetime) -> dict[str, Any]:
    days = told.now.days
    rows = showing.day_rows(sheet.rows)
    return {
        "headline": sheet.headline,
        "sentences": sheet.sentences,
        "figures": sheet.figures,
        "rows": rows[:LISTED],
        "more": max(0, len(rows) - LISTED),
        "lines": sheet.lines[:LISTED],
        "by": told.choice.by,
        "range": showing.dates(days.first, days.last),
        "before": showing.dates(told.before.days.first, told.before.days.last),
        "zone_name": formats.zone_name(days.zone, now),
        "when": when(schedule),
        "history": _history_address(schedule, days),
        "mails": settings.PUBLIC_URL.rstrip("/") + reverse("mails"),
        "stop": schedules.address_of(schedule, "stop"),
        "is_empty": not told.now.total.scheduled,
    }


def _history_address(schedule: Schedule, days: Days) -> str:
    query = schedule.query | {"from": str(days.first), "to": str(days.last), "tz": schedule.zone}
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('history')}?{urlencode(query)}"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def when(schedule: Schedule) -> str:
    """`every Monday at 08:00, Europe/Berlin`."""
    if schedule.rhythm == "weekly":
        return f"every {WEEKDAYS[schedule.day]} at {schedule.hour:02}:00, {schedule.zone}"
    return f"on day {schedule.day} of every month at {schedule.hour:02}:00, {schedule.zone}"


def _paint(token: str) -> str:
    """Mail clients turn what is light into dark themselves, but no pictures."""
    return palette("light")[token]


def _pictures(sheet: Sheet, days: Days) -> Sequence[Picture]:
    """Nothing where nothing is to be drawn."""
    drawn = []
    if sheet.rows:
        dates: list[date] = [days.day(k) for k in range(days.many)]
        svg = pictures.calendar(showing.day_rows(sheet.rows[:MOST_ROWS]), dates, _paint)
        drawn.append(_picture("calendar", svg, "Worst state of each day, by assay"))
    if any(column.share is not None for column in sheet.columns):
        svg = pictures.shares(sheet.columns, _paint, WEEKS_WIDTH, WEEKS_HEIGHT)
        words = "; ".join(f"{one.label}: {one.words}" for one in sheet.columns)
        drawn.append(_picture("shares", svg, f"Share of windows Ok. {words}"))
    return drawn


def _picture(name: str, svg: str, words: str) -> Picture:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=SCALE, background=_paint("surface")))
    width = int.from_bytes(png[16:20], "big")  # of the PNG's header
    return Picture(name, png, round(width / SCALE), words)
