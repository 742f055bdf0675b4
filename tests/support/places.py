"""Two workspaces whose every name is unmistakable, and everybody who may or may not see them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client as Browser

from assays import audit, instance
from assays.credentials import StaticToken
from assays.incidents import about
from assays.incidents.models import Event, Incident
from assays.listing import apply_assays
from assays.models import Assay, Outcome, Switch, Upstream
from assays.notices.models import Delivery, Maintenance, Route
from assays.notices.sealing import Sealed
from assays.sync import run_pass
from assays.upstream import Client, Limits
from dashboard import tokens
from dashboard.access import Act
from dashboard.models import Grant
from dashboard.roles import Role
from tests.support import messages
from tests.support.upstream import Upstream as Served

HERE, ELSEWHERE = 7_710_011, 8_820_022
MARKS = {HERE: "quagga", ELSEWHERE: "okapi"}
"""The word that stands in every name of a workspace, and of what lies in it."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Place:
    """A workspace with an assay that has known every state, and what tells it from the other."""

    workspace: int
    assay: Assay

    @property
    def mark(self) -> str:
        return MARKS[self.workspace]

    @property
    def traces(self) -> list[str]:
        """What nobody may find who does not see the workspace."""
        return [self.mark, str(self.assay.pk), self.assay.pk.hex, str(self.workspace), str(self.workspace + 1)]


@dataclass(frozen=True)
class Places:
    """The workspace a test is about, and another."""

    here: Place
    elsewhere: Place
    served: Served


def planted(served: Served) -> Places:
    """Both workspaces, read from upstream as the worker reads them."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number, workspace in enumerate(MARKS, start=1):
        _plant(served, number, workspace, now)
    client, at = Client(served.url, StaticToken()), datetime.now(UTC)
    apply_assays(client.assays(), at)
    for _ in run_pass(client, list(Assay.objects.values_list("pk", flat=True)), 2):
        pass
    Upstream.objects.update_or_create(
        pk=1, defaults={"reachable": True, "since": at, "last_answer_at": at, "last_listed_at": at}
    )
    served.calls.clear()
    return Places(_place(HERE), _place(ELSEWHERE), served)


def _plant(served: Served, number: int, workspace: int, now: datetime) -> None:
    mark = MARKS[workspace]
    scores = [0.05, 0.15, 0.3, f"{mark} model is gone", 0.1, 0.35]
    ends = [now - HOUR * k for k in range(len(scores) - 1, -1, -1)]
    told = messages.assay(
        0xABCDEF00 + number,
        name=f"{mark} assay",
        first_run=ends[0],
        workspace=workspace,
        pipeline=workspace + 1,
        fields={f"{mark}.score": (0.1, 0.2)},
    )
    told["targeting"]["data_origin"] |= {"workspace_name": f"{mark} workspace", "pipeline_name": f"{mark} pipeline"}
    served.assays[told["id"]] = told
    served.results[told["id"]] = messages.results(told, ends, scores)  # type: ignore[arg-type]
    served.runs[told["id"]] = messages.runs(now, now + HOUR)


def _place(workspace: int) -> Place:
    assay = Assay.objects.get(workspace_id=workspace)
    mark, at = MARKS[workspace], datetime.now(UTC)
    Switch.objects.create(
        assay=assay, who=f"{mark} person", why=f"{mark} reason", asked_at=at, was_active=False, to_active=True,
        outcome=Outcome.DONE, settled_at=at,
    )  # fmt: skip
    by, told = f"{mark} person", {"why": f"{mark} reason"}
    audit.record("assay.switch", by, about=assay.name, about_id=str(assay.pk), workspace_id=workspace, detail=told)
    about.add_marker(Event.DEPLOYMENT, at, f"{mark} deployed", by, about.Scope(workspace_id=workspace))
    _notices(workspace, assay, at)
    return Place(workspace, assay)


def _notices(workspace: int, assay: Assay, at: datetime) -> None:
    """A webhook into a private network, a message that it has not taken, and maintenance that is announced."""
    mark, later = MARKS[workspace], at + 24 * HOUR
    address = f"https://10.0.0.1/{mark}-token"
    route = Route.objects.create(
        name=f"{mark} route", address=Sealed.of(address), secret=Sealed.of(f"{mark} secret"),
        shown=f"https://{mark}.example.com/\N{HORIZONTAL ELLIPSIS}", workspace_id=workspace,
    )  # fmt: skip
    told = Incident.objects.filter(assay=assay)[0]
    Delivery.objects.create(
        route=route, incident=told, event="opened", created_at=at, due_at=later, tries=3, last_error=f"{mark} is down"
    )
    Maintenance.objects.create(
        starts_at=later, ends_at=later + HOUR, workspace_id=workspace, why=f"{mark} moves", who=f"{mark} person"
    )


def asking(served: Served) -> Client:
    """The server's own client, with little patience."""
    return Client(served.url, StaticToken(), limits=Limits(connect=1, read=0.5))


def asks(monkeypatch: Any, served: Served) -> None:
    client = asking(served)
    monkeypatch.setattr(instance, "client", lambda: client)


@dataclass(frozen=True)
class Subject:
    """Who asks: nobody, or an account with one role in one workspace (None: in all of them)."""

    name: str
    role: Role | None = None
    workspace: int | None = None
    anonymous: bool = False

    def may(self, act: Act, workspace: int | None = None) -> bool:
        """By the table of roles as it was agreed, not as the code has it."""
        if self.role is None or act.name not in AGREED[self.role]:
            return False
        if act is Act.ADMINISTER:
            return self.workspace is None
        return workspace is None or self.workspace in (None, workspace)

    def account(self) -> User:
        person, is_new = User.objects.get_or_create(username=self.name.replace(" ", "-"))
        if is_new and self.role:
            Grant.objects.create(person=person, role=self.role, workspace_id=self.workspace)
        return person

    def browser(self, **options: Any) -> Browser:
        browser = Browser(raise_request_exception=False, **options)
        if not self.anonymous:
            browser.force_login(self.account())
        return browser

    def bearer(self) -> dict[str, str]:
        """The headers of a token of its own, without an owner."""
        assert self.role
        where = None if self.workspace is None else [self.workspace]
        return {"Authorization": f"Bearer {tokens.make(self.name, self.role, where)[1]}"}


_READS = {"READ"}
_TRIAGES = _READS | {"TRIAGE"}
_OPERATES = _TRIAGES | {"SWITCH", "SCHEDULE"}
AGREED = {
    Role.VIEWER: _READS,
    Role.RESPONDER: _TRIAGES,
    Role.OPERATOR: _OPERATES,
    Role.ADMIN: _OPERATES | {"ADMINISTER"},
}

ANONYMOUS = Subject("anonymous", anonymous=True)
NOBODY = Subject("without a role")
SUBJECTS = (
    ANONYMOUS,
    NOBODY,
    *(
        Subject(f"{role.value} {where}", role, workspace)
        for role in (Role.VIEWER, Role.RESPONDER, Role.OPERATOR)
        for where, workspace in (("everywhere", None), ("here", HERE), ("elsewhere", ELSEWHERE))
    ),
    Subject("admin everywhere", Role.ADMIN),
)


def body_of(response: Any) -> bytes:
    """Of an answer that is streamed as well."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def as_json(body: Any) -> dict[str, Any]:
    """Arguments for a test client's post."""
    return {"data": body if isinstance(body, bytes) else json.dumps(body), "content_type": "application/json"}
