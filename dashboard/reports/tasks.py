"""Celery's door to the history by mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.conf import settings

from dashboard.reports import sending


@shared_task
def send_reports() -> None:
    sending.run(datetime.now(UTC))


@shared_task
def forget_reports() -> None:
    sending.forget(datetime.now(UTC) - timedelta(days=settings.RETENTION_DAYS))
