"""The dashboard's settings: one file, every value from the environment, everything runs with nothing set.

`.env.example` documents each variable; `dashboard/checks.py` says which combinations cannot work.
"""

import re
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from environs import EnvValidationError, FileAwareEnv, ValidationError, validate

BASE_DIR = Path(__file__).resolve().parent.parent


def _is_redis_address(text: str) -> None:
    if not re.fullmatch(r"(rediss?://|unix://)\S+", text):
        raise ValidationError("Not an address of Redis.")


def _is_web_address(text: str) -> None:
    """Looser than the library's: single-label and underscored names are what containers have."""
    if not re.fullmatch(r"https?://([^\s/?#@]*@)?(\[[0-9a-fA-F:]+\]|[^\s/?#\[\]:]+)(:\d+)?([/?#]\S*)?", text):
        raise ValidationError("Not an http or https address.")


def _is_web_address_or_empty(text: str) -> None:
    if text:
        _is_web_address(text)


def _are_networks(texts: list[str]) -> None:
    try:
        for text in texts:
            ip_network(text)
    except ValueError as error:
        raise ValidationError(f"Not networks: {error}.") from None


# NAME_FILE names a file to read NAME from, as container secrets come; all complaints are collected until `seal`
env = FileAwareEnv(eager=False)
VAR_DIR = Path(env.str("DRIFTLINE_VAR", str(BASE_DIR / "var")))
if (VAR_DIR / "run.env").exists():  # `make run` is on: commands called by hand find its databases and servers
    env.read_env(VAR_DIR / "run.env")

PRODUCTION: bool = env.bool("DRIFTLINE_PRODUCTION", False)
SECRET_KEY: str = (
    env.str("DRIFTLINE_SECRET_KEY") if PRODUCTION else env.str("DRIFTLINE_SECRET_KEY", "insecure-" + "0" * 50)
)
PUBLIC_URL: str = env.str("DRIFTLINE_URL", "http://127.0.0.1:8000", validate=_is_web_address)
ALLOWED_HOSTS: list[str] = env.list("DRIFTLINE_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
LOG_LEVEL: str = env.str("DRIFTLINE_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
DATABASE = env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'driftline.sqlite3'}", conn_max_age=600)
REDIS_URL: str = env.str("REDIS_URL", "redis://127.0.0.1:6379/0", validate=_is_redis_address)

# the Wallaroo instance that is watched, in the vendor's own names
WALLAROO_URL: str = env.str("WALLAROO_URL", "http://127.0.0.1:8010", validate=_is_web_address)
WALLAROO_AUTH_TYPE: str = env.str("WALLAROO_SDK_AUTH_TYPE", "")
WALLAROO_AUTH_ENDPOINT: str = env.str("WALLAROO_SDK_AUTH_ENDPOINT", "") or WALLAROO_URL
WALLAROO_USER: str = env.str("WALLAROO_USER", "")
WALLAROO_PASSWORD: str = env.str("WALLAROO_PASSWORD", "")
WALLAROO_CREDENTIALS_FILE: str = env.str("WALLAROO_SDK_CREDENTIALS", "")
WALLAROO_CLIENT_ID: str = env.str("WALLAROO_CLIENT_ID", "sdk-client")
WALLAROO_CLIENT_SECRET: str = env.str("WALLAROO_CLIENT_SECRET", "")
WALLAROO_TOKEN: str = env.str("WALLAROO_TOKEN", "")
WALLAROO_REQUEST_TIMEOUT: float = env.float("WALLAROO_REQUEST_TIMEOUT", 10.0, validate=validate.Range(min=0.1, max=600))

# polling
POLL_CONCURRENCY: int = env.int("DRIFTLINE_POLL_CONCURRENCY", 32, validate=validate.Range(min=1, max=512))
RETENTION_DAYS: int = env.int("DRIFTLINE_RETENTION_DAYS", 400, validate=validate.Range(min=1, max=36_500))
ANSWER_LIMIT_MB: int = env.int("DRIFTLINE_ANSWER_LIMIT_MB", 64, validate=validate.Range(min=1))

# messages to people
NOTICE_KEYS: list[str] = (
    env.list("DRIFTLINE_NOTICE_KEYS", validate=validate.Length(min=1))
    if PRODUCTION
    else env.list("DRIFTLINE_NOTICE_KEYS", ["insecure-" + "0" * 50])
)
NOTICE_NETWORKS: list[str] = env.list("DRIFTLINE_NOTICE_NETWORKS", [], validate=_are_networks)
HEARTBEAT_URL: str = env.str("DRIFTLINE_HEARTBEAT_URL", "", validate=_is_web_address_or_empty)

# incidents
ACKNOWLEDGED_HOURS: int = env.int("DRIFTLINE_ACKNOWLEDGED_HOURS", 72, validate=validate.Range(min=1, max=8_760))

# the API that programs ask here
API_CALLS_PER_MINUTE: int = env.int("DRIFTLINE_API_CALLS_PER_MINUTE", 600, validate=validate.Range(min=1))
API_PATIENCE: float = env.float("DRIFTLINE_API_PATIENCE", 600.0, validate=validate.Range(min=1))

try:
    env.seal()
except EnvValidationError as error:
    said = cast("dict[str, list[str]]", error.error_messages)
    complaints = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in said.items())
    sys.stderr.write(f"Driftline cannot start, its settings are wrong: {complaints}\n")
    sys.exit(2)

DEBUG = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "assays",
    "assays.insight",
    "assays.incidents",
    "assays.notices",
    "dashboard",
    "dashboard.history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "dashboard.preferences.PreferencesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.page",
            ],
        },
    }
]

SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}
DATABASES = {"default": DATABASE}
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = SQLITE_OPTIONS
    DATABASE["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}  # a file, so that tests meet the same locks and journal
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "driftline"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 10_000
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {"assays.tasks.tick": {"queue": "tick"}}
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "assays.tasks.tick", "schedule": 2.0, "options": {"expires": 2.0}},
    "list": {"task": "assays.tasks.refresh_list", "schedule": 30.0, "options": {"expires": 25.0}},
    "features": {"task": "assays.tasks.refresh_features", "schedule": 300.0, "options": {"expires": 240.0}},
    "switches": {"task": "assays.tasks.settle_switches", "schedule": 5.0, "options": {"expires": 4.0}},
    "incidents": {"task": "assays.tasks.redo_incidents", "schedule": 5.0, "options": {"expires": 4.0}},
    "triage": {"task": "assays.tasks.expire_triage", "schedule": 15.0, "options": {"expires": 12.0}},
    "notices": {"task": "assays.tasks.send_notices", "schedule": 2.0, "options": {"expires": 2.0}},
    "heartbeat": {"task": "assays.tasks.heartbeat", "schedule": 60.0, "options": {"expires": 30.0}},
    "verify": {"task": "assays.tasks.verify_scores", "schedule": 60.0, "options": {"expires": 50.0}},
    "pack": {"task": "assays.tasks.pack_scores", "schedule": 600.0, "options": {"expires": 500.0}},
    "prune": {"task": "assays.tasks.prune", "schedule": 86_400.0, "options": {"expires": 3600.0}},
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# HTTPS in front of it: cookies travel encrypted alone, and the forms' origin is the public one
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")] if SESSION_COOKIE_SECURE else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

SECRETS = [
    SECRET_KEY,
    WALLAROO_PASSWORD,
    WALLAROO_CLIENT_SECRET,
    WALLAROO_TOKEN,
    *NOTICE_KEYS,
    HEARTBEAT_URL,
    str(DATABASE["PASSWORD"]),
    urlsplit(REDIS_URL).password or "",
]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "dashboard.logs.SecretlessFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            "secrets": SECRETS,
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "apprise": {"handlers": ["nowhere"], "propagate": False},  # it writes addresses with what they carry
        "urllib3": {"level": "WARNING"},  # at DEBUG it writes addresses with what they carry
    },
}
