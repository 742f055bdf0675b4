"""History as a Django app: it is told when the past is counted anew."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "dashboard.history"
    label = "history"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assays.signals import recounted
        from dashboard.history import keeping

        recounted.connect(keeping.note)
