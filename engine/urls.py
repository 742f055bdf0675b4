"""Where the engine's doors are; the vendor's paths, literal `:id` included."""

from django.urls import path

from engine import tokens, views

urlpatterns = [
    *(path(where.lstrip("/"), operation) for where, operation in views.OPERATIONS.items()),
    path("auth/realms/master/protocol/openid-connect/token", tokens.token),
    path("v1/api/config", views.config),
    path("v1/api/docs", views.docs),
    path("v1/api/openapi.json", views.document),
]

handler400 = views.unreadable
handler404 = views.unknown
handler500 = views.broken
