"""The assay page: one field's score over time, and one of its windows compared with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assays import series, wire
from assays.coverage import Span
from assays.models import Assay, Pause, Result
from assays.schedule import MICROSECOND, micros, moment
from assays.states import State
from dashboard import formats, guard, preferences, ranges, window
from dashboard.access import Act
from dashboard.conditional import unless_seen
from dashboard.context import upstream
from dashboard.figures import lines
from dashboard.figures.score import Moment, Pausing, ScoreChart, score_chart
from dashboard.palette import palette
from dashboard.reads import against, insight, whatif
from dashboard.reads import assay as reads
from dashboard.reads.alerts import care_of
from dashboard.reads.paging import Page, stretch
from dashboard.views.overview import following

IN_BRIEF, IN_FULL = 8, 50
RUNS = 6
MOST_REMARKS = 20
PANELS = ("mean", "median", "std", "min", "max")


@dataclass(frozen=True, slots=True)
class Look:
    """What the URL asks to see of an assay."""

    watched: reads.Watched
    range: ranges.Range
    span: Span
    pauses: list[Pause]
    now: datetime
    preferences: preferences.Preferences

    @property
    def assay(self) -> Assay:
        return self.watched.assay


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One window in a strip, a list or the table."""

    end: datetime
    state: State
    score: float | None
    rows: int | None
    warning: float | None
    alert: float | None
    start: datetime | None = None
    judged: window.Judged | None = None
    selected: bool = False

    @property
    def key(self) -> str:
        return wire.rfc3339(self.end)

    @property
    def ratio(self) -> float | None:
        return self.score / self.alert if self.score is not None and self.alert else None

    @property
    def top(self) -> window.BinRow | None:
        found = self.judged.comparison.bins if self.judged and self.judged.comparison else []
        return next((row for row in found if row.is_top), None)

    @property
    def top_share(self) -> float | None:
        top, compared = self.top, self.judged.comparison if self.judged else None
        return top.adds / compared.score if top and top.adds and compared and compared.score else None

    @property
    def statistics(self) -> dict[str, str]:
        return {row.name: row.after for row in self.judged.statistics} if self.judged else {}

    @property
    def delay(self) -> timedelta | None:
        return self.judged.analyzed_at - self.end if self.judged else None


@require_GET
@guard.may(Act.READ)
def assay(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; the window card alone for who asks for that, and nothing to a refresh when nothing changed."""
    look = look_at(request, pk)
    chosen = selected_end(request, look)
    context = _context(request, look, chosen)
    if request.headers.get("HX-Target") == "window":
        response = render(request, "_assay_window.html", context)
        response.headers["HX-Push-Url"] = _address(request, chosen)
        return response
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_assay_body.html", context))
    return render(request, "assay.html", context)


def look_at(request: HttpRequest, pk: UUID) -> Look:
    watched = reads.watched(guard.access_of(request), pk, request.GET.get("field"))
    chosen, now = preferences.of(request), timezone.now()
    phone = "Mobi" in request.headers.get("User-Agent", "")
    shown = ranges.of(request.GET, ranges.usual(watched.assay.period_seconds, phone), chosen.zone, now)
    span = reads.after_first_run(watched.assay, shown.span)
    return Look(watched, shown, span, series.pauses_within(watched.assay, span), now, chosen)


def selected_end(request: HttpRequest, look: Look) -> datetime | None:
    """The window the URL names, or the newest one; a chart's point that stands for many names its worst."""
    text = request.GET.get("window", "")
    if not text:
        return look.watched.field.window_end
    end = against.told(text)
    if end is None:
        raise Http404("That is no moment in time.")
    if within := _seconds(request.GET.get("near", "")):
        return reads.worst_near(look.watched.field, end, timedelta(seconds=within)) or end
    return end


def _seconds(text: str) -> int:
    return min(int(text), 7 * 86_400) if text.isdecimal() and len(text) < 9 else 0


def _address(request: HttpRequest, end: datetime | None) -> str:
    query = request.GET.copy()
    query.pop("near", None)
    if end is not None:
        query["window"] = wire.rfc3339(end)
    return f"{request.path}?{query.urlencode()}"


def _context(request: HttpRequest, look: Look, chosen: datetime | None) -> dict[str, Any]:
    in_table = request.GET.get("view") == "table"
    listed, page = _listed(look, _seconds(request.GET.get("page", "")) or 1, IN_FULL if in_table else IN_BRIEF)
    strip = series.around(look.assay, chosen, reads.STRIP_BEFORE, reads.STRIP_AFTER) if chosen else None
    found = _windows(look, [listed, *([strip] if strip else [])])
    rows = _rows(found, chosen)
    shown = [row for row in rows if listed.holds(row.end)][::-1]
    messages = reads.results(look.assay, [row.end for row in shown] + ([chosen] if chosen else []))
    judged = {end: _judged(look, message) for end, message in messages.items()}
    trust, care = insight.trust(look.watched, look.span, [row.rows for row in rows]), care_of(look.watched.field)
    return {
        "section": "overview",
        "look": look,
        "assay": look.assay,
        "field": look.watched.field,
        "fields": look.watched.fields,
        "message": look.watched.message,
        "upstream": upstream(),
        "may_switch": guard.access_of(request).may(Act.SWITCH, look.assay.workspace_id),
        "lengths": ranges.LENGTHS,
        "in_table": in_table,
        "page": page,
        "table": [replace(row, judged=judged.get(row.end)) for row in shown],
        "counts": _counts(look),
        "expected": series.expected(look.assay, look.span),
        "following": following(look.assay, look.preferences.zone, look.now),
        "switches": reads.switches(look.assay),
        "remarks": insight.remarks(look.assay, look.span)[::-1][:MOST_REMARKS],
        "care": care,
        "steps": whatif.steps(look.watched.field, look.span, care.rule),
        "may_triage": guard.access_of(request).may(Act.TRIAGE, look.assay.workspace_id),
        "range_words": formats.days(
            look.range.span.after, look.range.span.until - MICROSECOND, look.preferences.zone, look.now
        ),
        "before": look.range.moved(-1),
        "after": look.range.moved(1) if look.range.span.until < look.now else None,
        "trust": trust,
        "judgement": _judgement(look, trust, rows, messages.get(chosen) if chosen else None),
        **_against(request, look, trust, chosen),
        **_card(look, chosen, rows, judged),
        **_rules(look),
    }


def _windows(look: Look, spans: Sequence[Span]) -> series.Windows:
    found = series.read(look.watched.field.pk, spans)
    return series.with_missing(found, look.assay, spans, look.pauses)


def _listed(look: Look, number: int, many: int) -> tuple[Span, Page[None]]:
    """The span of one page of the table, newest first, and the page; the schedule tells without counting."""
    until = min(look.span.until, look.assay.last_run or look.span.until)
    whole = Span(look.span.after, max(look.span.after, until))
    total = series.expected(look.assay, whole)
    shown = stretch(number, many, total)
    return series.newest(look.assay, whole, shown.start, many), Page((), total, shown)


def _rows(found: series.Windows, chosen: datetime | None) -> list[WindowRow]:
    marked = micros(chosen) if chosen else None
    columns = (found.end, found.start, found.state, found.score, found.rows, found.warning, found.alert)
    return [_row(marked, *values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _row(
    marked: int | None, end: int, start: int, state: int, score: float, rows: int, warning: float, alert: float
) -> WindowRow:
    return WindowRow(
        moment(end),
        State(state),
        _number(score),
        rows if rows >= 0 else None,
        _number(warning),
        _number(alert),
        moment(start) if start else None,
        selected=end == marked,
    )


def _number(value: float) -> float | None:
    return None if value != value else value


def _judged(look: Look, row: Result) -> window.Judged | None:
    if row.problem:
        return None
    return window.judge(
        wire.read_result(row.message), look.watched.fields, look.watched.field.key, look.watched.message
    )


def _judgement(
    look: Look, trust: insight.Trust, rows: Sequence[WindowRow], message: Result | None
) -> insight.Judgement | None:
    """Whether to believe the selected window."""
    row = next((row for row in rows if row.selected), None)
    if row is None:
        return None
    result = wire.read_result(message.message) if message and not message.problem else None
    return insight.judge(look.watched, trust.bands, row.state, row.score, row.rows, result)


def _against(request: HttpRequest, look: Look, trust: insight.Trust, end: datetime | None) -> dict[str, Any]:
    """What the selected window is compared with, and what it may be."""
    asked, calm = request.GET.getlist("against"), trust.bands.calm.end.tolist()
    found = None
    if end is not None and asked:
        found = against.against(look.watched, end, asked, calm, look.preferences.zone, look.now)
    return {
        "against": found,
        "before_name": "Before" if found and found.comparison else "Baseline",
        "comparisons": against.choices(look.assay.plan, bool(calm)),
    }


def _counts(look: Look) -> list[tuple[State, int]]:
    counted = series.counts(look.watched.field.pk, look.span)
    return sorted((state, many) for state, many in counted.items() if many)


def _card(
    look: Look, chosen: datetime | None, rows: Sequence[WindowRow], judged: dict[datetime, window.Judged | None]
) -> dict[str, Any]:
    """The selected window, its neighbours, and what can be said of it."""
    if chosen is None:
        return {"selected": None}
    places = [k for k, row in enumerate(rows) if row.end <= chosen]
    at = places[-1] if places else 0
    first = max(0, min(at - reads.STRIP // 2, len(rows) - reads.STRIP))
    one = next((row for row in rows if row.selected), None)
    return {
        "selected": chosen,
        "selected_key": wire.rfc3339(chosen),
        "selected_start": (one.start if one and one.start else chosen - look.assay.plan.width),
        "row": one,
        "judged": judged.get(chosen),
        "strip": _strip(rows[first : first + reads.STRIP], at - first),
        "window_before": rows[at - 1] if at > 0 else None,
        "window_after": rows[at + 1] if one and at + 1 < len(rows) else None,
        "absence": "" if one else _absence(look.assay, chosen),
        "state_words": window.state_words(one.state) if one else "",
    }


def _strip(rows: Sequence[WindowRow], at: int) -> list[tuple[WindowRow, str]]:
    """Each window with how near it is to the chosen one: narrow screens show the nearest alone."""
    near, mid = _stretch_around(at, len(rows), 6), _stretch_around(at, len(rows), 12)
    return [(row, "" if k in near else "mid" if k in mid else "far") for k, row in enumerate(rows)]


def _stretch_around(at: int, total: int, many: int) -> range:
    first = max(0, min(at - many // 2, total - many))
    return range(first, first + many)


def _absence(assay: Assay, end: datetime) -> str:
    """Why a window that the URL names is not there to be shown."""
    if assay.read_to is not None and end > assay.read_to:
        return "This window has not been read yet."
    if assay.read_from is not None and end <= assay.read_from:
        return "This window is not in the cache: it ended before what is kept."
    return "No window of this assay ends then."


def _rules(look: Look) -> dict[str, Any]:
    """How the assay measures, in words, and what it compares with."""
    rules, baseline = look.watched.message.summarizer.univariate, look.watched.baseline
    return {
        "metric": rules.metric if rules else look.assay.metric,
        "binning": binning(rules, len(baseline.bins.edges) if baseline else 0),
        "baseline": baseline,
        "edges": formats.edges(list(wire.edge_values(baseline.bins.edges))) if baseline else [],
    }


def binning(rules: wire.UnivariateContinuous | None, bins: int) -> str:
    """`PSI, 5 quantile bins, density`."""
    if rules is None:
        return ""
    mode = "" if isinstance(rules.bin_mode, str) else _mode(rules.bin_mode)
    weighted = ", weighted" if rules.bin_weights else ""
    return f"{rules.metric}, {bins} {mode}bins, {rules.aggregation.lower()}{weighted}"


def _mode(mode: wire.BinModeSpec) -> str:
    if mode.quantile or mode.quantile_with_explicit_outliers:
        return "quantile "
    return "equal " if mode.equal else "provided "


@require_GET
@guard.may(Act.READ)
def figure(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The chart as plotly.js draws it, with how many windows it stands for."""
    look = look_at(request, pk)
    theme = request.GET.get("theme")
    drawn = chart_of(look, selected_end(request, look), "dark" if theme == "dark" else "light")
    body = score_chart(drawn).to_json(engine="orjson")
    return unless_seen(request, HttpResponse(body, content_type="application/json"))


def chart_of(look: Look, chosen: datetime | None, theme: Any) -> ScoreChart:
    field = look.watched.field
    step = look.assay.plan.period or look.assay.plan.width
    room = min(step / 2, (look.span.until - look.span.after) / 60)
    buckets = _buckets(look)
    beside = insight.drawn(look.watched, look.span, buckets)
    return ScoreChart(
        metric=look.assay.metric,
        buckets=buckets,
        since=look.span.after,
        until=look.span.until + room,
        zone=look.preferences.zone,
        palette=palette(theme),
        warning=field.warning,
        alert=field.alert,
        selected=_extent(look, chosen) if chosen and look.span.holds(chosen) else None,
        pauses=[Pausing(pause.began_at, pause.ended_at or look.now) for pause in look.pauses],
        moments=[Moment(said.at, said.text, said.until) for said in insight.remarks(look.assay, look.span)],
        noise=beside.noise,
        usual=beside.usual,
        bins=beside.bins,
        tops=beside.tops,
        rows=beside.rows,
    )


def _buckets(look: Look) -> series.Buckets:
    if series.expected(look.assay, look.span) > series.MOST_WINDOWS:
        return series.hours(look.watched.field.pk, look.span)
    return series.buckets(_windows(look, [look.span]))


def _extent(look: Look, end: datetime) -> tuple[datetime, datetime]:
    """As wide as a window's place on the axis, which is its distance to the next and not its width."""
    step = look.assay.plan.period or look.assay.plan.width
    return end - step / 2, end + step / 2


@require_GET
@guard.may(Act.READ)
def statistics(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The field's statistics over time, each in a panel beside the baseline's."""
    look = look_at(request, pk)
    theme: Any = "dark" if request.GET.get("theme") == "dark" else "light"
    over = insight.statistics(look.watched, look.span)
    told = [lines.Line(name, over.end, over.statistics[name], over.baseline.get(name)) for name in PANELS]
    told += [lines.Line("rows", over.end, over.statistics["count"])]
    many = f"{len(over.end):,} of {over.of:,} windows, evenly spread" if over.is_sample else ""
    drawn = lines.Lines(told, look.span.after, look.span.until, look.preferences.zone, palette(theme), many)
    body = lines.multiples(drawn).to_json(engine="orjson")
    return unless_seen(request, HttpResponse(body, content_type="application/json"))


@require_GET
@guard.may(Act.READ)
def expected(request: HttpRequest, pk: UUID) -> HttpResponse:
    """In a sentence, how many false alarms a week are to be expected of the worst field; the overview's tooltip."""
    look = look_at(request, pk)
    newest = series.newest(look.assay, look.span, 0, IN_FULL)
    rows = series.read(look.watched.field.pk, [newest]).rows.tolist()
    trust = insight.trust(look.watched, newest, rows)
    return HttpResponse(insight.expectation(trust), content_type="text/plain; charset=utf-8")
