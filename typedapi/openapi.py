"""OpenAPI 3.1 of typed operations: what they ask, what they answer, where they live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from typedapi.operation import JSON, Error, Operation

Schema = dict[str, Any]


def document(title: str, version: str, operations: Mapping[str, Operation[Any]]) -> Schema:
    """The document of operations by their path; each takes a bearer token."""
    types = [kind for each in operations.values() for kind in (each.asks, each.answers)] + [Error]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    pairs = zip(schemas[0:-1:2], schemas[1:-1:2], strict=True)
    paths = {
        path: {operations[path].method.lower(): _described(path, operations[path], asks, answers, schemas[-1])}
        for path, (asks, answers) in zip(operations, pairs, strict=True)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _described(path: str, operation: Operation[Any], asks: Schema, answers: Schema, error: Schema) -> Schema:
    summary, _, description = (operation.handle.__doc__ or "").strip().partition("\n")
    return {
        "operationId": path.strip("/").replace("/", "_").replace(":", ""),
        "summary": summary,
        "description": " ".join(description.split()),
        **_asking(operation, asks),
        "responses": {
            "200": {"description": "Answered", "content": dict(_contents(operation, answers))},
            **{status: _beside(status, why, error) for status, why in _others(operation)},
        },
    }


def _asking(operation: Operation[Any], asks: Schema) -> Schema:
    if operation.method == "POST":
        return {"requestBody": {"required": True, **_json(asks)}}
    return {"parameters": list(_parameters(operation.asks))}


def _parameters(asks: type[msgspec.Struct]) -> Iterator[Schema]:
    for each in msgspec.structs.fields(asks):
        yield {
            "name": each.encode_name,
            "in": "query",
            "required": each.required,
            "schema": msgspec.json.schema(each.type),
        }


def _contents(operation: Operation[Any], answers: Schema) -> Iterator[tuple[str, Schema]]:
    if operation.answers is not None or not operation.media:
        yield JSON, {"schema": answers}
    for media in operation.media:
        yield media, {"schema": {"type": "string"}}


def _others(operation: Operation[Any]) -> Iterator[tuple[str, str]]:
    yield "4XX", "Refused: why, and which field"
    yield from operation.beside.items()


def _beside(status: str, why: str, error: Schema) -> Schema:
    content = _json(error) if status[0] in "45" else {}
    return {"description": why, **content}


def _json(schema: Schema) -> Schema:
    return {"content": {JSON: {"schema": schema}}}
