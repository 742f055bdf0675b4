"""The client against a real socket: what it sends, what it survives, and how it says what went wrong."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from assays.credentials import StaticToken
from assays.errors import APIError, Malformed, Rejected, TooLarge, Unavailable
from assays.upstream import Answered, Client, Limits, open_session
from tests.support import messages
from tests.support.messages import START, sample
from tests.support.upstream import (
    FEATURES,
    GET,
    LIST,
    NEXT_RUN,
    RESULTS,
    SET_ACTIVE,
    Message,
    Misbehaviour,
    Reply,
    Upstream,
    as_json,
    serving,
)

HOUR = timedelta(hours=1)
SECRET = "a-token-nobody-may-see"
ASSAY = messages.assay()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        upstream.assays[ASSAY["id"]] = ASSAY
        yield upstream


@pytest.fixture
def client(upstream: Upstream) -> Client:
    return Client(upstream.url, StaticToken(SECRET), limits=Limits(connect=1, read=0.5, whole=2, size=100_000))


def always(reply: Reply, path: str = LIST) -> Misbehaviour:
    return lambda asked, _: reply if asked == path else None


def once(reply: Reply, path: str) -> Misbehaviour:
    left = [reply]
    return lambda asked, _: left.pop() if asked == path and left else None


def answered_with(upstream: Upstream, results: list[Any]) -> None:
    upstream.misbehave.append(always(Reply(json.dumps(results).encode()), RESULTS))


def read(client: Client) -> Any:
    return client.results(ASSAY["id"], START, START + 24 * HOUR)


def test_every_endpoint_answers_typed(upstream: Upstream, client: Client) -> None:
    upstream.results[ASSAY["id"]] = [messages.result(ASSAY, START + HOUR)]
    upstream.runs[ASSAY["id"]] = sample("next_run")
    assert client.features().message.features == {"plateau": "true"}
    assert client.assays().good[0].message.name == "assay 1"
    assert client.assay(ASSAY["id"]).message.id == ASSAY["id"]
    assert read(client).good[0].message.scores["out.score"].score == 0.05
    next_run = client.next_run(ASSAY["id"]).message
    assert next_run.last_run is not None
    assert next_run.last_run.minute == 37
    client.set_active(ASSAY["id"], False)
    assert upstream.assays[ASSAY["id"]]["active"] is False


def test_a_range_is_asked_after_its_start_and_up_to_its_end(upstream: Upstream, client: Client) -> None:
    upstream.results[ASSAY["id"]] = [messages.result(ASSAY, START + HOUR * n) for n in range(4)]
    listing = client.results(ASSAY["id"], START, START + 2 * HOUR)
    assert [item.message.window_end for item in listing.good] == [START + 2 * HOUR, START + HOUR]


def test_a_message_keeps_the_bytes_it_came_in(upstream: Upstream, client: Client) -> None:
    odd = messages.result(ASSAY, START + HOUR) | {"brand_new": {"deep": [1, 2.50, None]}}
    raw = json.dumps(odd, indent=1).encode()
    upstream.misbehave.append(always(Reply(b"[" + raw + b"]"), RESULTS))
    assert read(client).good[0].raw == raw


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"window_end": "yesterday"}, "window_end"),
        ({"window_end": "2026-06-01T01:00:00"}, "window_end"),
        ({"status": "Fine"}, "status"),
        ({"id": "seven"}, "id"),
        ({"updated_at": None}, "updated_at"),
        ({"scores": "none"}, "scores"),
        ({"window_start": "2026-06-02T00:00:00Z"}, "window_end"),
    ],
)
def test_one_result_that_cannot_be_read_holds_up_no_other(
    upstream: Upstream, client: Client, changes: Message, field: str
) -> None:
    answered_with(upstream, [messages.result(ASSAY, START + n * HOUR) for n in (1, 2)])
    bad = messages.result(ASSAY, START + HOUR) | changes
    upstream.misbehave.insert(0, always(as_json([bad, messages.result(ASSAY, START + 2 * HOUR)]), RESULTS))
    listing = read(client)
    assert [item.message.window_end for item in listing.good] == [START + 2 * HOUR]
    assert listing.bad[0].problem.startswith(field)


def test_bare_nan_spoils_its_score_and_nothing_else(upstream: Upstream, client: Client) -> None:
    spoilt = json.dumps([messages.result(ASSAY, START + HOUR, float("nan")), messages.result(ASSAY, START + 2 * HOUR)])
    assert "NaN" in spoilt
    upstream.misbehave.append(always(Reply(spoilt.encode()), RESULTS))
    listing = read(client)
    assert not listing.bad
    first, second = (item.message.scores["out.score"] for item in listing.good)
    assert "cannot be read" in first
    assert second.score == 0.05


@pytest.mark.parametrize("nan", [b"", b", NaN"])
def test_half_a_surrogate_pair_spoils_its_result_and_no_other(upstream: Upstream, client: Client, nan: bytes) -> None:
    odd = json.dumps(messages.result(ASSAY, START + HOUR, workspace_name="\ud800")).encode()
    good = json.dumps(messages.result(ASSAY, START + 2 * HOUR)).encode()
    upstream.misbehave.append(always(Reply(b"[" + odd + b", " + good + nan + b"]"), RESULTS))
    listing = read(client)
    assert [item.message.window_end for item in listing.good] == [START + 2 * HOUR]
    assert "surrogate" in listing.bad[0].problem


def test_another_assay_than_the_one_asked_for_is_no_answer(upstream: Upstream, client: Client) -> None:
    upstream.misbehave.append(always(as_json(ASSAY | {"id": "00000000-0000-0000-0000-0000000000ff"}), GET))
    with pytest.raises(Malformed, match="another assay"):
        client.assay(ASSAY["id"])


@pytest.mark.parametrize("status", ["OK", "ok", "Ok"])
def test_status_is_read_in_any_case(upstream: Upstream, client: Client, status: str) -> None:
    answered_with(upstream, [messages.result(ASSAY, START + HOUR, status=status)])
    assert read(client).good[0].message.status == status


def test_null_scores_and_empty_summaries_can_be_read(upstream: Upstream, client: Client) -> None:
    answered_with(upstream, [messages.result(ASSAY, START + HOUR, scores=None, summaries=None)])
    assert read(client).good[0].message.scores is None


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (as_json({"error": "who are you"}, 401), Rejected, "who are you"),
        (as_json({"error": "no"}, 403), Rejected, "status 403"),
        (Reply(b"<html>", 404, {"Content-Type": "text/html"}), Rejected, "is WALLAROO_URL the Assays API"),
        (Reply(b"<html>", 200, {"Content-Type": "text/html"}), Rejected, "is WALLAROO_URL the Assays API"),
        (Reply(b"a\0b", 500), Unavailable, "a\N{REPLACEMENT CHARACTER}b"),
        (Reply(b"[" * 100_000), Malformed, "body"),
        (Reply(b"", 302, {"Location": "https://login.example.net/x"}), Rejected, "login.example.net"),
        (as_json({"error": "slow down"}, 429), Unavailable, "slow down"),
        (as_json({"error": "broken"}, 500), Unavailable, "broken"),
        (Reply(b"<html>Welcome</html>"), Malformed, "body"),
        (Reply(b"[{]"), Malformed, "body"),
        (Reply(b'{"assays": []}'), Malformed, "body"),
        (Reply(b"\xff\xfe"), Malformed, "body"),
        (Reply(b"[" + b"1," * 100_000 + b"1]"), TooLarge, "larger than"),
        (Reply(b"[]", cut=1), Unavailable, "broke off"),
        (Reply(hang_up=True), Unavailable, "broke off"),
        (Reply(b"[]", delay=5), Unavailable, "ReadTimeout"),
    ],
)
def test_what_went_wrong_is_one_clear_sentence(
    upstream: Upstream, client: Client, reply: Reply, kind: type[APIError], says: str
) -> None:
    upstream.misbehave.append(always(reply))
    with pytest.raises(kind) as caught:
        client.assays()
    assert says in str(caught.value)
    assert caught.value.endpoint == LIST
    assert SECRET not in str(caught.value)


def test_no_server_is_said_in_one_sentence() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = Client(
            f"http://user:hidden@127.0.0.1:{held.getsockname()[1]}", StaticToken(), limits=Limits(connect=1)
        )
        with pytest.raises(Unavailable, match="refuses the connection") as caught:
            client.features()
    assert "hidden" not in str(caught.value)


def test_an_answer_that_drips_is_given_up() -> None:
    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:
                connection.sendall(b" " * 4)
                time.sleep(0.1)
        except OSError:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server, in_thread(lambda: drip(server)):
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = Client(url, StaticToken(), limits=Limits(read=0.5, whole=1))
        began = time.monotonic()
        with pytest.raises(Unavailable):
            client.next_run(ASSAY["id"])
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("86400", 900), ("9" * 5000, 900), ("Wed, 21 Oct 2099 07:28:00 GMT", 900), ("soon", None)],
)
def test_a_retry_after_of_hours_is_cut(upstream: Upstream, client: Client, header: str, seconds: int | None) -> None:
    upstream.misbehave.append(always(Reply(b"{}", 429, {"Retry-After": header})))
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        client.assays()
    assert time.monotonic() - began < 1, "a worker is never held by it"
    wait = caught.value.retry_after
    assert (wait and wait.total_seconds()) == seconds


@pytest.mark.parametrize("reply", [Reply(status=503), Reply(hang_up=True)])
def test_reading_is_tried_again_at_once(upstream: Upstream, client: Client, reply: Reply) -> None:
    upstream.misbehave.append(once(reply, FEATURES))
    assert client.features().message.name == "Scripted"
    assert upstream.calls[FEATURES] == 2


@pytest.mark.parametrize("reply", [Reply(status=503), Reply(hang_up=True), Reply(delay=1)])
def test_a_switch_is_sent_once(upstream: Upstream, client: Client, reply: Reply) -> None:
    upstream.misbehave.append(always(reply, SET_ACTIVE))
    with pytest.raises(Unavailable):
        client.set_active(ASSAY["id"], False)
    time.sleep(0.5)
    assert upstream.calls[SET_ACTIVE] == 1


def test_a_time_out_is_not_tried_again_at_once(upstream: Upstream, client: Client) -> None:
    upstream.misbehave.append(always(Reply(delay=2), NEXT_RUN))
    with pytest.raises(Unavailable, match="ReadTimeout") as caught:
        client.next_run(ASSAY["id"])
    assert caught.value.timed_out
    assert upstream.calls[NEXT_RUN] == 1


def test_a_redirect_is_not_followed_with_the_token(upstream: Upstream, client: Client) -> None:
    with serving() as elsewhere:
        upstream.misbehave.append(always(Reply(status=307, headers={"Location": elsewhere.url + LIST})))
        with pytest.raises(Rejected, match="not followed"):
            client.assays()
        assert not elsewhere.calls


def test_each_call_is_timed_for_the_listener(upstream: Upstream) -> None:
    heard: list[Answered] = []
    client = Client(upstream.url, StaticToken(), limits=Limits(read=0.3), listener=heard.append)
    client.features()
    upstream.misbehave.append(always(Reply(delay=2), NEXT_RUN))
    with pytest.raises(Unavailable):
        client.next_run(ASSAY["id"])
    assert [(call.endpoint, call.timed_out) for call in heard] == [(FEATURES, False), (NEXT_RUN, True)]


def test_the_proxy_of_the_environment_is_used(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", upstream.url)
    monkeypatch.setenv("no_proxy", "")
    upstream.misbehave.append(lambda path, _: as_json([]) if path == f"http://assays.example.net{LIST}" else None)
    assert Client("http://assays.example.net", StaticToken()).assays().good == []


def test_the_certificate_bundle_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company/bundle.pem")
    assert open_session("https://assays.example.net", 1).verify == "/etc/company/bundle.pem"


def test_a_netrc_never_replaces_the_token(
    upstream: Upstream, client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    upstream.token = SECRET
    assert client.assays().good


def in_thread(target: Callable[[], None]) -> Any:
    from contextlib import contextmanager
    from threading import Thread

    @contextmanager
    def running() -> Iterator[None]:
        thread = Thread(target=target)
        thread.start()
        yield
        thread.join()

    return running()
