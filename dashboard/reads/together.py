"""Several fields beside one another: what moved among those of a pipeline, and up to eight on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assays.coverage import Span
from assays.insight import together
from assays.insight.together import MOST_FIELDS, Line, Moved
from assays.models import Field
from dashboard.access import Access

MOST_RANKED = 200


@dataclass(frozen=True, slots=True)
class Ranked:
    """A field of the ranking; `rank_of_first` is its place among those that went bad, oldest first."""

    moved: Moved
    chosen: bool
    rank_of_first: int | None


def of_pipeline(access: Access, pipeline: int | None) -> list[Field]:
    """Its fields, or without one those of all pipelines, at most as many as a page holds."""
    wanted = Field.objects.all() if pipeline is None else Field.objects.filter(assay__pipeline_id=pipeline)
    kept = access.within(wanted, "assay__workspace_id")
    return list(kept.select_related("assay").defer("assay__message").order_by("assay__name", "position")[:MOST_RANKED])


def named(access: Access, numbers: Sequence[int]) -> list[Field]:
    """Those that may be seen, in the order asked for, at most as many as can be told apart."""
    wanted = list(dict.fromkeys(numbers))[:MOST_FIELDS]
    kept = access.within(Field.objects.filter(pk__in=wanted), "assay__workspace_id")
    found = {field.pk: field for field in kept.select_related("assay").defer("assay__message")}
    return [found[number] for number in wanted if number in found]


def ranking(fields: Sequence[Field], chosen: Sequence[Field], span: Span) -> list[Ranked]:
    found = together.moved(fields, span)
    bad = sorted(one.first_bad for one in found if one.first_bad is not None)
    numbers = {field.pk for field in chosen}
    return [
        Ranked(one, one.field.pk in numbers, bad.index(one.first_bad) + 1 if one.first_bad else None) for one in found
    ]


def lines(fields: Sequence[Field], span: Span) -> list[Line]:
    """Those with a threshold."""
    return [line for line in together.together(fields, span) if line is not None]
