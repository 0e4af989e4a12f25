"""Django settings, read once from the environment or `.env`, explained in the README, validated by `calls.checks`."""

import logging
import math
import secrets
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.FileAwareEnv()
environ.Env.read_env(BASE_DIR / ".env")


N = TypeVar("N", int, float)

UNREADABLE_SETTINGS: dict[str, str] = {}  # name -> expected value; with any of them `calls.checks` refuses to start


def number(name: str, default: N) -> N:
    """Return the finite number in the environment variable, of the default's type.

    An invalid value is added to UNREADABLE_SETTINGS and replaced by the default.
    """
    text = env.str(name, default="").strip()
    try:
        value = type(default)(text or default)
        if math.isfinite(value):
            return value
    except ValueError:
        pass
    UNREADABLE_SETTINGS[name] = "a whole number" if isinstance(default, int) else "a number"
    return default


def switch(name: str) -> bool:
    """Return the environment variable as a boolean. An invalid value is added to UNREADABLE_SETTINGS and is off."""
    text = env.str(name, default="").strip().lower()
    if text not in ("", "0", "1", "on", "off", "yes", "no", "true", "false"):
        UNREADABLE_SETTINGS[name] = "on or off"
    return text in ("1", "on", "yes", "true")


def local_secret(name: str) -> str:
    """Return the secret in `var/<name>`; create the file, readable by this user only, when it does not exist."""
    path = VAR_DIR / name
    if not path.exists():
        VAR_DIR.mkdir(mode=0o700, exist_ok=True)
        draft = VAR_DIR / f".{name}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(draft)  # atomic: of several starting processes the first one wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


# Identity -----------------------------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret("secret_key")
DEBUG = switch("DEBUG")

HOST = env.str("HOST", default="127.0.0.1")
PORT = number("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_local_hosts = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = list(dict.fromkeys([*env.list("ALLOWED_HOSTS", default=_local_hosts), _public.hostname or "localhost"]))
CSRF_TRUSTED_ORIGINS = list(
    dict.fromkeys([*env.list("CSRF_TRUSTED_ORIGINS", default=[]), f"{_public.scheme}://{_public.netloc}"])
)

SERVED_OVER_HTTPS = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SECURE_SSL_REDIRECT = SERVED_OVER_HTTPS
# Probes come from the internal network over plain HTTP. The webhook is served before Django.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_OVER_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SERVED_OVER_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}

# Microsoft Graph ----------------------------------------------------------------------------------------------------

GRAPH_APP_ID = env.str("GRAPH_APP_ID", default="")
GRAPH_TENANT_ID = env.str("GRAPH_TENANT_ID", default="")
GRAPH_TENANTS = env.list("GRAPH_TENANTS", default=[]) or ([GRAPH_TENANT_ID] if GRAPH_TENANT_ID else [])
GRAPH_CLIENT_SECRET = env.str("GRAPH_CLIENT_SECRET", default="")
GRAPH_CLIENT_CERTIFICATE = env.str("GRAPH_CLIENT_CERTIFICATE", default="")
GRAPH_BASE_URL = env.str("GRAPH_BASE_URL", default="https://graph.microsoft.com/v1.0").rstrip("/")
GRAPH_CALLS_PATH = "/" + (env.str("GRAPH_CALLS_PATH", default="").strip("/") or "communications/calls")
GRAPH_AUTHORITY = env.str("GRAPH_AUTHORITY", default="https://login.microsoftonline.com").rstrip("/")
GRAPH_CALLBACK_METADATA_URL = env.str(
    "GRAPH_CALLBACK_METADATA_URL", default="https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration"
)
GRAPH_CALLBACK_ISSUERS = env.list("GRAPH_CALLBACK_ISSUERS", default=[]) or [
    "https://api.botframework.com",
    "https://graph.microsoft.com",
]
GRAPH_CA_BUNDLE = env.str("GRAPH_CA_BUNDLE", default="")
GRAPH_CALLBACK_URI = env.str("GRAPH_CALLBACK_URI", default="")
GRAPH_TENANT_MISMATCH = env.str("GRAPH_TENANT_MISMATCH", default="refuse")

CALL_ANSWER_WINDOW_SECONDS = number("CALL_ANSWER_WINDOW_SECONDS", 15.0)

# Evidence -----------------------------------------------------------------------------------------------------------

AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY", default="") or local_secret("audit_signing_key")
AUDIT_SIGNING_KEY_FALLBACKS = env.list("AUDIT_SIGNING_KEY_FALLBACKS", default=[])
AUDIT_CHECKPOINT_FILE = env.str("AUDIT_CHECKPOINT_FILE", default="")
# Days; 0 disables the deletion.
RETENTION_DAYS_NOTIFICATIONS = number("RETENTION_DAYS_NOTIFICATIONS", 0)
RETENTION_DAYS_CALLS = number("RETENTION_DAYS_CALLS", 0)
RETENTION_DAYS_PERSONAL = number("RETENTION_DAYS_PERSONAL", 0)
RETENTION_DAYS_AUDIT = number("RETENTION_DAYS_AUDIT", 0)
WORKING_DAYS = env.str("WORKING_DAYS", default="1-5")
WORKING_HOURS = env.str("WORKING_HOURS", default="09:00-18:00")

# Applications -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "calls",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "calls.web.stack.headers.security_headers",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "calls.web.stack.preferences_middleware.apply_preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "calls.web.stack.error_pages.explain_wrong_method",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "callsdashboard.urls"
ASGI_APPLICATION = "callsdashboard.asgi.application"

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
                "django.template.context_processors.i18n",
                "calls.web.stack.preferences_middleware.preferences_of",
            ],
        },
    },
]

# Waits --------------------------------------------------------------------------------------------------------------

# Seconds. Not read from the environment; `tests/settings.py` overrides them with shorter ones.
BOARD_SWEEP_SECONDS = 2.0
BOARD_REST_SECONDS = 5.0  # without viewers until the board is unloaded; longer than the reload of a page takes
SOCKET_HEARTBEAT_SECONDS = 5.0
SOCKET_SILENCE_SECONDS = 30.0  # without an acknowledgement until a socket is closed
SOCKET_RECHECK_SECONDS = 5.0  # between two checks of the viewers' sessions and permissions
PRESENCE_ROUND_SECONDS = 1.0  # minimum between two counts of the viewers
PRESENCE_RENEWED_SECONDS = 5.0
PRESENCE_LOST_SECONDS = 15.0  # without renewal of its rows until a process counts as dead
REQUEST_ARRIVAL_SECONDS = 20.0  # limit for receiving a whole request, against slow senders
CHECKPOINT_FILE_PATIENCE_SECONDS = 10.0

# Storage ------------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
_pool_size = number("DATABASE_POOL_SIZE", 20)
_database["CONN_MAX_AGE"] = 0  # under ASGI each request has its own thread, so kept connections would never be reused
if _database["ENGINE"].endswith("sqlite3"):
    if not env.str("DATABASE_URL", default=""):
        VAR_DIR.mkdir(mode=0o700, exist_ok=True)
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 15,  # seconds a transaction waits for another one's write lock
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA wal_autocheckpoint=8000;",  # pages of 4 kB; rare checkpoints write a hot page less often
    }
else:
    _database["CONN_HEALTH_CHECKS"] = True  # a pooled connection may break while idle
    _database["OPTIONS"] = {
        "connect_timeout": 3,  # seconds
        "tcp_user_timeout": 10_000,  # milliseconds until a connection to an unreachable server fails
        **_database.get("OPTIONS", {}),
        "pool": {
            "min_size": 2,
            "max_size": _pool_size,
            "timeout": 4,  # seconds to wait for a free connection, also while the server is unreachable
            "reconnect_timeout": 4,  # seconds; the pool doubles its pauses, so a longer time would delay the recovery
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CHANNEL_LAYERS = (
    {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "callsdashboard"},
        }
    }
    if REDIS_URL
    else {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
)

# Accounts -----------------------------------------------------------------------------------------------------------

# The second one keeps sessions of the previous version valid; it checks no passwords.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "calls.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "calls.web.stack.error_pages.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "board"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "calls.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds from the sign-in: one shift

ENTRA_SIGN_IN = switch("ENTRA_SIGN_IN")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "calls" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
if TIME_ZONE not in available_timezones():
    UNREADABLE_SETTINGS["TIME_ZONE"], TIME_ZONE = "a time zone such as Europe/Berlin", "UTC"
USE_I18N = USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "calls.web.stack.static_files.ModuleManifestStorage"},
}
SERVESTATIC_ALLOW_ALL_ORIGINS = False

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    UNREADABLE_SETTINGS["LOG_LEVEL"], LOG_LEVEL = "DEBUG, INFO, WARNING or ERROR", "INFO"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"calls": {"level": LOG_LEVEL}, "django": {"handlers": [], "level": "WARNING", "propagate": True}},
}
