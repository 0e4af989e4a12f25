"""System checks: what the environment leaves out or gets wrong, each with a number and a way out.

E: the setting is nonsense and nothing starts. W: something is not set, the dashboard runs without that part.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from calls import hours
from calls.graph import http


@register()
def check_settings(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Return what is wrong with or missing from the settings of this project."""
    return [*_missing(), *_credential(), *_sign_in(), *_retention(), *_nonsense(), *_unreadable(), *_connections()]


def _missing() -> Iterator[CheckMessage]:
    for number, name, consequence in (
        (1, "GRAPH_APP_ID", "every callback is refused, because none can name this bot as its audience"),
        (2, "GRAPH_TENANT_ID", "only the tenants named in GRAPH_TENANTS are served"),
    ):
        if not getattr(settings, name):
            yield Warning(
                f"{name} is not set: {consequence}.",
                hint="See the settings table in README.md.",
                id=f"calls.W{number:03}",
            )


def _credential() -> Iterator[CheckMessage]:
    secret, certificate = settings.GRAPH_CLIENT_SECRET, settings.GRAPH_CLIENT_CERTIFICATE
    if not secret and not certificate:
        yield Warning(
            "Neither GRAPH_CLIENT_SECRET nor GRAPH_CLIENT_CERTIFICATE is set: no call can be rejected.",
            hint="Create a credential in the bot's app registration and set one of the two.",
            id="calls.W003",
        )
    if secret and certificate:
        yield Error(
            "GRAPH_CLIENT_SECRET and GRAPH_CLIENT_CERTIFICATE are both set.",
            hint="Keep the one to be used; a certificate is the safer.",
            id="calls.E001",
        )


def _sign_in() -> Iterator[CheckMessage]:
    if not settings.ENTRA_SIGN_IN:
        return
    credential = settings.GRAPH_CLIENT_SECRET or settings.GRAPH_CLIENT_CERTIFICATE
    needed = {
        "GRAPH_APP_ID": settings.GRAPH_APP_ID,
        "GRAPH_TENANT_ID": settings.GRAPH_TENANT_ID,
        "GRAPH_CLIENT_SECRET or GRAPH_CLIENT_CERTIFICATE": credential,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        yield Error(f"ENTRA_SIGN_IN is on, but not set: {', '.join(missing)}.", id="calls.E011")
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme != "https" and public.hostname != "localhost":
        yield Error(
            "ENTRA_SIGN_IN is on, but Entra ID returns people to https:// addresses and to localhost alone.",
            hint="Set PUBLIC_URL to the https:// address people use.",
            id="calls.E012",
        )


def _retention() -> Iterator[CheckMessage]:
    personal = settings.RETENTION_DAYS_PERSONAL
    for subject in ("NOTIFICATIONS", "CALLS"):
        kept = getattr(settings, f"RETENTION_DAYS_{subject}")
        if personal and not 0 < kept <= personal:
            yield Warning(
                f"RETENTION_DAYS_PERSONAL erases names from the audit history after {personal} days, "
                f"but RETENTION_DAYS_{subject} keeps the same names longer.",
                hint=f"Set RETENTION_DAYS_{subject} to {personal} or fewer days.",
                id="calls.W020",
            )


def _nonsense() -> Iterator[CheckMessage]:
    for name, wanted in settings.UNREADABLE_SETTINGS.items():
        yield Error(f"{name} must be {wanted}.", id="calls.E008")
    if settings.REDIS_URL and urlsplit(settings.REDIS_URL).scheme not in ("redis", "rediss", "unix"):
        yield Error("REDIS_URL must be a redis://, rediss:// or unix:// address.", id="calls.E009")
    if settings.CALL_ANSWER_WINDOW_SECONDS <= 0:
        yield Error("CALL_ANSWER_WINDOW_SECONDS must be more than 0 seconds.", id="calls.E002")
    for subject in ("NOTIFICATIONS", "CALLS", "PERSONAL", "AUDIT"):
        if getattr(settings, f"RETENTION_DAYS_{subject}") < 0:
            yield Error(f"RETENTION_DAYS_{subject} must be a number of days, or 0 to keep for ever.", id="calls.E020")
    try:
        hours.configured()
    except ValueError as error:
        yield Error(f"WORKING_DAYS or WORKING_HOURS cannot be understood: {error}", id="calls.E022")
    for name in ("GRAPH_BASE_URL", "GRAPH_AUTHORITY", "GRAPH_CALLBACK_METADATA_URL"):
        if urlsplit(getattr(settings, name)).scheme != "https":
            yield Error(f"{name} must be an https:// address.", id="calls.E003")
    if settings.GRAPH_CALLBACK_URI and urlsplit(settings.GRAPH_CALLBACK_URI).scheme != "https":
        yield Error("GRAPH_CALLBACK_URI must be an https:// address.", id="calls.E007")
    if urlsplit(settings.PUBLIC_URL).scheme not in ("http", "https"):
        yield Error("PUBLIC_URL must be an http:// or https:// address.", id="calls.E004")
    if settings.GRAPH_TENANT_MISMATCH not in ("refuse", "accept"):
        yield Error("GRAPH_TENANT_MISMATCH must be 'refuse' or 'accept'.", id="calls.E005")


def _unreadable() -> Iterator[CheckMessage]:
    kept = settings.AUDIT_CHECKPOINT_FILE
    if kept and not Path(kept).parent.is_dir():
        yield Error(f"AUDIT_CHECKPOINT_FILE names {kept}, whose directory does not exist.", id="calls.E021")
    for name in ("GRAPH_CA_BUNDLE", "GRAPH_CLIENT_CERTIFICATE"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            yield Error(f"{name} names {path}, which is not a file that can be read.", id="calls.E006")
    certificate = settings.GRAPH_CLIENT_CERTIFICATE
    if certificate and Path(certificate).is_file() and not _is_key_and_certificate(Path(certificate).read_bytes()):
        yield Error(
            f"GRAPH_CLIENT_CERTIFICATE names {certificate}, which does not hold both a private key and a certificate.",
            id="calls.E010",
        )


def _connections() -> Iterator[CheckMessage]:
    bundle = settings.GRAPH_CA_BUNDLE if Path(settings.GRAPH_CA_BUNDLE).is_file() else ""
    for make in (lambda: http.trust(bundle), lambda: http.client(http.trust()).close()):
        try:
            make()
        except http.UnusableSetting as error:
            yield Error(str(error), id="calls.E013")


def _is_key_and_certificate(pem: bytes) -> bool:
    return b"PRIVATE KEY-----" in pem and b"-----BEGIN CERTIFICATE-----" in pem
