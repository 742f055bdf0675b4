"""One-time sign-in links for the person who started Driftline on this machine: made, and used up."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth.models import Group, User
from django.utils import timezone

from dashboard.models import SignInLink
from dashboard.roles import Role

LIFETIME = timedelta(minutes=30)
LOCAL_OPERATOR = "local-operator"


def make_token() -> str:
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    SignInLink.objects.filter(expires_at__lt=now).delete()
    SignInLink.objects.create(digest=_digest(token), expires_at=now + LIFETIME)
    return token


def use(token: str) -> bool:
    """True once for each token, in time; of two who come together one gets it."""
    deleted, _ = SignInLink.objects.filter(digest=_digest(token), expires_at__gte=timezone.now()).delete()
    return deleted == 1


def local_operator() -> User:
    """The account a link signs in; it has no password and can be reached in no other way."""
    user, created = User.objects.get_or_create(username=LOCAL_OPERATOR)
    if created:
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=Role.OPERATOR))
    return user


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
