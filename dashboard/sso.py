"""Single sign-on by OpenID Connect: the way to the provider and back, who came, and with which groups.

django-allauth carries the protocol (state, PKCE, a code for tokens) and keeps who is who. None of its pages, sign-ups
and matches by e-mail is in use: a person is an issuer and a subject, whatever else the provider says of them.

Failed              the person is not signed in, and the text says why
├── Stray           nothing was begun here that this could complete
├── Declined        the provider would not, says the address that led back
├── Unreachable     the provider does not answer: try again
└── Refused         its answer vouches for nobody
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from requests import RequestException, Response

from dashboard.links import LOCAL_OPERATOR

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by the provider's own keys alone: no secret that is shared, and never none."""

SKEW = 60.0
"""Seconds by which the provider's clock may differ."""

BEGUN_LASTS = 600
"""Seconds in which a sign-in that was begun can be completed; allauth holds to the same."""

LONGEST_SUBJECT = 255  # by the specification
LONGEST_KEPT = 191
LONGEST_HINT = 4000  # a longer address is refused by servers before the provider sees it
FAREWELL = "provider_farewell"


class Failed(Exception):
    """The person is not signed in."""


class Stray(Failed):
    """Nothing was begun here that this could complete."""


class Declined(Failed):
    """The provider would not: says the address that led back, which anybody can write."""


class Unreachable(Failed):
    """The provider does not answer."""


class Refused(Failed):
    """The provider's answer vouches for nobody."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom the provider sent: `claims` are those of ID token and userinfo; `onward` is where they wanted to go."""

    subject: str
    claims: Mapping[str, Any]
    onward: str
    farewell: str

    @property
    def groups(self) -> list[str]:
        return groups_in(self.claims, settings.OIDC_GROUPS_CLAIM)


class _Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """allauth's, at our address, with a discovery document that is the issuer's own."""

    def get_provider(self) -> _Provider:
        return _provider(self.request)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return str(settings.PUBLIC_URL.rstrip("/") + reverse("sign-in-callback"))

    @cached_property
    def openid_config(self) -> dict[str, Any]:
        config = _get(settings.OIDC_ISSUER.rstrip("/") + "/.well-known/openid-configuration")
        if config["issuer"] != settings.OIDC_ISSUER:
            raise Refused(f"The provider calls itself {config['issuer']}, and not {settings.OIDC_ISSUER}.")
        return config


class _Provider(OpenIDConnectProvider):  # type: ignore[misc]
    oauth2_adapter_class = _Adapter


def begin(request: HttpRequest, onward: str, *, anew: bool = False) -> str:
    """The address at the provider to go to; `anew` has it ask who is there. Raises Failed."""
    nonce = token_urlsafe(24)
    asked = {"nonce": nonce, **({"prompt": "login"} if anew else {})}
    if not request.user.is_authenticated:
        request.session.set_expiry(BEGUN_LASTS)
    with _border():
        provider = _provider(request)
        return str(provider.redirect(request, "login", next_url=onward, nonce=nonce, auth_params=asked)["Location"])


def complete(request: HttpRequest) -> Arrival:
    """Whom the provider's redirect brings back. Raises Failed."""
    state = _begun(request)
    if error := request.GET.get("error"):
        told = " ".join((request.GET.get("error_description") or error).split())
        raise Declined(f"The provider says: {told}"[:500])
    adapter = _Adapter(request, settings.OIDC_ISSUER)
    with _border():
        client = adapter.get_client(request, _app())
        tokens = adapter.get_access_token_data(request, _app(), client, state["pkce_code_verifier"])
        vouched = _vouched(adapter.openid_config, tokens["id_token"], state["nonce"])
        claims = vouched | _userinfo(adapter.openid_config, tokens["access_token"], vouched["sub"])
        farewell = _farewell(adapter.openid_config, tokens["id_token"])
    return Arrival(vouched["sub"], claims, state.get("next", ""), farewell)


def groups_in(claims: Mapping[str, Any], path: str) -> list[str]:
    """The names in a claim such as `groups` or `realm_access.roles`, without the slash before a path of Keycloak's.

    A claim whose own name has dots is found as well; an object, as some have it, names its groups by its keys.
    """
    found: Any = claims
    for part in [path] if path in claims else path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    names: Sequence[Any] = [found] if isinstance(found, str) else list(found or ()) if _is_many(found) else []
    return [name.removeprefix("/") for name in names if isinstance(name, str) and _plain(name) == name]


def admit(arrival: Arrival) -> User:
    """The account of who arrived, made when they are new, in exactly the groups that their claim names.

    Django's groups that the claim does not name are left, so that who was taken out at the provider is out here.
    """
    person = _person(arrival)
    person.email = _text(arrival.claims, "email")[:254]
    person.first_name = _text(arrival.claims, "given_name")[:150]
    person.last_name = _text(arrival.claims, "family_name")[:150]
    with transaction.atomic():
        person.save(update_fields=["email", "first_name", "last_name"])
        named = set(arrival.groups)
        person.groups.set(group for group in Group.objects.all() if group.name in named)
    return person


def keep_farewell(session: SessionBase, arrival: Arrival) -> None:
    session[FAREWELL] = arrival.farewell


def farewell(session: SessionBase) -> str:
    """The address at the provider that ends the session there too; empty where there is none."""
    return str(session.get(FAREWELL, ""))


def _provider(request: HttpRequest) -> _Provider:
    return _Provider(request, app=_app())


def _app() -> SocialApp:
    """The issuer stands for the provider wherever allauth keeps one."""
    return SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=settings.OIDC_ISSUER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"oauth_pkce_enabled": True, "scope": settings.OIDC_SCOPES},
    )


def _begun(request: HttpRequest) -> dict[str, Any]:
    """What was kept in this browser's session when the sign-in began; to be had once."""
    try:
        state: dict[str, Any] = _provider(request).unstash_redirect_state(request, request.GET.get("state", ""))
    except PermissionDenied:
        raise Stray(
            "It was not begun in this browser, was completed before, or took longer than ten minutes."
        ) from None
    return state


def _vouched(config: Mapping[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is signed by the provider, for us, now, and in answer to our question.

    OpenID Connect Core 1.0, 3.1.3.7.
    """
    key = _signing_key(config, jwt.get_unverified_header(id_token).get("kid"))
    claims: dict[str, Any] = jwt.decode(
        id_token,
        key,
        algorithms=ALGORITHMS,
        audience=settings.OIDC_CLIENT_ID,
        issuer=config["issuer"],
        leeway=SKEW,
        options={"require": ["exp", "iat", "sub", "nonce"]},
    )
    if claims["nonce"] != nonce or claims.get("azp", settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise Refused("The ID token answers another sign-in than this one.")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT or _plain(claims["sub"]) != claims["sub"]:
        raise Refused("The ID token names nobody.")
    return claims


def _signing_key(config: Mapping[str, Any], kid: str | None) -> jwt.PyJWK:
    """A token that names no key is signed by the only one there is."""
    keys = jwt.PyJWKSet.from_dict(_get(config["jwks_uri"])).keys
    fitting = [key for key in keys if key.public_key_use in (None, "sig") and kid in (None, key.key_id)]
    if len(fitting) != 1:
        raise Refused("The ID token is signed by a key that the provider does not show.")
    return fitting[0]


def _userinfo(config: Mapping[str, Any], access_token: str, subject: str) -> dict[str, Any]:
    """What a provider says only there, groups often among it; of the same person, or of nobody."""
    if "userinfo_endpoint" not in config:
        return {}
    claims = _get(config["userinfo_endpoint"], {"Authorization": f"Bearer {access_token}"})
    if claims.get("sub") != subject:
        raise Refused("The provider's userinfo speaks of somebody else than its ID token.")
    return claims


def _farewell(config: Mapping[str, Any], id_token: str) -> str:
    """OpenID Connect RP-Initiated Logout 1.0."""
    if not config.get("end_session_endpoint"):
        return ""
    back = settings.PUBLIC_URL.rstrip("/") + reverse("sign-in")
    asked = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": back}
    hint = {"id_token_hint": id_token} if len(id_token) <= LONGEST_HINT else {}
    return f"{config['end_session_endpoint']}?{urlencode(asked | hint)}"


def _person(arrival: Arrival) -> User:
    for _ in range(3):  # two first sign-ins at once, or a name that was just taken
        account = SocialAccount.objects.filter(provider=settings.OIDC_ISSUER, uid=_uid(arrival.subject)).first()
        if account is not None:
            return User.objects.get(pk=account.user_id)
        with suppress(IntegrityError), transaction.atomic():
            person = User(username=_free_name(arrival))
            person.set_unusable_password()
            person.save()
            SocialAccount.objects.create(provider=settings.OIDC_ISSUER, uid=_uid(arrival.subject), user=person)
    raise Refused("Too many sign in under this name at once; try again.")


def _uid(subject: str) -> str:
    """As allauth's table has room for it."""
    return subject if len(subject) <= LONGEST_KEPT else f"sha256:{sha256(subject.encode()).hexdigest()}"


def _free_name(arrival: Arrival) -> str:
    """The provider's name for the person, and a number behind it where an account here has that already."""
    wanted = _text(arrival.claims, "preferred_username") or _text(arrival.claims, "email") or arrival.subject
    wanted = wanted[:140]
    taken = {LOCAL_OPERATOR, *User.objects.filter(username__startswith=wanted).values_list("username", flat=True)}
    return next(name for number in range(1, len(taken) + 2) if (name := _numbered(wanted, number)) not in taken)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return _plain(value).strip() if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """As a database keeps it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _is_many(value: Any) -> bool:
    return isinstance(value, list | tuple | Mapping)


def _get(address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object that is there; with allauth's time-out."""
    with get_adapter().get_requests_session() as session:
        response: Response = session.get(address, headers=headers)
    response.raise_for_status()
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError(f"{address} answers no JSON object")
    return found


@contextmanager
def _border() -> Iterator[None]:
    """Everything that can be wrong with a provider, as one of our two errors."""
    try:
        yield
    except RequestException as error:
        raise Unreachable(f"{settings.OIDC_NAME} does not answer.") from error
    except (OAuth2Error, jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(f"{settings.OIDC_NAME} gave no answer that holds ({type(error).__name__}).") from error
