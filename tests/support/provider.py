"""OpenID providers for tests: an honest one, of a library, and one of our own whose tokens can be made to lie."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from scripts.launch.supervisor import die_with_parent
from tests.support.house import wait_until
from tests.support.servers import free_port

Claims = dict[str, Any]


@contextlib.contextmanager
def honest(people: Mapping[str, Claims]) -> Iterator[str]:
    """The issuer of oidc-provider-mock, in a process of its own, where these subjects can be signed in as."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for subject, claims in people.items():
        command += ["--user-claims", json.dumps({"sub": subject} | claims)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, preexec_fn=die_with_parent(), **quiet)
    try:
        issuer = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(issuer), 30)
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


def answers(issuer: str) -> bool:
    try:
        return requests.get(f"{issuer}/.well-known/openid-configuration", timeout=1).ok
    except requests.ConnectionError:
        return False


class Dishonest:
    """Signs whatever `alter` makes of an honest ID token's claims, with whatever key and algorithm it is given."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = self.shown = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.algorithm = "RS256"
        self.nonce = ""
        self.alter: Callable[[Claims], Claims] = lambda claims: claims
        self.userinfo: Any = {"sub": "ada"}
        self.document: Claims = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/keys",
        }

    def answer(self, path: str) -> Any:
        return {
            "/.well-known/openid-configuration": lambda: self.document,
            "/keys": self._keys,
            "/token": lambda: {"access_token": "a", "token_type": "Bearer", "id_token": self._token()},
            "/userinfo": lambda: self.userinfo,
        }[path]()

    def _keys(self) -> Any:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.shown.public_key()))
        return {"keys": [public | {"kid": "1", "use": "sig"}]}

    def _token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "ada", "aud": "driftline", "iat": now, "exp": now + 60}
        told = self.alter(claims | {"nonce": self.nonce, "groups": ["operator"]})
        key: Any = {"none": None, "HS256": "secret" * 8}.get(self.algorithm, self.key)
        return jwt.encode(told, key, self.algorithm, headers={"kid": "1"})


@contextlib.contextmanager
def dishonest() -> Iterator[Dishonest]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(provider.answer(urlsplit(self.path).path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Dishonest(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(address: str, name: str) -> str:
    """What a query asks by this name."""
    return parse_qs(urlsplit(address).query)[name][0]


def people(groups: Mapping[str, Sequence[str]]) -> dict[str, Claims]:
    return {
        name: {"groups": list(names), "preferred_username": name, "email": f"{name}@example.com"}
        for name, names in groups.items()
    }
