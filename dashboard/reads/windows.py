"""A field's windows over any range, a fortnight at a time, so that memory does not follow the range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from assays import series
from assays.coverage import Span
from assays.models import Assay, Pause

AT_ONCE = timedelta(days=14)


def read(assay: Assay, field_id: int, span: Span, pauses: Sequence[Pause]) -> Iterator[series.Windows]:
    """Oldest first, those without data among them."""
    for part in _parts(span):
        yield series.with_missing(series.read(field_id, [part]), assay, [part], pauses)


def _parts(span: Span) -> Iterator[Span]:
    bounds = [span.after]
    while bounds[-1] < span.until:
        bounds.append(min(bounds[-1] + AT_ONCE, span.until))
    return (Span(*pair) for pair in pairwise(bounds))
