"""Where programs ask: the vendor's paths, literal `:id` included, and what is ours beside them."""

from typing import Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dashboard.api import markers, operations, passing, tools
from typedapi import openapi
from typedapi.operation import JSON, Operation, Problem, refuse

NAME = "Driftline"
VERSION = "1"

OPERATIONS: dict[str, Operation[Any]] = {
    **operations.OPERATIONS,
    **passing.OPERATIONS,
    **tools.OPERATIONS,
    **markers.OPERATIONS,
}


@login_not_required
@require_safe
def config(_: HttpRequest) -> HttpResponse:
    """What the vendor's client reads before it shows its token: any object will do."""
    return HttpResponse(msgspec.json.encode({"name": NAME}), content_type=JSON)


@login_not_required
@require_safe
def document(_: HttpRequest) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(openapi.document(NAME, VERSION, OPERATIONS)), content_type=JSON)


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api.html")


@csrf_exempt
@login_not_required
def unknown(_: HttpRequest) -> HttpResponse:
    return refuse(Problem(404, "there is no such path"))


urlpatterns: list[URLPattern] = [
    *(path(where.lstrip("/"), operation) for where, operation in OPERATIONS.items()),
    path("v1/api/config", config),
    path("v1/api/docs", docs, name="api-docs"),
    path("v1/api/openapi.json", document),
    re_path(r"^v[12]/", unknown),
]
