"""What every test starts from: an empty cache in Valkey, and a folder for static files."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from hypothesis import settings as properties

properties.register_profile("driftline", deadline=None)  # no test is timed: the machine may be busy
properties.load_profile("driftline")


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """No test collects static files, and a server that lasts the whole run looks for the folder first."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()
