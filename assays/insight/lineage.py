"""Successors and what they carry on: upstream an assay with other thresholds is a new one, here it is one story."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from assays import audit
from assays.coverage import Span
from assays.insight.models import Succession
from assays.insight.packs import History, history, joined
from assays.insight.sayings import said
from assays.models import Assay, Field

LONGEST = 20
"""No assay has more predecessors than this in a row."""


@transaction.atomic
def succeed(successor: Assay, predecessor: Assay, by: AbstractBaseUser) -> Succession:
    """Links the two. ValueError across workspaces, for a successor that has one already, and for a circle."""
    if successor.workspace_id != predecessor.workspace_id:
        raise ValueError("an assay takes the place of one in its own workspace")
    if Succession.objects.filter(successor=successor).exists():
        raise ValueError("it already takes the place of another")
    line = [predecessor, *ancestors(predecessor)]
    if successor in line or len(line) >= LONGEST:
        raise ValueError("an assay cannot come before itself")
    row = Succession.objects.create(successor=successor, predecessor=predecessor, **said(by))
    _record("insight.succeed", row, by)
    return row


@transaction.atomic
def part(row: Succession, by: AbstractBaseUser) -> None:
    """Takes the link back."""
    _record("insight.succeed.undo", row, by)
    row.delete()


def ancestors(assay: Assay) -> list[Assay]:
    """Whose place it took, the nearest first."""
    found: list[Assay] = []
    link = Succession.objects.filter(successor=assay).select_related("predecessor").first()
    while link is not None and len(found) < LONGEST:
        found.append(link.predecessor)
        link = Succession.objects.filter(successor=link.predecessor).select_related("predecessor").first()
    return found


def forebears(field: Field) -> list[Field]:
    """The fields of the same key of all whose place the assay took, the nearest first."""
    line = [row.pk for row in ancestors(field.assay)]
    same = {row.assay_id: row for row in Field.objects.filter(assay__in=line, mark=field.mark).select_related("assay")}
    return [same[pk] for pk in line if pk in same]


def whole_history(field: Field, span: Span) -> History:
    """A field's scored windows with those of its forebears up to where the one after them begins, oldest first."""
    return joined(reversed([*_parts([field, *forebears(field)], span)]))


def _parts(line: Iterable[Field], span: Span) -> Iterable[History]:
    """The nearest first, each cut where the first window of the one after it begins to exist."""
    begins = None
    for field in line:
        found = history(field, span)
        found = found if begins is None else found.take(found.end < begins)
        begins = int(found.end[0]) if len(found) else begins
        yield found


def _record(act: str, row: Succession, by: AbstractBaseUser) -> None:
    new, old = row.successor, row.predecessor
    detail = {"predecessor": str(old.pk), "name": old.name}
    audit.record(act, by, about=new.name, about_id=str(new.pk), workspace_id=new.workspace_id, detail=detail)
