"""What can go wrong upstream: try again, our fault, or theirs. No text ever holds a token or a password."""

from __future__ import annotations

from datetime import timedelta


class APIError(Exception):
    """A call of `endpoint` failed; `text` is a sentence fit for a page, a log and a database."""

    def __init__(self, endpoint: str, text: str) -> None:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        super().__init__(f"{endpoint}: {text}")
        self.endpoint = endpoint
        self.text = text


class Unavailable(APIError):
    """No answer now: worth trying again, after `retry_after` when upstream names a time."""

    def __init__(
        self, endpoint: str, text: str, *, retry_after: timedelta | None = None, timed_out: bool = False
    ) -> None:
        super().__init__(endpoint, text)
        self.retry_after = retry_after
        self.timed_out = timed_out


class Rejected(APIError):
    """Upstream understood and refused: our address, token, rights or id. `status` is 0 before any answer."""

    def __init__(self, endpoint: str, text: str, status: int = 0) -> None:
        super().__init__(endpoint, text)
        self.status = status


class Malformed(APIError):
    """Upstream answered, and the answer cannot be read at `field`."""

    def __init__(self, endpoint: str, field: str, text: str) -> None:
        super().__init__(endpoint, f"{field}: {text}" if field else text)
        self.field = field


class TooLarge(Malformed):
    """The answer passes the limit; asking for less may help."""

    def __init__(self, endpoint: str, text: str) -> None:
        super().__init__(endpoint, "", text)
