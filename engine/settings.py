"""The engine's settings: one file, every value from the environment, everything runs with nothing set."""

import secrets
import sys
from pathlib import Path
from typing import cast

from environs import EnvValidationError, FileAwareEnv, validate

BASE_DIR = Path(__file__).resolve().parent.parent

# NAME_FILE names a file to read NAME from, as container secrets come; all complaints are collected until `seal`
env = FileAwareEnv(eager=False)
VAR_DIR = Path(env.str("DRIFTLINE_VAR", str(BASE_DIR / "var")))
if (VAR_DIR / "run.env").exists():  # `make run` is on: commands called by hand find its engine
    env.read_env(VAR_DIR / "run.env")

SQLITE = f"sqlite:///{VAR_DIR / 'engine.sqlite3'}"
DATABASE = env.dj_db_url("ENGINE_DATABASE_URL", SQLITE, conn_max_age=600)
LOG_LEVEL: str = env.str("ENGINE_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
ALLOWED_HOSTS: list[str] = env.list("ENGINE_ALLOWED_HOSTS", ["*"])  # every call carries its own token, and no cookie

# the inference log: a Parquet file, or a folder of them
ENGINE_LOG: Path = env.path("ENGINE_LOG", BASE_DIR / "engine" / "data" / "log")
ENGINE_REPLAY: bool = env.bool("ENGINE_REPLAY", True)
ENGINE_THREADS: int = env.int("ENGINE_THREADS", 0, validate=validate.Range(min=0))

# who may ask: made by `demonstrate` and by `schedule`
ENGINE_USER: str = env.str("ENGINE_USER", "")
ENGINE_PASSWORD: str = env.str("ENGINE_PASSWORD", "")
ENGINE_CLIENT_ID: str = env.str("ENGINE_CLIENT_ID", "")
ENGINE_CLIENT_SECRET: str = env.str("ENGINE_CLIENT_SECRET", "")
ENGINE_TOKEN_SECONDS: int = env.int("ENGINE_TOKEN_SECONDS", 300, validate=validate.Range(min=1))
ENGINE_REFRESH_SECONDS: int = env.int("ENGINE_REFRESH_SECONDS", 1800, validate=validate.Range(min=1))

try:
    env.seal()
except EnvValidationError as error:
    said = cast("dict[str, list[str]]", error.error_messages)
    complaints = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in said.items())
    sys.stderr.write(f"The engine cannot start, its settings are wrong: {complaints}\n")
    sys.exit(2)

DEBUG = False
SECRET_KEY = secrets.token_urlsafe(50)  # nothing that Django signs outlives a process

INSTALLED_APPS = ["whitenoise.runserver_nostatic", "django.contrib.staticfiles", "engine"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
]
ROOT_URLCONF = "engine.urls"
WSGI_APPLICATION = "engine.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = {"default": DATABASE}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}

STATIC_URL = "static/"
STATICFILES_DIRS = [("swagger-ui", BASE_DIR / "static" / "vendor" / "swagger-ui"), BASE_DIR / "engine" / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_USE_FINDERS = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
