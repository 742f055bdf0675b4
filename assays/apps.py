"""The domain as a Django app."""

from django.apps import AppConfig


class AssaysConfig(AppConfig):
    name = "assays"
    default_auto_field = "django.db.models.BigAutoField"
