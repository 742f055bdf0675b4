"""No secret reaches a log, whoever writes it."""

import logging
import sys

import pytest

from dashboard.logs import SecretlessFormatter

FORMATTER = SecretlessFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s", ["hunter2", "hunter2-and-more", ""])


def written(message: str, *arguments: object, **more: object) -> str:
    record = logging.LogRecord("a", logging.INFO, __file__, 1, message, arguments, more.get("exc_info"))  # type: ignore[arg-type]
    return FORMATTER.format(record)


def test_a_secret_in_a_message_or_its_arguments_is_replaced() -> None:
    assert written("token %s refused, hunter2-and-more", "hunter2").endswith("token [secret] refused, [secret]")


def test_a_secret_in_a_traceback_is_replaced() -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        text = written("failed", exc_info=sys.exc_info())
    assert "ValueError: password=[secret]" in text
    assert "hunter2" not in text.replace('raise ValueError("password=[secret]")', "")


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Gone: /sign-in/frgAfjhvmm4YnEeLOdsHQn9F5B3i9usvxgweuBNg8Rc/", "Gone: /sign-in/[secret]/"),
        ("Method Not Allowed (PUT): /password/Mg/dijz2r-e8e03d0de1ce22a5ecbd7a81e6bbd5a5/", "/password/Mg/[secret]/"),
        ("Not Found: /shared/frgAfjhvmm4YnEeLOdsHQn9F5B3i9usvxgweuBNg8Rc/", "/shared/[secret]/"),
        ("Forbidden: /mail/IjEi:1xYz:frgAfjhvmm4YnEeLOdsHQn9F5B3i9usvxgweuBNg8Rc/stop/", "/mail/[secret]/stop/"),
        ("sent drift_frgAfjhvmm4YnEeLOdsHQn9F5B3i9usvxgweuBNg8Rc, refused", "sent drift_[secret], refused"),
        ("Forbidden: /sign-in/provider/callback/", "/sign-in/provider/callback/"),
        ("Conflict: /people/2/password/", "/people/2/password/"),
    ],
)
def test_tokens_and_links_are_replaced_wherever_they_stand(message: str, kept: str) -> None:
    assert written(message).endswith(kept)


def test_times_are_utc_and_say_so() -> None:
    assert written("x").split()[0].endswith("Z")
