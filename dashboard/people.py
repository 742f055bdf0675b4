"""People and groups, and the roles they have been given: a group of each role's name stands ready from the start."""

from __future__ import annotations

from django.contrib.auth.models import Group

from dashboard.access import Role
from dashboard.models import Grant


def make_groups() -> None:
    """Each role's own group, which has it everywhere. One that is there already is left as it was made."""
    for role in Role:
        group, created = Group.objects.get_or_create(name=role.value)
        if created:
            Grant.objects.create(group=group, role=role)
