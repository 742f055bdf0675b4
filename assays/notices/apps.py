"""Messages to people as a Django app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "assays.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assays.incidents.signals import changed
        from assays.notices.outbox import record

        changed.connect(record, dispatch_uid="notices")
