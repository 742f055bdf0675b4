"""Incidents as a Django app of their own, with migrations of their own."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "assays.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"
