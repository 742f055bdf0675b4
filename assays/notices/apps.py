"""Messages to people as a Django app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "assays.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
