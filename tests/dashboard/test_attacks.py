"""What an attacker tries: tokens, forms of other sites, bodies, paths and headers that lie, and ways to lead astray."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from assays.models import Switch
from assays.upstream import GET, LIST, NEXT_RUN, RESULTS, SCHEDULE, SET_ACTIVE
from dashboard import links, tokens
from dashboard.access import Act
from dashboard.models import Grant
from dashboard.roles import Role
from tests.dashboard.conftest import person
from tests.support.places import ANONYMOUS, ELSEWHERE, HERE, SUBJECTS, Places, Subject, as_json, body_of
from tests.support.upstream import Upstream as Served
from tests.support.upstream import as_json as as_reply
from tests.support.urls import Url, asked, every_url, everything, methods

pytestmark = [pytest.mark.django_db, pytest.mark.once]

ADMIN = SUBJECTS[-1]
OPERATOR = Subject("operator", Role.OPERATOR)
OUTSIDER = Subject("outsider", Role.OPERATOR, ELSEWHERE)
ALL = as_json({"active": "All"})
PASSWORD = "a long pass phrase"
ROUTES = [url for url in every_url() if url.name != "^v[12]/"]
OF_ALL = pytest.mark.parametrize("url", ROUTES, ids=lambda url: url.name)


# tokens


def ask(authorization: str, **extra: Any) -> Any:
    return Browser(raise_request_exception=False).post(LIST, **ALL, HTTP_AUTHORIZATION=authorization, **extra)


def made(**told: Any) -> str:
    return tokens.make("report", Role.VIEWER, **told)[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "drift_",
        "drift_\0",
        "drift_" + "x" * 100_000,
        "drift_\xe9\xff",
        "drift_\u202e",
        "drift_%00",
        "null",
        "' OR 1=1 --",
        "drift_a, Bearer drift_b",
        "eyJhbGciOiJub25lIn0.e30.",
    ],
)
def test_a_token_that_is_none_is_refused_whatever_it_is_made_of(places: Places, text: str) -> None:
    answer = ask(f"Bearer {text}")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert text.strip() in {"", "null"} or text not in answer.content.decode()


@pytest.mark.parametrize("scheme", ["", "Basic", "Token", "Digest", "Bearer:", "Bear er", "Negotiate"])
def test_a_good_token_in_another_scheme_is_refused(places: Places, scheme: str) -> None:
    assert ask(f"{scheme} {made()}").status_code == 401


def test_two_tokens_in_one_header_are_none(places: Places) -> None:
    """As a server joins two headers of the same name."""
    assert ask(f"Bearer {made()},Bearer {made()}").status_code == 401


def test_a_token_is_taken_from_its_header_alone(places: Places) -> None:
    text = made()
    browser = Browser()
    browser.cookies["token"] = browser.cookies["Authorization"] = text
    assert browser.post(f"{LIST}?access_token={text}&token={text}", **ALL).status_code == 401
    assert browser.post(LIST, {"access_token": text}).status_code == 401
    assert (
        browser.post(LIST, **ALL, headers={"X-Authorization": f"Bearer {text}", "X-Api-Key": text}).status_code == 401
    )


def test_a_token_begins_no_session(places: Places) -> None:
    answer = ask(f"Bearer {made()}")
    assert answer.status_code == 200
    assert not answer.cookies
    assert not Session.objects.exists()


def test_a_token_is_good_until_it_expires_and_no_longer(places: Places) -> None:
    assert ask(f"Bearer {made(expires_at=timezone.now() + timedelta(minutes=1))}").status_code == 200
    assert ask(f"Bearer {made(expires_at=timezone.now())}").status_code == 401


def test_a_revoked_token_is_refused_at_once(places: Places) -> None:
    row, text = tokens.make("report", Role.VIEWER)
    assert ask(f"Bearer {text}").status_code == 200
    row.revoked_at = timezone.now()
    row.save()
    assert ask(f"Bearer {text}").status_code == 401


def test_the_token_of_an_account_that_was_closed_is_refused(places: Places) -> None:
    owner = OPERATOR.account()
    text = made(owner=owner)
    assert ask(f"Bearer {text}").status_code == 200
    owner.is_active = False
    owner.save()
    assert ask(f"Bearer {text}").status_code == 401


def test_the_token_of_who_lost_the_role_may_no_more_than_its_owner(places: Places) -> None:
    owner = OPERATOR.account()
    _, text = tokens.make("switch", Role.OPERATOR, owner=owner)
    bearer = {"Authorization": f"Bearer {text}"}
    Grant.objects.filter(person=owner).update(role=Role.VIEWER)
    body = as_json({"assay_id": str(places.here.assay.pk), "active": False})
    assert Browser().post(SET_ACTIVE, **body, headers=bearer).status_code == 403
    Grant.objects.filter(person=owner).delete()
    assert ask(f"Bearer {text}").status_code == 403
    assert not places.served.calls[SET_ACTIVE]


@pytest.mark.parametrize(
    ("path", "name"), [(GET, "id"), (RESULTS, "id"), (NEXT_RUN, "assay_id"), (SET_ACTIVE, "assay_id")]
)
def test_a_token_of_another_workspace_finds_nothing(places: Places, path: str, name: str) -> None:
    body = as_json({name: str(places.here.assay.pk), "active": False})
    assert Browser().post(path, **body, headers=OUTSIDER.bearer()).status_code == 404
    assert not places.served.calls


# forms of other sites


SIGNED = {"mail-stop", "mail-confirm"}
"""Their address is the proof, and no session is heard: mail programs post there with one click (RFC 8058)."""


@OF_ALL
def test_no_session_changes_anything_without_the_csrf_token(places: Places, url: Url) -> None:
    told = asked(url, places)
    if "POST" not in methods(told) or url.name in SIGNED:
        return
    browser = (ANONYMOUS if url.is_public else ADMIN).browser(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    before = everything()
    reads = url.is_api and url.act is Act.READ
    assert told.by(browser, "POST", {}).status_code == (200 if reads else 403)
    assert everything() == before
    assert reads or not places.served.calls


@OF_ALL
def test_only_the_api_which_checks_for_itself_is_exempt_from_that(url: Url) -> None:
    assert getattr(url.callback, "csrf_exempt", False) in {False, url.is_api or url.name in SIGNED}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example", "https://testserver"]
)
def test_a_form_of_another_origin_is_refused_with_the_right_token_too(places: Places, origin: str) -> None:
    browser = ADMIN.browser(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = secret = "a" * 32
    address = f"/assays/{places.here.assay.pk}/switch/"
    given = {"active": "no", "csrfmiddlewaretoken": secret}
    before = Switch.objects.count()
    assert browser.post(address, given, headers={"Origin": origin}).status_code == 403
    body = as_json({"assay_id": str(places.here.assay.pk), "active": False})
    told = {"Origin": origin, "X-CSRFToken": secret}
    assert browser.post(SET_ACTIVE, **body, headers=told).status_code == 403
    assert Switch.objects.count() == before


@pytest.mark.parametrize("address", ["/sign-out/", "/sign-out/everywhere/"])
def test_a_picture_on_another_site_signs_nobody_out(db: None, address: str) -> None:
    browser = ADMIN.browser()
    assert browser.get(address).status_code == 405
    assert browser.get("/").status_code == 200


# bodies that lie


@pytest.mark.parametrize("hidden_last", [True, False])
def test_of_a_key_given_twice_one_is_checked_and_the_same_is_used(places: Places, hidden_last: bool) -> None:
    pair = [str(places.elsewhere.assay.pk), str(places.here.assay.pk)]
    first, last = pair if hidden_last else pair[::-1]
    body = f'{{"id": "{first}", "id": "{last}", "debug": true}}'.encode()
    answer = Browser().post(RESULTS, **as_json(body), headers=OUTSIDER.bearer())
    assert answer.status_code == (404 if hidden_last else 200)
    assert places.here.mark not in body_of(answer).decode()
    assert [sent["id"] for _, sent in places.served.bodies if "id" in sent][2:] == ([] if hidden_last else [last])


def test_fields_that_a_call_does_not_know_go_no_further(places: Places, served: Served) -> None:
    pk = str(places.here.assay.pk)
    body = {"assay_id": pk, "active": False, "id": "other", "workspace_id": ELSEWHERE, "__proto__": {"x": 1}}
    assert Browser().post(SET_ACTIVE, **as_json(body), headers=OPERATOR.bearer()).status_code == 200
    assert [sent for path, sent in served.bodies if path == SET_ACTIVE] == [{"assay_id": pk, "active": False}]


@pytest.mark.parametrize(
    "targeting",
    [
        b'{"targeting": {"data_origin": {"workspace_id": %(mine)d, "workspace_id": %(other)d}}}',
        b'{"targeting": {"data_origin": {"workspace_id": %(mine)d}}, '
        b'"targeting": {"data_origin": {"workspace_id": %(other)d}}}',
        b'{"targeting": {"data_origin": {"workspace_id": "%(mine)d"}}}',
        b'{"targeting": {"data_origin": {"workspace_id": %(mine)d.0}}}',
        b'{"targeting": {"data_origin": {"workspace_id": [%(mine)d]}}}',
        b'{"targeting": {"data_origin": {"workspace_id": true}}}',
        b'{"targeting": {"data_origin": [{"workspace_id": %(mine)d}]}}',
        b'{"targeting": [], "workspace_id": %(mine)d}',
        b'{"targeting": {"data_origin": {"workspace_id": %(mine)d, "pipeline_id": %(other_pipeline)d}}}',
        b'{"targeting": {"data_origin": {"workspace_id": %(mine)d, "workspace_name": "quagga workspace"}}}',
        b'{"Targeting": {"data_origin": {"workspace_id": %(mine)d}}}',
        b"{}",
    ],
)
def test_no_new_assay_is_smuggled_into_another_workspace(places: Places, targeting: bytes) -> None:
    body = targeting % {b"mine": ELSEWHERE, b"other": HERE, b"other_pipeline": HERE + 1}
    answer = Browser().post(SCHEDULE, **as_json(body), headers=OUTSIDER.bearer())
    assert answer.status_code in {403, 422}
    assert not places.served.calls


def test_what_was_checked_of_a_new_assay_is_what_upstream_reads(places: Places, served: Served) -> None:
    served.misbehave.append(lambda path, _: as_reply("new") if path == SCHEDULE else None)
    body = b'{"targeting": {"data_origin": {"workspace_id": %d, "workspace_id": %d}}}' % (HERE, ELSEWHERE)
    assert body_of(Browser().post(SCHEDULE, **as_json(body), headers=OUTSIDER.bearer())) == b'"new"'
    (sent,) = [sent for path, sent in served.bodies if path == SCHEDULE]
    assert sent == {"targeting": {"data_origin": {"workspace_id": ELSEWHERE}}}


NONSENSE = [
    b"",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b'{"id": NaN}',
    b'{"id": 1e999}',
    b'{"id": "\\ud800"}',
    b'{"id": "\\u0000"}',
    b'{"assay_id": "\\u0000", "active": true}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"id": ' * 50_000,
    b'{"id": "' + b"x" * 1_000_000 + b'"}',
    b"9" * 10_000,
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("url", [url for url in ROUTES if url.is_api], ids=lambda url: url.name)
def test_a_body_of_nonsense_is_refused_and_breaks_nothing(places: Places, url: Url) -> None:
    places.served.misbehave.append(lambda *_: as_reply({"error": "no"}, 422))
    browser, bearer = Browser(raise_request_exception=False), OPERATOR.bearer()
    for body in NONSENSE:
        answer = browser.post(f"/{url.route}", **as_json(body), headers=bearer)
        assert 200 <= answer.status_code < 500, body[:40]
        body_of(answer)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "x" * 500]
)
def test_another_content_type_is_no_way_past_the_csrf_check(places: Places, kind: str) -> None:
    body = json.dumps({"assay_id": str(places.here.assay.pk), "active": False})
    answer = ADMIN.browser(enforce_csrf_checks=True).post(SET_ACTIVE, body, content_type=kind)
    assert answer.status_code == 403
    assert not places.served.calls


def test_a_body_that_is_too_large_is_refused(places: Places, settings: Settings) -> None:
    big = b'{"id": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    assert Browser().post(RESULTS, **as_json(big), headers=OPERATOR.bearer()).status_code == 413
    browser = ADMIN.browser()
    address = f"/assays/{places.here.assay.pk}/switch/"
    assert browser.post(address, {"why": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}).status_code in {400, 413}
    assert browser.post(address, {f"f{number}": "" for number in range(2000)}).status_code == 400


# paths that lie


@pytest.mark.parametrize(
    "path",
    [
        "/v2/api/assays/get/",
        "/v2/api/assays/get\n",
        "/v2/api/assays/get%0a",
        "/v2//api/assays/get",
        "//v2/api/assays/get",
        "/v2/api/assays/../assays/get",
        "/v2/api/%2e%2e/api/assays/get",
        "/V2/api/assays/get",
        "/v2/api/assays/get;x",
        "/v2/api/assays/get%2f:id",
        "/v2/api/assays/get/%3aid",
        "/v2/api/assays/get\0",
        "/health/../people/",
        "/%2e/people/",
        "/people//",
        "/people/%0a",
        "/people/.",
        "/static/../people/",
        "/static/%2e%2e/%2e%2e/dashboard/settings.py",
        "/static//etc/passwd",
        "/sign-in/../people/",
        "/sign-in/..%2fpeople/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_spelling_of_a_path_goes_around_the_sign_in(places: Places, path: str, method: str) -> None:
    answer = getattr(Browser(raise_request_exception=False), method)(path, **(ALL if method == "post" else {}))
    assert answer.status_code in {301, 302, 400, 401, 403, 404, 405, 410}
    assert answer.status_code != 302 or "/sign-in/" in answer["Location"]
    text = body_of(answer).decode()
    assert "SECRET_KEY" not in text
    assert "root:" not in text
    assert places.here.mark not in text


@pytest.mark.parametrize(
    "path", ["//evil.example/health", "//evil.example/..", "/\\evil.example/health", "///evil.example/a"]
)
def test_a_missing_slash_leads_to_no_other_site(db: None, path: str) -> None:
    answer = ADMIN.browser().get(path)
    assert answer.status_code != 301 or _site(answer) == "testserver"


def test_the_literal_id_of_the_path_is_no_pattern(places: Places) -> None:
    path = GET.replace(":id", str(places.here.assay.pk))
    assert Browser().post(path, **as_json({}), headers=OPERATOR.bearer()).status_code == 404


# headers that lie


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_is_what_it_is(places: Places, header: str) -> None:
    browser, before = ADMIN.browser(enforce_csrf_checks=True), everything()
    address = f"/assays/{places.here.assay.pk}/switch/"
    assert browser.get(f"{address}?_method=POST&active=no", headers={header: "POST"}).status_code == 200
    assert browser.post(address, {"active": "no", "_method": "GET"}, headers={header: "GET"}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(
    "header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Uri", "Forwarded"]
)
def test_a_path_is_what_it_is(places: Places, header: str) -> None:
    browser = Subject("viewer", Role.VIEWER).browser()
    assert browser.get("/people/", headers={header: "/"}).status_code == 403
    assert browser.get("/", headers={header: "/people/"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example", "a b", ""]
)
def test_another_host_is_not_served(settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    for address in ("/", "/sign-in/", "/metrics", LIST):
        assert Browser(raise_request_exception=False).get(address, HTTP_HOST=host).status_code == 400


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Forwarded-Server"])
def test_what_a_proxy_is_said_to_have_been_asked_goes_into_no_answer(places: Places, header: str) -> None:
    evil = {header: "host=evil.example" if header == "Forwarded" else "evil.example"}
    for address in ("/", "/sign-in/", "/assays/nothing", f"/assays/{places.here.assay.pk}/"):
        answer = ADMIN.browser().get(address, headers=evil)
        assert "evil.example" not in body_of(answer).decode() + str(answer.headers)


def test_who_says_to_come_by_https_is_not_believed_unless_a_proxy_stands_there(
    client: Browser, settings: Settings
) -> None:
    said = {"X-Forwarded-Proto": "https"}
    assert not client.get("/sign-in/", headers=said).wsgi_request.is_secure()
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/sign-in/", headers=said).wsgi_request.is_secure()


# leading astray

ASTRAY = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "http:/\\evil.example",
    "https:///evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "//evil.example\\@testserver/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "https://evil.example#testserver",
    "//evil%E3%80%82example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\x01javascript:alert(1)",
    "ftp://testserver/",
]


def _site(answer: Any) -> str:
    """Where a browser goes, which reads a backslash as a slash and leaves control characters out."""
    where = "".join(letter for letter in answer["Location"] if letter > " ").replace("\\", "/")
    parts = urlsplit(urljoin("http://testserver/sign-in/", where))
    return str(parts.netloc) if parts.scheme == "http" else f"{parts.scheme}:"


@pytest.mark.parametrize("onward", ASTRAY)
def test_no_sign_in_leads_away(db: None, onward: str) -> None:
    ada = person("ada", "viewer")
    ada.set_password(PASSWORD)
    ada.save()
    browser = Browser()
    given = {"username": "ada", "password": PASSWORD, "next": onward}
    answers = [browser.post("/sign-in/", given), browser.get("/sign-in/", {"next": onward})]
    answers += [ADMIN.browser().post("/sign-in/", {"next": onward})]
    assert [(answer.status_code, _site(answer)) for answer in answers] == [(302, "testserver")] * 3


@pytest.mark.parametrize("onward", ASTRAY)
def test_no_preference_leads_away(db: None, onward: str) -> None:
    for browser in (Browser(), ADMIN.browser()):
        assert _site(browser.post("/preferences/", {"theme": "dark", "next": onward})) == "testserver"


@pytest.mark.parametrize("onward", ASTRAY)
def test_the_sign_in_page_links_nowhere_else(client: Browser, onward: str) -> None:
    text = client.get("/sign-in/", {"next": onward}).content.decode()
    assert 'href="javascript' not in text
    assert 'action="//' not in text
    assert 'action="http' not in text


# sessions


def test_a_session_begun_before_the_sign_in_is_not_the_one_after_it(db: None) -> None:
    ada = person("ada", "viewer")
    ada.set_password(PASSWORD)
    ada.save()
    attacker = Browser()
    session = attacker.session
    session["planted"] = "by the attacker"
    session.save()
    known = str(session.session_key)
    victim = Browser()
    victim.cookies["sessionid"] = known
    victim.post("/sign-in/", {"username": "ada", "password": PASSWORD})
    assert victim.cookies["sessionid"].value != known
    assert victim.get("/").status_code == 200
    attacker.cookies["sessionid"] = known
    assert attacker.get("/").status_code == 302


def test_a_link_begins_a_session_of_its_own_too(db: None) -> None:
    session = Browser().session
    session.save()
    victim = Browser()
    victim.cookies["sessionid"] = known = str(session.session_key)
    victim.get(f"/sign-in/{links.make_token()}/")
    assert victim.cookies["sessionid"].value != known


@pytest.mark.parametrize(
    "key",
    [
        *(
            pytest.param(key, id=repr(key[:20]))
            for key in ("", "x" * 32, "../../etc/passwd", "\0", "%00", "a" * 10_000)
        ),
        pytest.param(signing.dumps({"_auth_user_id": "1"}), id="signed"),
    ],
)
def test_a_session_that_is_none_signs_nobody_in(db: None, key: str) -> None:
    ADMIN.account()
    browser = Browser(raise_request_exception=False)
    browser.cookies["sessionid"] = key
    assert browser.get("/").status_code == 302


def test_after_signing_out_the_old_cookie_is_worth_nothing(db: None) -> None:
    browser = ADMIN.browser()
    old = browser.cookies["sessionid"].value
    browser.post("/sign-out/")
    browser.cookies["sessionid"] = old
    assert browser.get("/").status_code == 302


def test_the_session_of_an_account_that_was_closed_is_over(db: None) -> None:
    browser = ADMIN.browser()
    account = ADMIN.account()
    account.is_active = False
    account.save()
    assert browser.get("/").status_code == 302


def test_no_script_and_no_other_site_gets_at_the_session(db: None) -> None:
    ada = person("ada", "viewer")
    ada.set_password(PASSWORD)
    ada.save()
    cookie = Browser().post("/sign-in/", {"username": "ada", "password": PASSWORD}).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] in {"Lax", "Strict"}


# what every answer says to browsers and proxies


def _answers(url: Url, places: Places) -> list[Any]:
    told = asked(url, places)
    askers = [subject.browser() for subject in (ADMIN, ANONYMOUS, SUBJECTS[1])]
    return [told.by(browser, method, {}) for browser in askers for method in ("GET", "POST", "PUT")]


@pytest.mark.slow
@OF_ALL
def test_every_answer_forbids_frames_foreign_scripts_and_guessing(places: Places, url: Url) -> None:
    for answer in _answers(url, places):
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "form-action" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer
        assert "Server" not in answer
        body_of(answer)


@pytest.mark.slow
@OF_ALL
def test_no_proxy_keeps_what_one_person_may_see(places: Places, url: Url) -> None:
    if not url.act:
        return
    for answer in _answers(url, places):
        if answer.status_code == 200 or url.is_api:
            assert {"private", "no-store", "no-cache"} & set(answer["Cache-Control"].split(", ")), answer.request
            assert "public" not in answer["Cache-Control"]
        body_of(answer)


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_error_pages_tell_nothing_of_the_machine(places: Places, settings: Settings, status: int) -> None:
    browser = SUBJECTS[1].browser()
    answer = {
        400: lambda: browser.get("/", HTTP_HOST="evil.example:x"),
        403: lambda: browser.get("/"),
        404: lambda: browser.get("/nothing/"),
        405: lambda: browser.delete("/health/"),
    }[status]()
    assert answer.status_code == status
    text = body_of(answer).decode() + str(answer.headers)
    for trace in ("Traceback", "Django", "/site-packages/", str(settings.BASE_DIR), settings.SECRET_KEY, "python"):
        assert trace not in text
