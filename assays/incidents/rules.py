"""Which rule and whose thresholds a field's incidents follow, and the operator's changes of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from assays import audit
from assays.incidents import derive
from assays.incidents.models import LocalThreshold, Rule, Watch
from assays.models import Assay, Field

DEFAULT = derive.Rule()

Scope = dict[str, Any]
"""One of `workspace_id`, `pipeline_id`, `assay` or `field`, as `models.Rule` names it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules there are; the nearest scope wins: field, assay, pipeline, workspace."""

    by_scope: Mapping[tuple[str, object], derive.Rule]

    def of(self, assay: Assay, field: Field) -> derive.Rule:
        nearest = (
            ("field", field.pk),
            ("assay", assay.pk),
            ("pipeline", assay.pipeline_id),
            ("workspace", assay.workspace_id),
        )
        return next((self.by_scope[scope] for scope in nearest if scope in self.by_scope), DEFAULT)


def read() -> Rules:
    found: dict[tuple[str, object], derive.Rule] = {}
    for row in Rule.objects.all():
        for level, key in (
            ("field", row.field_id),
            ("assay", row.assay_id),
            ("pipeline", row.pipeline_id),
            ("workspace", row.workspace_id),
        ):
            if key is not None:
                found[level, key] = derive.Rule(row.k, row.n, row.m)
    return Rules(found)


def local_thresholds(fields: Iterable[Field]) -> dict[int, LocalThreshold]:
    rows = LocalThreshold.objects.filter(field__in=[field.pk for field in fields])
    return {row.pk: row for row in rows}


def set_rule(scope: Scope, rule: derive.Rule, by: AbstractBaseUser | str) -> Rule:
    """Sets the rule of one scope. The incidents concerned follow it within seconds, and none of that is news."""
    with transaction.atomic():
        told = {"k": rule.k, "n": rule.n, "m": rule.m, "who": _name(by), "at": datetime.now(UTC)}
        row, _ = Rule.objects.update_or_create(**scope, defaults=told)
        _redo(scope)
        _record("rule.set", by, scope, {"k": rule.k, "n": rule.n, "m": rule.m})
    return row


def drop_rule(scope: Scope, by: AbstractBaseUser | str) -> None:
    """Goes back to the rule of the scope around."""
    with transaction.atomic():
        Rule.objects.filter(**scope).delete()
        _redo(scope)
        _record("rule.drop", by, scope, {})


def set_threshold(
    field: Field, warning: float | None, alert: float | None, reason: str, by: AbstractBaseUser | str
) -> LocalThreshold:
    """Gives a field thresholds of Driftline's own, which its incidents follow within seconds; upstream keeps its own.

    Raises ValueError when there is no reason, or the warning lies above the alert.
    """
    if not reason.strip():
        raise ValueError("a threshold of one's own needs a reason")
    if warning is not None and alert is not None and warning > alert:
        raise ValueError("a warning above the alert never fires")
    with transaction.atomic():
        told = {"warning": warning, "alert": alert, "reason": reason, "who": _name(by), "at": datetime.now(UTC)}
        row, _ = LocalThreshold.objects.update_or_create(field=field, defaults=told)
        _redo({"field": field})
        _record("threshold.set", by, {"field": field}, {"warning": warning, "alert": alert, "reason": reason})
    return row


def drop_threshold(field: Field, by: AbstractBaseUser | str) -> None:
    """Goes back to upstream's thresholds."""
    with transaction.atomic():
        LocalThreshold.objects.filter(field=field).delete()
        _redo({"field": field})
        _record("threshold.drop", by, {"field": field}, {})


def _redo(scope: Scope) -> None:
    """Marks the assays concerned as stale: they are derived anew, one a transaction."""
    ((level, key),) = scope.items()
    if level in ("workspace_id", "pipeline_id"):
        Watch.objects.filter(**{f"assay__{level}": key}).update(stale=True)
    else:
        Watch.objects.filter(assay=key.assay_id if level == "field" else key).update(stale=True)


def _record(act: str, by: AbstractBaseUser | str, scope: Scope, detail: dict[str, object]) -> None:
    ((level, key),) = scope.items()
    assay = key.assay if level == "field" else key if level == "assay" else None
    audit.record(
        act,
        by,
        about=level.removesuffix("_id"),
        about_id=str(getattr(key, "pk", key)),
        workspace_id=assay.workspace_id if assay else key if level == "workspace_id" else None,
        detail=detail,
    )


def _name(by: AbstractBaseUser | str) -> str:
    return by if isinstance(by, str) else by.get_username()
