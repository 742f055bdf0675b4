"""The engine's own description of itself, held to what it asks for and answers."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.engine.conftest import Stage
from tests.support.engine import Json

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(stage: Stage) -> Document:
    answer = stage.engine.session.get(stage.engine.url + "/v1/api/openapi.json", timeout=10)
    assert answer.status_code == 200
    return dict(answer.json())


def requests_of(stage: Stage) -> dict[str, Json]:
    assay_id = stage.ids["several"]
    return {
        "/v1/api/features/list": {},
        "/v2/api/assays/get": {"active": "All"},
        "/v2/api/assays/get/:id": {"id": assay_id},
        "/v2/api/assays/get_results": {"id": assay_id, "debug": True},
        "/v2/api/assays/get_next_run": {"assay_id": assay_id},
        "/v2/api/assays/set_active": {"assay_id": assay_id, "active": True},
    }


def errors(document: Document, schema: Json, instance: Json) -> list[str]:
    whole = {**schema, "components": document["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(instance)]


def schema_of(described: Json) -> Json:
    return described["content"]["application/json"]["schema"]


def test_every_operation_is_described(stage: Stage, document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == set(requests_of(stage))
    for operations in document["paths"].values():
        assert operations["post"]["summary"]


def test_what_is_asked_and_answered_is_as_described(stage: Stage, document: Document) -> None:
    for path, body in requests_of(stage).items():
        described = document["paths"][path]["post"]
        assert errors(document, schema_of(described["requestBody"]), body) == []
        assert errors(document, schema_of(described["responses"]["200"]), stage.engine.ask(path, **body)) == []


def test_a_refusal_is_as_described(stage: Stage, document: Document) -> None:
    for path in requests_of(stage):
        described = document["paths"][path]["post"]["responses"]
        refused = next(schema_of(each) for status, each in described.items() if status.startswith("4"))
        assert errors(document, refused, stage.engine.post(path, {}, token="wrong").body) == []


def test_the_documentation_is_served_from_its_own_files_under_a_strict_policy(stage: Stage) -> None:
    answer = stage.engine.session.get(stage.engine.url + "/v1/api/docs", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for name in ("swagger-ui/swagger-ui-bundle.js", "swagger-ui/swagger-ui.css", "engine/docs.js"):
        assert f"/static/{name}" in answer.text
        assert stage.engine.session.get(f"{stage.engine.url}/static/{name}", timeout=10).status_code == 200
