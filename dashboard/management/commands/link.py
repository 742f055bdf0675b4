"""Prints a new one-time sign-in link."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from dashboard.links import make_token


class Command(BaseCommand):
    help = "Prints a new link that signs the local operator in, once, within half an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base", default=settings.PUBLIC_URL, help="where the dashboard is reached")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(options["base"].rstrip("/") + reverse("sign-in-link", args=[make_token()]))
