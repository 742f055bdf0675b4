"""A pytest plugin that gives the settings a world of their own, before pytest-django reads them.

Each run has its own Valkey, and each of its processes a database number in it and a folder for what is written. With
DRIFTLINE_TEST_DB=postgresql the tests that use the database, and only those, run on PostgreSQL: that of DATABASE_URL
where it is set, else a server of their own.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests.support.servers import start_postgresql, start_valkey

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
POSTGRESQL = os.environ.get("DRIFTLINE_TEST_DB", "sqlite") == "postgresql"


def _prepare() -> None:
    if not WORKER:
        _forget_the_callers_settings()
        os.environ["DRIFTLINE_TEST_REDIS"] = os.environ.get("REDIS_URL", "").rstrip("/0") or start_valkey()
        _choose_database()
    number = int(WORKER.removeprefix("gw") or -1) + 1
    os.environ["REDIS_URL"] = f"{os.environ['DRIFTLINE_TEST_REDIS']}/{number}"
    os.environ["DRIFTLINE_VAR"] = tempfile.mkdtemp(prefix="driftline-var-")
    atexit.register(shutil.rmtree, os.environ["DRIFTLINE_VAR"], ignore_errors=True)


def _forget_the_callers_settings() -> None:
    for name in list(os.environ):
        if name.startswith(("WALLAROO_", "ENGINE_", "DRIFTLINE_")) and not name.startswith("DRIFTLINE_TEST_"):
            del os.environ[name]


def _choose_database() -> None:
    if not POSTGRESQL:
        os.environ.pop("DATABASE_URL", None)
    elif not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgresql()


_prepare()


def pytest_report_header() -> str:
    return f"driftline: {os.environ.get('DATABASE_URL', 'sqlite')}, {os.environ['REDIS_URL']}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if POSTGRESQL:
        chosen = [item for item in items if _uses_the_database(item) and not item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def _uses_the_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "live_server"})


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    if terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("FAILED: tests were skipped; whatever they miss must be installed", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing is skipped in silence: a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
