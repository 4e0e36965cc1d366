"""All settings, from the environment and `.env`. Every variable is explained in `.env.example`.

A wrong value stops the start with one sentence that names the variable.
"""

import datetime as dt
import os
import sys
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(os.environ.get("VEOWEB_ENV_FILE") or BASE_DIR / ".env")


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def _flag(name: str, default: bool = False) -> bool:
    value = _text(name).lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return value in ("1", "true", "yes", "on") if value else default
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def _number(name: str, default: float) -> float:
    value = _text(name)
    try:
        number = float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None
    if number <= 0:
        raise ImproperlyConfigured(f"{name} must be greater than 0.")
    return number


def _choice(name: str, choices: tuple[str, ...]) -> str:
    """One of the choices, the first when nothing is set."""
    value = _text(name, choices[0]).lower()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


def _words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in _text(name, default).split(",") if word.strip()]


# --- what the studio is -------------------------------------------------------------------------------------

VERSION = "0.1.0"
DEBUG = _flag("VEOWEB_DEBUG")
HTTPS = _flag("VEOWEB_HTTPS")
TESTING = "pytest" in sys.modules
VAR_DIR = Path(_text("VEOWEB_VAR", str(BASE_DIR / "var"))).resolve()

SECRET_KEY = _text("SECRET_KEY")
if not SECRET_KEY:
    if not HTTPS:
        # One key per machine, made at the first start: a laptop needs no set-up, and sessions outlive it.
        from veoweb.secret import stored_secret

        SECRET_KEY = stored_secret(VAR_DIR / "secret_key")
    else:
        raise ImproperlyConfigured("SECRET_KEY is not set. Put 50 or more random characters into .env.")

ALLOWED_HOSTS = _words("VEOWEB_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]
ROOT_URLCONF = "veoweb.urls"
WSGI_APPLICATION = "veoweb.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "projects",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "axes",
]

MIDDLEWARE = [
    "veoweb.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "veoweb.middleware.BodySizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "veoweb.middleware.HtmxLoginRequiredMiddleware",
    "axes.middleware.AxesMiddleware",
]

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
                "projects.views.context.studio",
            ],
        },
    }
]
FORM_RENDERER = "projects.forms.Renderer"

# --- data ---------------------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        _text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}"), conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A DEFERRED transaction under WAL that reads and then writes fails at once with "database is locked".
    # FULL, not NORMAL: a power cut must not forget the name of an operation that has been paid for.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA journal_size_limit=67108864;",
    }

MEDIA_ROOT = Path(_text("MEDIA_ROOT", str(VAR_DIR / "media"))).resolve()
MEDIA_URL = "/media-is-never-served-by-url/"
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG or TESTING:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = DEBUG or TESTING

UPLOAD_MAX_BYTES = 20 * 2**20
"""One picture, in bytes: Google's limit for an image."""
TRACK_MAX_BYTES = 50 * 2**20
"""One sound track of a film, in bytes."""
BODY_MAX_BYTES = max(2 * UPLOAD_MAX_BYTES, TRACK_MAX_BYTES) + 2**20
"""One request: two pictures, or a sound track, and the words around them."""
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20

# --- people -------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
DEMO_LOGIN = {"username": "demo", "password": "demo"}
"""Made by `manage.py first_run` and shown on the log-in page, both in demo mode only."""
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "project_list"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 31_536_000
    # Subdomains and the preload list are not ours to promise for somebody's domain.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    if _flag("VEOWEB_BEHIND_PROXY"):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
BEHIND_PROXY = _flag("VEOWEB_BEHIND_PROXY")
X_FRAME_OPTIONS = "DENY"

# Django 6's name for the setting; our middleware gives way to Django's there.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "blob:"],
    "media-src": ["'self'"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = _text("TZ", "UTC")
USE_TZ = True
USE_I18N = False

# --- Google -------------------------------------------------------------------------------------------------

GEMINI_API_KEY = _text("GEMINI_API_KEY")
GEMINI_KEY_STYLE = _choice("VEOWEB_GEMINI_KEY_STYLE", ("header", "bearer"))
GEMINI_API_VERSION = _text("VEOWEB_GEMINI_API_VERSION", "v1beta")
GEMINI_OAUTH_TOKEN = _text("GEMINI_OAUTH_TOKEN")
GOOGLE_APPLICATION_CREDENTIALS = _text("GOOGLE_APPLICATION_CREDENTIALS")
GOOGLE_CLOUD_PROJECT = _text("GOOGLE_CLOUD_PROJECT")
GOOGLE_CLOUD_LOCATION = _text("GOOGLE_CLOUD_LOCATION", "us-central1")
GOOGLE_CLOUD_QUOTA_PROJECT = _text("GOOGLE_CLOUD_QUOTA_PROJECT")
DEMO = _flag(
    "VEOWEB_DEMO",
    default=not (
        GEMINI_API_KEY or GEMINI_OAUTH_TOKEN or GOOGLE_CLOUD_PROJECT or GOOGLE_APPLICATION_CREDENTIALS
    ),
)
"""Clips come from the simulator, nothing is paid. On while no Google credential is set."""
SIMULATOR_ADDRESS = _text("VEOWEB_SIMULATOR", "127.0.0.1:8090")
GOOGLE_GEMINI_BASE_URL = _text(
    "GOOGLE_GEMINI_BASE_URL",
    f"http://{SIMULATOR_ADDRESS}" if DEMO else "https://generativelanguage.googleapis.com",
).rstrip("/")
GOOGLE_VERTEX_BASE_URL = _text(
    "GOOGLE_VERTEX_BASE_URL", f"http://{SIMULATOR_ADDRESS}" if DEMO else ""
).rstrip("/")
"""Empty: Google's own host for GOOGLE_CLOUD_LOCATION."""
VERTEX_STORAGE = _text("VEOWEB_VERTEX_STORAGE").rstrip("/")
OMNI_BACKGROUND = _flag("VEOWEB_OMNI_BACKGROUND")
"""Let Gemini Omni work in the background, if the key passes a test of it; see docs/google.md."""
HELD_POSTS = int(_number("VEOWEB_HELD_POSTS", 4))
"""Gemini Omni requests that one poller keeps open at the same time."""

# --- the poller and the pages -------------------------------------------------------------------------------

WEB_ADDRESS = _text("VEOWEB_ADDRESS")
"""host:port for the web server; empty: 127.0.0.1 and the first free port from 8000 on."""
LEASE_SECONDS = _number("VEOWEB_LEASE_SECONDS", 60)
POLL_SECONDS = _number("VEOWEB_POLL_SECONDS", 10)
"""Between two status checks of one clip in its first two minutes; later checks are scaled from it."""
MAX_IN_FLIGHT = int(_number("VEOWEB_MAX_IN_FLIGHT", 10))
"""Generations of one model at Google at the same time; more wait in the queue."""
UI_POLL_MS = int(_number("VEOWEB_UI_POLL_MS", 3000))

LOG_LEVEL = _text("VEOWEB_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {
            "()": "projects.veo.credentials.Redact",
            "secrets": [GEMINI_API_KEY, GEMINI_OAUTH_TOKEN, SECRET_KEY],
        }
    },
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "veoweb": {"level": LOG_LEVEL},
        "projects": {"level": LOG_LEVEL},
        # They log whole addresses at INFO.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "axes": {"level": "WARNING"},
    },
}
