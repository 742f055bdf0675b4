"""What is found out about scores, as a Django app of its own."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "assays.insight"
    default_auto_field = "django.db.models.BigAutoField"
