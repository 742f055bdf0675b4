"""One page of paper, made without a browser: the history as PDF, where the libraries that draw it are installed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from dashboard import formats
from dashboard.history import pictures, showing
from dashboard.history.report import History
from dashboard.palette import palette

STYLE = Path(settings.BASE_DIR) / "static" / "driftline" / "paper.css"
MOST_ROWS = 26
"""Rows of the calendar for which one page has room."""

MOST_DAYS = 70
NEEDED = "pip install weasyprint==70.0, and Debian's libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


class Missing(Exception):
    """What draws PDF is not installed; says what to install."""


def as_pdf(told: History, scope: str, now: datetime) -> bytes:
    """One landscape A4 page; raises Missing."""
    try:
        from weasyprint import HTML  # noqa: PLC0415  (optional, and slow to load)
    except (ImportError, OSError) as error:
        raise Missing(NEEDED) from error
    document = HTML(string=render_to_string("history_paper.html", paper(told, scope, now)))
    written: bytes = document.write_pdf(stylesheets=[str(STYLE)])
    return written


def paint(token: str) -> str:
    """Paper is light."""
    return palette("light")[token]


def paper(told: History, scope: str, now: datetime) -> dict[str, Any]:
    """What paper and mail are written from: the sheet, its drawings, and whose and when it is."""
    sheet, days = showing.sheet(told), told.now.days
    shown = sheet.rows[:MOST_ROWS]
    dates = [days.day(k) for k in range(max(0, days.many - MOST_DAYS), days.many)]
    rows = [row._replace(states=row.states[-len(dates) :]) for row in showing.day_rows(shown)]
    return {
        "sheet": sheet,
        "scope": scope,
        "range": showing.dates(days.first, days.last),
        "before": showing.dates(told.before.days.first, told.before.days.last),
        "printed": f"{formats.dated(now, days.zone, now)} {formats.zone_name(days.zone, now)}",
        "zone_name": formats.zone_name(days.zone, now),
        "by": told.choice.by,
        "calendar": pictures.calendar(rows, dates, paint),
        "weeks": pictures.shares(sheet.columns, paint, 460, 136),
        "lines": [(line, pictures.bar(line.now, sheet.most, paint)) for line in sheet.lines[: showing.LINES]],
        "left_out": max(0, len(sheet.rows) - MOST_ROWS),
        "earlier": len(dates) < days.many,
    }
