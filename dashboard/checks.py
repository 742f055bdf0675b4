"""Settings that are right one by one and wrong together, as Django system checks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

AUTH_TYPES = ("", "token", "user_password", "client_credentials")
LOCAL = {"localhost", "127.0.0.1", "::1", "[::1]"}


@register()
def check_upstream(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_upstream_address(), *_upstream_account()]


@register()
def check_sign_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return list(_provider() if settings.OIDC_ISSUER else _no_provider())


@register()
def check_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return list(_production()) if settings.PRODUCTION else []


def _upstream_address() -> Iterator[CheckMessage]:
    for name in ("WALLAROO_URL", "WALLAROO_AUTH_ENDPOINT"):
        if urlsplit(getattr(settings, name)).username is not None:
            yield Error(f"{name} carries a user name; use WALLAROO_USER and WALLAROO_PASSWORD.", id="driftline.E001")
    if not settings.WALLAROO_AUTH_ENDPOINT.startswith(("http://", "https://")):
        yield Error("WALLAROO_SDK_AUTH_ENDPOINT is no http or https address.", id="driftline.E009")


def _upstream_account() -> Iterator[CheckMessage]:
    kind = settings.WALLAROO_AUTH_TYPE
    if kind not in AUTH_TYPES:
        known = ", ".join(filter(None, AUTH_TYPES))
        yield Error(f"WALLAROO_SDK_AUTH_TYPE is {kind!r}; a server can sign in by {known}.", id="driftline.E002")
    if kind == "token" and not settings.WALLAROO_TOKEN:
        yield Error("WALLAROO_SDK_AUTH_TYPE is token, and WALLAROO_TOKEN is not set.", id="driftline.E003")
    if not re.fullmatch(r"[!-~]*", settings.WALLAROO_TOKEN):
        yield Error("WALLAROO_TOKEN holds a character that no token has, such as a space.", id="driftline.E010")
    if kind == "client_credentials" and not settings.WALLAROO_CLIENT_SECRET:
        yield Error("Client credentials need WALLAROO_CLIENT_SECRET.", id="driftline.E004")
    if settings.WALLAROO_USER and not settings.WALLAROO_PASSWORD:
        yield Error("WALLAROO_USER is set, and WALLAROO_PASSWORD is not.", id="driftline.E005")
    if settings.WALLAROO_CREDENTIALS_FILE and not Path(settings.WALLAROO_CREDENTIALS_FILE).is_file():
        yield Error("WALLAROO_SDK_CREDENTIALS names no file that exists.", id="driftline.E006")
    if settings.WALLAROO_TOKEN and (settings.WALLAROO_USER or settings.WALLAROO_CLIENT_SECRET):
        yield Warning("WALLAROO_TOKEN is set, so the account beside it is not used.", id="driftline.W001")


def _no_provider() -> Iterator[CheckMessage]:
    if not settings.LOCAL_ACCOUNTS:
        yield Error(
            "Without DRIFTLINE_LOCAL_ACCOUNTS and DRIFTLINE_OIDC_ISSUER nobody can sign in.", id="driftline.E012"
        )


def _provider() -> Iterator[CheckMessage]:
    if not settings.OIDC_CLIENT_ID:
        yield Error("DRIFTLINE_OIDC_ISSUER is set, and DRIFTLINE_OIDC_CLIENT_ID is not.", id="driftline.E013")
    if "openid" not in settings.OIDC_SCOPES:
        yield Error("DRIFTLINE_OIDC_SCOPES must hold openid, for else no provider says who came.", id="driftline.E014")
    if settings.PRODUCTION and not settings.OIDC_ISSUER.startswith("https://"):
        yield Warning("DRIFTLINE_OIDC_ISSUER is not https, so anybody between can say who came.", id="driftline.W004")


def _production() -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < 40:
        yield Error("DRIFTLINE_SECRET_KEY must have at least 40 characters in production.", id="driftline.E007")
    if min(map(len, settings.NOTICE_KEYS)) < 40:
        yield Error(
            "Each of DRIFTLINE_NOTICE_KEYS must have at least 40 characters in production.", id="driftline.E011"
        )
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        yield Warning("SQLite serves one host alone; set DATABASE_URL for more.", id="driftline.W002")
    if not settings.PUBLIC_URL.startswith("https://"):
        yield Warning("DRIFTLINE_URL is not https, so cookies travel in clear.", id="driftline.W003")
    if (host := urlsplit(settings.PUBLIC_URL).hostname) and host not in settings.ALLOWED_HOSTS and host not in LOCAL:
        yield Error(f"DRIFTLINE_ALLOWED_HOSTS does not hold {host}, the host of DRIFTLINE_URL.", id="driftline.E008")
