"""What the dashboard itself keeps: sign-in links not used yet, programs' tokens, and the audit of calls passed on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from dashboard.access import Role


class SignInLink(models.Model):
    """Only the token's digest is kept; using a link deletes its row, and who deletes it has it."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()


class ApiToken(models.Model):
    """A program's way in. Only the digest is kept; `prefix` is how people tell tokens apart. No workspaces are all."""

    name = models.TextField()
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=Role.choices)
    workspaces: models.JSONField[Any, Any] = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    @property
    def who(self) -> str:
        """As audits name it."""
        return f"token {self.name} ({self.prefix}…)"


class Passed(models.Model):
    """The audit of calls handed on to upstream: who asked what, and how it was answered.

    `status` is null while no answer has come, which a process that died leaves so.
    """

    at = models.DateTimeField(auto_now_add=True)
    who = models.TextField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.SET_NULL, related_name="+")
    path = models.TextField()
    name = models.TextField(blank=True)
    workspace_id = models.BigIntegerField(null=True)
    status = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="passed_newest")]
