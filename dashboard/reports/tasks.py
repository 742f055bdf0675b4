"""Celery's door to the history by mail."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from dashboard.reports import sending


@shared_task
def send_reports() -> None:
    sending.run(datetime.now(UTC))
