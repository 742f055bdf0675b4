"""No connection into a private network, whatever the name says, whatever it resolves to and whoever connects."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pytest_django import Settings

from assays.notices import guard
from assays.notices.errors import Refused, Undelivered
from tests.support.receivers import Receiver, mailing
from tests.support.servers import free_port

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
PUBLIC = ["8.8.8.8", "2606:4700:4700::1111"]


def post(url: str) -> None:
    guard.call("POST", url, b"{}", {})


def pretend(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Names resolve to each of these in turn, and then to the last of them."""
    left = list(answers)

    def answer(host: str, port: Any, *rest: Any, **more: Any) -> list[Any]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def _nothing_allowed(settings: Settings) -> None:
    settings.NOTICE_NETWORKS = []


@pytest.mark.usefixtures("_nothing_allowed")
@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="DRIFTLINE_NOTICE_NETWORKS"):
        guard.check(host)


@pytest.mark.usefixtures("_nothing_allowed")
@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_is_not(host: str) -> None:
    guard.check(host)


def test_the_administrator_allows_a_network_and_no_other(settings: Settings) -> None:
    settings.NOTICE_NETWORKS = ["10.1.0.0/16"]
    guard.check("10.1.2.3")
    with pytest.raises(Refused):
        guard.check("10.2.2.3")


@pytest.mark.usefixtures("_nothing_allowed")
def test_a_name_that_resolves_to_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    with pytest.raises(Refused):
        post(receiver.url.replace("127.0.0.1", "localhost"))
    assert not receiver.calls


@pytest.mark.usefixtures("_nothing_allowed")
def test_a_name_that_changes_its_address_between_the_check_and_the_connection_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.rpartition(":")[2]
    pretend(monkeypatch, "8.8.8.8", "127.0.0.1")
    with pytest.raises(Refused):
        post(f"http://rebinding.example.org:{port}/")
    assert not receiver.calls


@pytest.mark.usefixtures("_nothing_allowed")
def test_it_holds_for_every_library_and_only_where_it_is_asked_for(receiver: Receiver) -> None:
    port = free_port()
    with mailing(port):
        with guard.bound(), pytest.raises(ConnectionError):
            smtplib.SMTP("127.0.0.1", port, timeout=2)
        with guard.bound(), pytest.raises(requests.ConnectionError):
            requests.post(receiver.url, timeout=2)
        smtplib.SMTP("127.0.0.1", port, timeout=2).quit()
    requests.post(receiver.url, timeout=2)
    assert len(receiver.calls) == 1


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(Undelivered, match="answers with a redirect, which is not followed"):
        post(receiver.url)
    assert [call.path for call in receiver.calls] == ["/"]


@pytest.mark.usefixtures("_nothing_allowed")
def test_the_proxy_of_the_environment_may_stand_in_a_private_network(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", receiver.url)
    post("http://8.8.8.8/hook")
    assert [call.path for call in receiver.calls] == ["http://8.8.8.8/hook"]


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_what_goes_wrong_is_said_in_words_that_repeat_nothing_secret(
    receiver: Receiver, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "TIMEOUT", (1.0, 0.2))
    said = {}
    for name, url in {
        "timeout": f"http://{silent}/hunter2",
        "closed": f"http://127.0.0.1:{free_port()}/hunter2",
        "tls": receiver.url.replace("http:", "https:") + "/hunter2",
        "unknown": "http://nowhere.invalid/hunter2",
        "port": "http://127.0.0.1:99999/hunter2",
    }.items():
        with pytest.raises(Undelivered) as caught:
            post(url)
        said[name] = str(caught.value)
        assert caught.value.__suppress_context__
    assert said == {
        "timeout": "127.0.0.1 did not answer in time",
        "closed": "127.0.0.1 cannot be reached",
        "tls": "the certificate of 127.0.0.1 does not hold",
        "unknown": "nowhere.invalid cannot be reached",
        "port": "the call of 127.0.0.1 failed: InvalidURL",
    }
