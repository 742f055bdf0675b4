"""Relaying: any answer comes back as it is and in parts, with a token renewed once and a connection given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from assays.errors import Unavailable
from assays.upstream import Client, Limits
from tests.support.upstream import LIST, Reply, Upstream, as_json, serving


@dataclass
class Renewable:
    """A token that has run out, and the one that a renewal gives."""

    fresh: str
    renewals: int = 0

    def token(self) -> str:
        return "stale"

    def renew(self, refused: str) -> str:
        self.renewals += 1
        return self.fresh


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Upstream) -> Client:
    return Client(upstream.url, Renewable("fresh"), limits=Limits(connect=1, read=0.3))


def test_a_token_that_has_run_out_is_renewed_once(upstream: Upstream) -> None:
    upstream.token = "fresh"
    credentials = Renewable("fresh")
    relayed = Client(upstream.url, credentials).relay(LIST, b"{}")
    assert (relayed.status, b"".join(relayed.parts)) == (200, b"[]")
    assert credentials.renewals == 1


def test_a_token_that_stays_refused_is_handed_back_as_refused(upstream: Upstream) -> None:
    upstream.token = "other"
    credentials = Renewable("fresh")
    relayed = Client(upstream.url, credentials).relay(LIST, b"{}")
    relayed.parts.close()
    assert (relayed.status, credentials.renewals) == (401, 1)


def test_a_refusal_comes_back_with_its_body(upstream: Upstream, client: Client) -> None:
    upstream.misbehave.append(lambda *_: as_json({"error": "frozen"}, 409))
    relayed = client.relay(LIST, b"{}")
    assert (relayed.status, relayed.media) == (409, "application/json")
    assert b"".join(relayed.parts) == b'{"error": "frozen"}'


def test_a_body_comes_in_parts_however_large(upstream: Upstream, client: Client) -> None:
    body = b"[" + b"0," * 500_000 + b"0]"
    upstream.misbehave.append(lambda *_: Reply(body))
    parts = list(client.relay(LIST, b"{}").parts)
    assert b"".join(parts) == body
    assert max(map(len, parts)) <= 65_536


def test_patience_is_of_one_call(upstream: Upstream, client: Client) -> None:
    upstream.misbehave.append(lambda *_: Reply(b"[]", delay=0.6))
    assert b"".join(client.relay(LIST, b"{}", patience=5).parts) == b"[]"
    with pytest.raises(Unavailable, match=r"within 0\.3 s") as failure:
        client.relay(LIST, b"{}")
    assert failure.value.timed_out


def test_an_answer_that_breaks_off_is_no_end(upstream: Upstream, client: Client) -> None:
    upstream.misbehave.append(lambda *_: Reply(b"[1, 2, 3]", cut=4))
    with pytest.raises(Unavailable, match="broke off"):
        b"".join(client.relay(LIST, b"{}").parts)


def test_an_answer_that_nobody_reads_gives_its_connection_back(upstream: Upstream) -> None:
    client = Client(upstream.url, Renewable("fresh"), connections=1)
    for _ in range(3):
        client.relay(LIST, b"{}").parts.close()
    assert upstream.calls[LIST] == 3
