"""What a log line may not contain: the values of the secrets, and whatever looks like a token or a link of ours."""

import logging
import re
from collections.abc import Sequence
from time import gmtime

TOKENS = re.compile(r"(/sign-in/|/shared/|/mail/|/password/[^/\s]+/|\bdrift_)[\w:-]{20,}")
"""In addresses that are logged when a link is opened in a wrong way, and wherever somebody writes an API token."""


class SecretlessFormatter(logging.Formatter):
    """Replaces each secret in the finished text, tracebacks included; UTC times."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, format: str, secrets: Sequence[str]) -> None:
        super().__init__(format)
        self.converter = gmtime
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return TOKENS.sub(r"\1[secret]", text)
