"""What people say of an assay: calm periods, remarks on the time axis, answers to the doctor. Each is audited."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from assays import audit
from assays.coverage import Span
from assays.insight.doctor import OF_ASSAY, Kind
from assays.insight.models import Annotation, CalmPeriod, Dismissal
from assays.models import Assay, Field
from assays.wire import rfc3339


@transaction.atomic
def call_calm(assay: Assay, span: Span, by: AbstractBaseUser, note: str = "") -> CalmPeriod:
    """ValueError unless the period ends after it begins."""
    if not span:
        raise ValueError("a calm period ends after it begins")
    row = CalmPeriod.objects.create(assay=assay, after=span.after, until=span.until, note=note, **said(by))
    _record("insight.calm", assay, by, after=rfc3339(span.after), until=rfc3339(span.until))
    return row


@transaction.atomic
def call_calm_no_more(row: CalmPeriod, by: AbstractBaseUser) -> None:
    _record("insight.calm.end", row.assay, by, after=rfc3339(row.after), until=rfc3339(row.until))
    row.delete()


@transaction.atomic
def annotate(
    assay: Assay, at: datetime, text: str, by: AbstractBaseUser, *, until: datetime | None = None, link: str = ""
) -> Annotation:
    """ValueError without a text, for a stretch that ends before it begins, and for a link that is not one to a page."""
    if not text.strip() or (until is not None and until <= at):
        raise ValueError("a remark has a text, and ends after it begins")
    if link and not link.startswith(("https://", "http://")):
        raise ValueError("a link begins with https:// or http://")
    row = Annotation.objects.create(assay=assay, at=at, until=until, text=text.strip(), link=link, **said(by))
    _record("insight.annotate", assay, by, at=rfc3339(at), text=row.text)
    return row


@transaction.atomic
def withdraw(row: Annotation, by: AbstractBaseUser) -> None:
    _record("insight.annotate.withdraw", row.assay, by, at=rfc3339(row.at), text=row.text)
    row.delete()


@transaction.atomic
def dismiss(assay: Assay, field: Field | None, kind: Kind, reason: str, by: AbstractBaseUser) -> Dismissal:
    """ValueError without a reason, and for a field where the kind is of the whole assay or the other way round."""
    if not reason.strip() or (field is None) != (kind in OF_ASSAY):
        raise ValueError("a finding is dismissed with a reason, and of what it was found of")
    row, _ = Dismissal.objects.update_or_create(
        assay=assay, field=field, kind=kind.value, defaults={"reason": reason.strip(), **said(by)}
    )
    _record("insight.dismiss", assay, by, kind=kind.value, field=field.key if field else "", reason=row.reason)
    return row


@transaction.atomic
def take_up_again(row: Dismissal, by: AbstractBaseUser) -> None:
    _record("insight.dismiss.undo", row.assay, by, kind=row.kind)
    row.delete()


def said(by: AbstractBaseUser) -> dict[str, object]:
    """The columns of `models.Said`."""
    return {"person_id": by.pk, "who": by.get_username(), "said_at": datetime.now(UTC)}


def _record(act: str, assay: Assay, by: AbstractBaseUser, **detail: object) -> None:
    audit.record(act, by, about=assay.name, about_id=str(assay.pk), workspace_id=assay.workspace_id, detail=detail)
