"""The dashboard's settings: one file, every value from the environment, everything runs with nothing set.

`.env.example` documents each variable; `dashboard/checks.py` says which combinations cannot work.
"""

import re
import sys
from datetime import timedelta
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


def _is_mail_address_or_empty(text: str) -> None:
    if text and not re.fullmatch(r"smtps?://([^\s/?#@]*@)?(\[[0-9a-fA-F:]+\]|[^\s/?#\[\]:@]+)(:\d{1,5})?/?", text):
        raise ValidationError("Not an smtp or smtps address.")


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
AUDIT_DAYS: int = env.int("DRIFTLINE_AUDIT_DAYS", 400, validate=validate.Range(min=1, max=36_500))
ANSWER_LIMIT_MB: int = env.int("DRIFTLINE_ANSWER_LIMIT_MB", 64, validate=validate.Range(min=1))

# messages to people
NOTICE_KEYS: list[str] = (
    env.list("DRIFTLINE_NOTICE_KEYS", validate=validate.Length(min=1))
    if PRODUCTION
    else env.list("DRIFTLINE_NOTICE_KEYS", ["insecure-" + "0" * 50])
)
NOTICE_NETWORKS: list[str] = env.list("DRIFTLINE_NOTICE_NETWORKS", [], validate=_are_networks)
HEARTBEAT_URL: str = env.str("DRIFTLINE_HEARTBEAT_URL", "", validate=_is_web_address_or_empty)

# the history by mail
MAIL_URL: str = env.str("DRIFTLINE_MAIL_URL", "", validate=_is_mail_address_or_empty)
MAIL_FROM: str = env.str("DRIFTLINE_MAIL_FROM", "")

# incidents
ACKNOWLEDGED_HOURS: int = env.int("DRIFTLINE_ACKNOWLEDGED_HOURS", 72, validate=validate.Range(min=1, max=8_760))

# signing in
OIDC_ISSUER: str = env.str("DRIFTLINE_OIDC_ISSUER", "", validate=_is_web_address_or_empty)
OIDC_CLIENT_ID: str = env.str("DRIFTLINE_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET: str = env.str("DRIFTLINE_OIDC_CLIENT_SECRET", "")
OIDC_SCOPES: list[str] = env.list("DRIFTLINE_OIDC_SCOPES", ["openid", "profile", "email"])
OIDC_GROUPS_CLAIM: str = env.str("DRIFTLINE_OIDC_GROUPS_CLAIM", "groups")
OIDC_NAME: str = env.str("DRIFTLINE_OIDC_NAME", "single sign-on")
LOCAL_ACCOUNTS: bool = env.bool("DRIFTLINE_LOCAL_ACCOUNTS", True)
ADMIN_CONTACT: str = env.str("DRIFTLINE_ADMIN_CONTACT", "an administrator")
SESSION_HOURS: float = env.float("DRIFTLINE_SESSION_HOURS", 168.0, validate=validate.Range(min=0.01, max=8760))
SESSION_IDLE_HOURS: float = env.float("DRIFTLINE_SESSION_IDLE_HOURS", 24.0, validate=validate.Range(min=0.01, max=8760))
TRUSTED_PROXIES: int = env.int("DRIFTLINE_TRUSTED_PROXIES", 0, validate=validate.Range(min=0, max=10))
SSL_REDIRECT: bool = env.bool("DRIFTLINE_SSL_REDIRECT", True)
HSTS_SECONDS: int = env.int("DRIFTLINE_HSTS_SECONDS", 31_536_000, validate=validate.Range(min=0))

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
    "allauth.account",  # none of its pages are in use: the next one needs its tables
    "allauth.socialaccount",
    "axes",
    "assays",
    "assays.insight",
    "assays.incidents",
    "assays.notices",
    "dashboard",
    "dashboard.history",
    "dashboard.reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "dashboard.preferences.PreferencesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "dashboard.sessions.IdleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",  # last: puts its page in place of the answer
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "dashboard.backends.Password",
    "dashboard.backends.Link",
    "dashboard.backends.Provider",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of older accounts: hashed anew at their next sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SOCIALACCOUNT_ONLY = True
ACCOUNT_EMAIL_VERIFICATION = "none"

AXES_HANDLER = "dashboard.throttle.Throttle"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "dashboard.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "dashboard.throttle.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # the audit trail is kept instead
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

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
    "reports": {"task": "dashboard.reports.tasks.send_reports", "schedule": 30.0, "options": {"expires": 25.0}},
    "verify": {"task": "assays.tasks.verify_scores", "schedule": 60.0, "options": {"expires": 50.0}},
    "pack": {"task": "assays.tasks.pack_scores", "schedule": 600.0, "options": {"expires": 500.0}},
    "prune": {"task": "assays.tasks.prune", "schedule": 86_400.0, "options": {"expires": 3600.0}},
    "forget": {"task": "dashboard.reports.tasks.forget_reports", "schedule": 86_400.0, "options": {"expires": 3600.0}},
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

SESSION_COOKIE_AGE = round(SESSION_HOURS * 3600)

# HTTPS in front of it: cookies travel encrypted alone, and the forms' origin is the public one
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")] if SESSION_COOKIE_SECURE else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_SSL_REDIRECT = PRODUCTION and SESSION_COOKIE_SECURE and SSL_REDIRECT
SECURE_HSTS_SECONDS = HSTS_SECONDS if PRODUCTION and SESSION_COOKIE_SECURE else 0
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # what other hosts of its domain do is not ours to say

SECRETS = [
    SECRET_KEY,
    WALLAROO_PASSWORD,
    WALLAROO_CLIENT_SECRET,
    WALLAROO_TOKEN,
    OIDC_CLIENT_SECRET,
    *NOTICE_KEYS,
    HEARTBEAT_URL,
    MAIL_URL,
    urlsplit(MAIL_URL).password or "",
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
