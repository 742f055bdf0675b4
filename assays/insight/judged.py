"""Incidents of a field as people judged them, for trying thresholds against."""

from __future__ import annotations

from assays.incidents.models import Incident, Kind, Mark
from assays.insight.whatif import Marked
from assays.models import Field
from assays.schedule import micros


def judged(field: Field) -> list[Marked]:
    """Oldest first; what nobody judged is left out."""
    rows = Incident.objects.filter(field=field, kind=Kind.DRIFT).exclude(mark=Mark.NONE).order_by("first_bad_end")
    return [
        Marked(str(row.pk), micros(row.first_bad_end), micros(row.last_bad_end), row.mark == Mark.CONFIRMED)
        for row in rows
    ]
