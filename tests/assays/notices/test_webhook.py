"""The signed webhook and its documentation: the schema, the headers and the receiver's own check are the real ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from assays.incidents.models import ChangeKind, Kind
from assays.models import Assay
from assays.notices import channels, pagers, sending, webhook
from assays.notices.models import Event, Route
from assays.notices.notice import Notice
from assays.states import State
from tests.assays.notices.conftest import add_route, close, make_incident, send_all, tell
from tests.support.receivers import Call, Receiver

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "notifications.md").read_text()
SCHEMA = json.loads((DOCS / "webhook.schema.json").read_text())


def is_genuine(call: Call, secret: str, body: bytes | None = None) -> bool:
    """As the documentation tells receivers to check."""
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)  # noqa: S102
    return bool(names["is_genuine"](call.headers, call.body if body is None else body, secret))


@pytest.fixture
def hook(db: None, receiver: Receiver) -> Route:
    return add_route(receiver.url)


def test_a_receiver_that_follows_the_documentation_knows_a_genuine_message(hook: Route, receiver: Receiver) -> None:
    sending.try_out(hook)
    [call] = receiver.calls
    secret = hook.secret.open()
    assert is_genuine(call, secret)
    assert not is_genuine(call, "another secret")
    assert not is_genuine(call, secret, call.body.replace(b"test", b"tset"))
    call.headers["Driftline-Timestamp"] = str(int(call.headers["Driftline-Timestamp"]) - 3600)
    assert not is_genuine(call, secret), "it was sent long ago"


def test_the_signature_is_the_one_that_others_compute() -> None:
    """By `printf '1750000000.{"a":1}' | openssl dgst -sha256 -hmac secret`."""
    expected = "sha256=801fe104511cda3cd833e99ab98bd20d3ccdc9e83aa6a23d988ac197ac58bc30"
    assert webhook.headers("d", b'{"a":1}', "secret", 1_750_000_000)[webhook.SIGNATURE] == expected


def test_every_message_follows_the_documented_schema(hook: Route, assay: Assay, receiver: Receiver) -> None:
    sending.try_out(hook)
    for kind, at in ((Kind.DRIFT, assay), (Kind.LATE, assay), (Kind.UNREACHABLE, None)):
        incident = make_incident(at, kind)
        tell(incident)
        tell(incident, ChangeKind.BACK, peak=0.3, severity=State.ALERT)
        send_all()
        close(incident)
        send_all()
    for _ in range(sending.BURST + 1):
        tell(make_incident(assay))
    send_all()
    assert {"test", "opened", "resolved", "summary"} <= set(receiver.events)
    for call in receiver.calls:
        jsonschema.validate(call.json, SCHEMA, format_checker=jsonschema.FormatChecker())
        assert call.headers["Driftline-Delivery"] == call.json["id"]


def test_the_schema_is_the_codes() -> None:
    schema = json.loads(msgspec.json.encode(msgspec.json.schema(Notice)))
    assert schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"} == SCHEMA


def table(heading: str) -> list[str]:
    """The first column of the table under a heading row that begins so."""
    body = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [re.sub(r"[|`]", "", line.split(" | ")[0]).strip() for line in body]


def test_the_documentation_lists_every_event_and_header() -> None:
    assert set(table("event")) == set(Event.values) == set(SCHEMA["$defs"]["Notice"]["properties"]["event"]["enum"])
    assert table("header") == [webhook.DELIVERY, webhook.TIMESTAMP, webhook.SIGNATURE]


def test_each_address_of_the_documentation_leads_where_it_says() -> None:
    addresses = [address for row in table("address") for address in row.split(" and ")[0].split(", ")]
    schemes = [address.split("://")[0] for address in addresses]
    assert schemes == ["https", *channels.PAGERS, "mailtos", "slack", "workflows", "discord", "ntfys"]
    for address in (addresses[0], addresses[3]):
        channels.check(address)
    assert pagers.account("pagerduty://KEY?region=eu").region == "eu"
    assert str(sending.BURST) in re.findall(r"more than (\d+) messages", PAGE)
