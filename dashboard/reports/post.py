"""The mail server: a message is handed over in two steps, so that it is known on which side a failure lies."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
from urllib.parse import unquote, urlsplit

from django.conf import settings

PATIENCE = 20.0
"""Seconds until the server must have answered."""

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class NotTaken(Exception):
    """The server has not got the message, and the text says why, without a secret: it may be tried again."""


class Unanswered(Exception):
    """The server had the whole message, and has not said whether it keeps it."""


class Door:
    """A server that will take a message for one address."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def hand_over(self, message: EmailMessage) -> None:
        """Raises NotTaken or Unanswered."""
        try:
            code, said = self._server.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        except smtplib.SMTPDataError as error:
            raise NotTaken(_said(error.smtp_code, error.smtp_error)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unanswered(f"the mail server did not say whether it took it: {type(error).__name__}") from None
        if code >= 400:
            raise NotTaken(_said(code, said))


@contextmanager
def door(to: str) -> Iterator[Door]:
    """The server, to which sender and recipient have been told. Raises NotTaken."""
    with _connected() as server:
        try:
            _expect(server.mail(parseaddr(sender())[1]))
            _expect(server.rcpt(to))
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise NotTaken(_failure(error)) from None
        yield Door(server)


def sender() -> str:
    """As the From header has it."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return settings.MAIL_FROM or formataddr(("Driftline", f"driftline@{host}"))


def is_set() -> bool:
    return bool(settings.MAIL_URL)


@contextmanager
def _connected() -> Iterator[smtplib.SMTP]:
    if not is_set():
        raise NotTaken("no mail server is set: DRIFTLINE_MAIL_URL")
    try:
        server = _connect()
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken(_failure(error)) from None
    try:
        yield server
    finally:
        _leave(server)


def _connect() -> smtplib.SMTP:
    parts = urlsplit(settings.MAIL_URL)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=PATIENCE)
    try:
        _introduce(server, parts.scheme, host, context)
        _sign_in(server, unquote(parts.username or ""), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _introduce(server: smtplib.SMTP, scheme: str, host: str, context: ssl.SSLContext) -> None:
    server.ehlo_or_helo_if_needed()
    if scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif scheme == "smtp" and urlsplit(settings.MAIL_URL).username and host not in LOOPBACK:
        raise NotTaken("the mail server offers no TLS, and no password is sent in clear")


def _sign_in(server: smtplib.SMTP, user: str, password: str) -> None:
    if user:
        server.login(user, password)


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _expect(answer: tuple[int, bytes]) -> None:
    code, said = answer
    if code >= 400:
        raise NotTaken(_said(code, said))


def _said(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"the mail server answers {code} {' '.join(text.split())}"[:300]


def _failure(error: Exception) -> str:
    """What a server says to a password may repeat it: of a failed sign-in the code alone."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses the account: {error.smtp_code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLError):
        return f"the mail server's certificate is not trusted, or it speaks no TLS: {error.reason}"
    return f"the mail server cannot be reached: {type(error).__name__}"
