"""The dashboard's settings: one file, every value from the environment, everything runs with nothing set.

`.env.example` documents each variable; `dashboard/checks.py` says which combinations cannot work.
"""

from pathlib import Path

from environs import Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("DRIFTLINE_VAR", str(BASE_DIR / "var")))

PRODUCTION: bool = env.bool("DRIFTLINE_PRODUCTION", False)
DEBUG = False
SECRET_KEY: str = env.str("DRIFTLINE_SECRET_KEY", "" if PRODUCTION else "insecure-" + "0" * 50)
ALLOWED_HOSTS: list[str] = env.list("DRIFTLINE_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])

# the Wallaroo instance that is watched, in the vendor's own names
WALLAROO_URL: str = env.str("WALLAROO_URL", "http://127.0.0.1:8010")
WALLAROO_AUTH_TYPE: str = env.str("WALLAROO_SDK_AUTH_TYPE", "")
WALLAROO_AUTH_ENDPOINT: str = env.str("WALLAROO_SDK_AUTH_ENDPOINT", "") or WALLAROO_URL
WALLAROO_USER: str = env.str("WALLAROO_USER", "")
WALLAROO_PASSWORD: str = env.str("WALLAROO_PASSWORD", "")
WALLAROO_CREDENTIALS_FILE: str = env.str("WALLAROO_SDK_CREDENTIALS", "")
WALLAROO_CLIENT_ID: str = env.str("WALLAROO_CLIENT_ID", "sdk-client")
WALLAROO_CLIENT_SECRET: str = env.str("WALLAROO_CLIENT_SECRET", "")
WALLAROO_TOKEN: str = env.str("WALLAROO_TOKEN", "")
WALLAROO_REQUEST_TIMEOUT: float = env.float("WALLAROO_REQUEST_TIMEOUT", 10.0)

# polling
POLL_CONCURRENCY: int = env.int("DRIFTLINE_POLL_CONCURRENCY", 32)
RETENTION_DAYS: int = env.int("DRIFTLINE_RETENTION_DAYS", 400)

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
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
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
            ],
        },
    }
]

SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'driftline.sqlite3'}", conn_max_age=600)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", "redis://127.0.0.1:6390/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "driftline"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 10_000
CELERY_TIMEZONE = "UTC"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "staticfiles"

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
