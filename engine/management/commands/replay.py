"""Says, for programs, which log is replayed and how far it is shifted."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.timezone import now

from engine import store
from engine.commands import open_log


class Command(BaseCommand):
    help = 'Print {"log": path, "shift_seconds": number} as JSON.'

    def handle(self, *args: Any, **options: Any) -> None:
        shift = store.replay(open_log(), now()).moved.total_seconds()
        self.stdout.write(json.dumps({"log": str(settings.ENGINE_LOG), "shift_seconds": int(shift)}))
