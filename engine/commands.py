"""What the engine's commands share: opening the log, and ending with one sentence when that cannot be."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError

from engine.log import Log, LogError


def open_log() -> Log:
    """The log the settings name. Raises CommandError, exit code 2, when it cannot be read."""
    try:
        return Log(settings.ENGINE_LOG, settings.ENGINE_THREADS)
    except LogError as error:
        raise CommandError(f"ENGINE_LOG: {error}", returncode=2) from error
