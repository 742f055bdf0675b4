"""A worker that is killed while a mail server has its mail: the mail is sent by the next, or not twice."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from dashboard.reports import sending
from dashboard.reports.models import Mail, Outcome
from tests.assays.test_polling import database_url
from tests.dashboard.reports.conftest import Begin

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@dataclass
class Slow:
    """A mail server that waits at one step until it is told to go on; `reached` are the steps it has come to."""

    at: str
    reached: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    may_go_on: bool = False

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: object) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return await self._pass("RCPT")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(next(line for line in content.decode().splitlines() if line.startswith("Message-ID")))
        return await self._pass("DATA")

    async def _pass(self, step: str) -> str:
        self.reached.append(step)
        while self.at == step and not self.may_go_on:
            await asyncio.sleep(0.01)
        return "250 OK"


def kill_a_worker(server: Slow, port: int) -> None:
    """SIGKILL while the server keeps it waiting."""
    told = {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DRIFTLINE_MAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    process = subprocess.Popen([sys.executable, "manage.py", "report", "due"], env=os.environ | told)
    deadline = time.monotonic() + 60
    while server.at not in server.reached:
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -9
    server.may_go_on = True


@pytest.mark.parametrize(("at", "mails", "outcome"), [("RCPT", 1, Outcome.SENT), ("DATA", 1, Outcome.HANDED)])
def test_a_killed_workers_mail_is_sent_by_the_next_unless_the_server_may_have_it(
    settings: Settings, begin: Begin, at: str, mails: int, outcome: Outcome
) -> None:
    begin()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Slow(at)
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        kill_a_worker(server, port)
        settings.MAIL_URL = f"smtp://127.0.0.1:{port}"
        for _ in range(3):
            sending.run(datetime.now(UTC) + sending.LEASE)
        assert len(server.taken) == mails
        assert Mail.objects.get().outcome == outcome
    finally:
        controller.stop()
