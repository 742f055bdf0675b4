"""OpenAPI 3.1 of typed operations: what they ask, what they answer, where they live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.api import Error, Operation

Schema = dict[str, Any]


def document(title: str, version: str, operations: Mapping[str, Operation[Any]]) -> Schema:
    """The document of operations by their path; all are POST and take a bearer token."""
    types = [kind for each in operations.values() for kind in (each.asks, each.answers)] + [Error]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    pairs = zip(schemas[0:-1:2], schemas[1:-1:2], strict=True)
    paths = {
        path: {"post": _post(path, operations[path], asks, answers, schemas[-1])}
        for path, (asks, answers) in zip(operations, pairs, strict=True)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _post(path: str, operation: Operation[Any], asks: Schema, answers: Schema, error: Schema) -> Schema:
    summary, _, description = (operation.handle.__doc__ or "").strip().partition("\n")
    refused = {"description": "Refused: why, and which field", **_json(error)}
    return {
        "operationId": path.strip("/").replace("/", "_").replace(":", ""),
        "summary": summary,
        "description": " ".join(description.split()),
        "requestBody": {"required": True, **_json(asks)},
        "responses": {"200": {"description": "Answered", **_json(answers)}, "4XX": refused},
    }


def _json(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}
