"""The dashboard as a Django app: it sees to it that the groups exist after every migration."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    name = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dashboard import checks  # noqa: F401  (registers them)

        post_migrate.connect(_make_groups, sender=self)


def _make_groups(**_: Any) -> None:
    from dashboard.people import make_groups

    make_groups()
