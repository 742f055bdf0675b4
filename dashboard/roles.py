"""The roles, and nothing else: what is given to people, groups and tokens."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """In order: each may what those before it may."""

    VIEWER = "viewer", "viewer"
    RESPONDER = "responder", "responder"
    OPERATOR = "operator", "operator"
    ADMIN = "admin", "admin"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}
