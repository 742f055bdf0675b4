"""What went bad together: incidents of one pipeline whose onsets lie within the same day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from assays.incidents.models import Incident
from assays.models import Assay

TOGETHER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Group:
    """Incidents of one pipeline that began within a day of the first, oldest first."""

    pipeline_id: int
    incidents: tuple[Incident, ...]

    @property
    def since(self) -> datetime:
        return self.incidents[0].onset

    @property
    def assays(self) -> int:
        """How many assays it concerns."""
        return len({incident.assay_id for incident in self.incidents})


def groups(incidents: Iterable[Incident]) -> list[Group]:
    """The groups of two incidents and more, those that began last first; whatever is in none began alone."""
    by_pipeline: dict[int, list[Incident]] = defaultdict(list)
    for incident in incidents:
        if incident.pipeline_id is not None:
            by_pipeline[incident.pipeline_id].append(incident)
    found = [Group(pk, run) for pk, rows in by_pipeline.items() for run in _runs(rows) if len(run) > 1]
    return sorted(found, key=lambda group: group.since, reverse=True)


def _runs(incidents: Sequence[Incident]) -> list[tuple[Incident, ...]]:
    runs: list[tuple[Incident, ...]] = []
    for incident in sorted(incidents, key=lambda one: (one.onset, one.pk)):
        if runs and incident.onset - runs[-1][0].onset <= TOGETHER:
            runs[-1] = (*runs[-1], incident)
        else:
            runs.append((incident,))
    return runs


def bad_with(incident: Incident) -> QuerySet[Incident]:
    """What else of the same pipeline went bad within a day before or after, open or not, nearest worst first."""
    around = Incident.objects.filter(
        pipeline_id=incident.pipeline_id,
        onset__gte=incident.onset - TOGETHER,
        onset__lte=incident.onset + TOGETHER,
        merged_into=None,
        count__gt=0,
    )
    return around.exclude(pk=incident.pk).exclude(pipeline_id=None).order_by("severity", "onset", "pk")


def sizes(pipelines: Iterable[int]) -> dict[int, int]:
    """How many assays each pipeline has: the 10 of `4 of 10 assays`."""
    rows = Assay.objects.filter(pipeline_id__in=list(pipelines), gone_since=None)
    return dict(rows.values_list("pipeline_id").annotate(many=Count("pk")))
