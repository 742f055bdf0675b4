"""What every test starts from: an empty cache in Valkey, and a folder for static files."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """No test collects static files, and a server that lasts the whole run looks for the folder first."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()
