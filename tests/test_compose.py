"""The production files, as far as they can be held to the truth without a Docker engine."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client as Browser
from launch.services import WORKER
from pytest_django import Settings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")


def test_the_compose_file_follows_the_specification() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_holds_every_process_of_production() -> None:
    assert set(SERVICES) == {*OURS, "database", "redis"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_waits_for_services_that_exist_and_can_say_so(name: str) -> None:
    for needed, condition in SERVICES[name]["depends_on"].items():
        assert needed in SERVICES
        assert condition["condition"] in {"service_healthy", "service_completed_successfully"}
        assert condition["condition"] != "service_healthy" or "healthcheck" in SERVICES[needed]


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_told_only_settings_that_exist(name: str) -> None:
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(SERVICES[name]["environment"]) <= known


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items() if "environment" in service else ():
            if re.search("PASSWORD|SECRET|TOKEN", name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), name


def test_the_database_outlives_its_container_and_is_not_published() -> None:
    assert SERVICES["database"]["volumes"] == ["database:/var/lib/postgresql/data"]
    assert "database" in COMPOSE["volumes"]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]


@pytest.mark.django_db
def test_the_health_check_is_answered_where_https_is_asked_for(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["driftline.example.com", "localhost"]
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing is collected here
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    asked = re.search(r"(/[a-z/-]+)', headers=(\{.*?\})", SERVICES["web"]["healthcheck"]["test"][-1])
    assert asked
    assert Browser().get(asked[1].removeprefix("//"), headers=ast.literal_eval(asked[2])).status_code == 200


def test_the_worker_serves_every_queue_of_the_application() -> None:
    assert SERVICES["worker"]["command"][3:] == list(WORKER[: WORKER.index("--queues") + 2])


def test_the_image_copies_only_what_exists_and_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(let_in)
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_does_not_run_as_root() -> None:
    last_user = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    assert last_user not in {"root", "0"}
