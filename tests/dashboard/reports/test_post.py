"""The mail server as it may be: with TLS and a password, without, refusing, silent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from dashboard.reports import post
from tests.support.receivers import Mailbox


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "80\u202f% were Ok", "d@example.org", "rita@example.org"
    message.set_content(".\nfrom here\n" + "long " * 400)
    return message


def hand_over() -> None:
    with post.door("rita@example.org") as door:
        door.hand_over(mail())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1 and its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


def test_a_mail_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    hand_over()
    [found] = mailbox.mails
    assert found["Subject"] == "80\u202f% were Ok"
    assert found.get_content().replace("\r\n", "\n") == mail().get_content()


def test_tls_is_begun_and_the_password_told(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def known(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        told.append((session.ssl is not None, data.login, data.password))
        return AuthResult(success=True)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server(tls_context=context(certificate), require_starttls=True, authenticator=known) as (mailbox, port):
        settings.MAIL_URL = f"smtp://drift%40line:p%2Fw@127.0.0.1:{port}"
        hand_over()
    assert told == [(True, b"drift@line", b"p/w")]
    assert len(mailbox.mails) == 1


def test_a_certificate_that_nobody_knows_is_not_trusted(settings: Settings, certificate: Path) -> None:
    with server(tls_context=context(certificate)) as (mailbox, port):
        settings.MAIL_URL = f"smtp://127.0.0.1:{port}"
        with pytest.raises(post.NotTaken, match="certificate is not trusted"):
            hand_over()
    assert not mailbox.mails


def test_a_wrong_password_is_told_without_it(settings: Settings) -> None:
    refusing = {"authenticator": lambda *_: AuthResult(success=False, handled=False), "auth_require_tls": False}
    with server(**refusing) as (_, port):
        settings.MAIL_URL = f"smtp://ada:s3cr3t@127.0.0.1:{port}"
        with pytest.raises(post.NotTaken) as raised:
            hand_over()
    assert "refuses the account" in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def test_no_password_goes_to_another_machine_in_clear(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "LOOPBACK", set())
    with server(auth_require_tls=False, authenticator=lambda *_: AuthResult(success=True)) as (mailbox, port):
        settings.MAIL_URL = f"smtp://ada:s3cr3t@127.0.0.1:{port}"
        with pytest.raises(post.NotTaken, match="no password is sent in clear"):
            hand_over()
    assert not mailbox.mails


@pytest.mark.parametrize("silence", ["before", "after"])
def test_silence_is_told_by_the_side_it_lies_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, silence: str
) -> None:
    """A server that hangs up before it asks for the text, or after it had it all."""
    monkeypatch.setattr(post, "PATIENCE", 5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_hang_up, args=(listening, silence))
        thread.start()
        settings.MAIL_URL = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(post.NotTaken if silence == "before" else post.Unanswered):
            hand_over()
        thread.join()


def _hang_up(listening: socket.socket, silence: str) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb") as spoken:
        spoken.write(b"220 hello\r\n")
        spoken.flush()
        for line in spoken:
            verb = line[:4].upper()
            if line == b".\r\n" or (silence == "before" and verb == b"RCPT"):
                return
            if verb in {b"EHLO", b"MAIL", b"RCPT", b"DATA"}:
                spoken.write(b"354 go on\r\n" if verb == b"DATA" else b"250 fine\r\n")
                spoken.flush()
