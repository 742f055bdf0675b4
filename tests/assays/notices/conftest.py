"""Messages in tests: a real webhook receiver and a real SMTP server, on loopback, which the settings allow."""

from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture
def _loopback_allowed(settings: Settings) -> None:
    settings.NOTICE_NETWORKS = ["127.0.0.0/8"]
