"""What a log line may not contain: the values of the secrets, whatever wrote them, tracebacks included."""

import logging
from collections.abc import Sequence
from time import gmtime


class SecretlessFormatter(logging.Formatter):
    """Replaces each secret in the finished text; UTC times."""

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
        return text
