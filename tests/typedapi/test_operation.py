"""Operations: one method each, messages of typed fields by body or query, refusals that name the field."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from typedapi import openapi
from typedapi.operation import Operation, Problem, exchange, operation

REQUESTS = RequestFactory()


class Asked(msgspec.Struct):
    name: str
    many: int = 1


class Told(msgspec.Struct):
    text: str


def anyone(_: HttpRequest) -> None:
    """A guard that lets everyone pass."""


def nobody(_: HttpRequest) -> None:
    raise Problem(401, "who are you?", "Authorization")


@operation(asks=Asked, answers=Told, guard=anyone)
def repeated(asked: Asked) -> Told:
    """Says a name again
    As often as is asked.
    """
    return Told(asked.name * asked.many)


@exchange(asks=Asked, answers=Told, guard=anyone, method="GET", media=("text/csv",), beside={"304": "Unchanged"})
def looked_up(asked: Asked, request: HttpRequest) -> Any:
    """Says it by query"""
    return iter([msgspec.json.encode(Told(asked.name * asked.many))])


@operation(asks=Asked, answers=None, guard=nobody)
def guarded(asked: Asked) -> None:
    """Is never reached"""


def post(operation: Operation[Any], body: bytes) -> HttpResponseBase:
    return operation(REQUESTS.post("/", body, content_type="application/json"))


def said(response: Any) -> Any:
    return json.loads(b"".join(response))


def test_a_body_is_the_message_and_what_it_has_besides_is_ignored() -> None:
    assert said(post(repeated, b'{"name": "ab", "many": 2, "later": 1}')) == {"text": "abab"}


def test_a_query_spells_the_message_out() -> None:
    answer = looked_up(REQUESTS.get("/", {"name": "ab", "many": "3", "later": "1"}))
    assert isinstance(answer, StreamingHttpResponse)
    assert said(answer) == {"text": "ababab"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 422, "name"),
        (b'{"name": 3}', 422, "name"),
        (b'{"name": "a", "many": "x"}', 422, "many"),
        (b"[]", 422, "body"),
        (b"{", 400, "body"),
        (b"\xff", 400, "body"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(body: bytes, status: int, field: str) -> None:
    answer = post(repeated, body)
    assert (answer.status_code, said(answer)["field"]) == (status, field)


@pytest.mark.parametrize(("asked", "field"), [({}, "name"), ({"name": "a", "many": "x"}, "many")])
def test_a_query_that_cannot_be_read_is_refused_by_field(asked: dict[str, str], field: str) -> None:
    answer = looked_up(REQUESTS.get("/", asked))
    assert (answer.status_code, said(answer)["field"]) == (422, field)


def test_another_method_is_refused_with_the_one_there_is() -> None:
    assert repeated(REQUESTS.get("/")).headers["Allow"] == "POST"
    assert looked_up(REQUESTS.post("/")).headers["Allow"] == "GET"


def test_a_guard_is_asked_before_the_body_is_read() -> None:
    answer = post(guarded, b"{")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_the_document_tells_bodies_queries_media_and_refusals() -> None:
    document = openapi.document("Test", "1", {"/again": repeated, "/look": looked_up})
    again, look = document["paths"]["/again"]["post"], document["paths"]["/look"]["get"]
    assert (again["summary"], again["description"]) == ("Says a name again", "As often as is asked.")
    assert again["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Asked"}
    assert [(each["name"], each["required"]) for each in look["parameters"]] == [("name", True), ("many", False)]
    assert list(look["responses"]["200"]["content"]) == ["application/json", "text/csv"]
    assert look["responses"]["304"] == {"description": "Unchanged"}
    assert "4XX" in look["responses"]
