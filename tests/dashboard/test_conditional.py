"""A refresh is answered with nothing when nothing but the moment has changed."""

from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.conditional import unless_seen


def answer(moment: str, body: str, seen: str = "") -> HttpResponse:
    request = RequestFactory().get("/", headers={"X-Seen": seen})
    return unless_seen(request, HttpResponse(f"<span data-asof>As of {moment}</span>{body}"))


def test_a_new_moment_alone_is_no_news() -> None:
    version = answer("09:00", "rows")["X-Version"]
    again = answer("09:10", "rows", version)
    assert (again.status_code, again.content, again["X-As-Of"]) == (204, b"", "As%20of%2009%3A10")


def test_a_change_is_sent_whole() -> None:
    version = answer("09:00", "rows")["X-Version"]
    changed = answer("09:10", "other rows", version)
    assert changed.status_code == 200
    assert changed["X-Version"] != version
