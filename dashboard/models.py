"""What the dashboard itself keeps: who has been given which role, sign-in links and tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from dashboard.roles import Role

_EVERYWHERE = Q(workspace_id=None)


class Grant(models.Model):
    """A role given to a person or a group, in one workspace or in all (null); an administrator's holds in all."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="grants")
    group = models.ForeignKey("auth.Group", null=True, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    workspace_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person=None, group__isnull=False) | Q(person__isnull=False, group=None),
                name="grant_to_one",
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.ADMIN) | Q(workspace_id=None), name="grant_of_admin_is_everywhere"
            ),
            models.UniqueConstraint(fields=["person", "workspace_id"], name="one_grant_of_person"),
            models.UniqueConstraint(fields=["person"], condition=_EVERYWHERE, name="one_grant_of_person_everywhere"),
            models.UniqueConstraint(fields=["group", "workspace_id"], name="one_grant_of_group"),
            models.UniqueConstraint(fields=["group"], condition=_EVERYWHERE, name="one_grant_of_group_everywhere"),
        ]


class SignInLink(models.Model):
    """Only the token's digest is kept; using a link deletes its row, and who deletes it has it."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()


class ApiToken(models.Model):
    """A program's way in. Only the digest is kept; `prefix` is how people tell tokens apart. No workspaces are all.

    A token of a person never may more than that person may now; one made by a command has no owner.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="tokens")
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
