"""The settings of the tests and of the processes they start: the product's own, with shorter waits."""

import os
from pathlib import Path
from unittest import mock

# Every name the product reads, so that neither a developer's shell nor a `.env` in the checkout has an effect.
ENVIRONMENT = {
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "AUDIT_SIGNING_KEY": "only-for-tests-signing-key-0123456789-abcdefghij",
    "AUDIT_SIGNING_KEY_FALLBACKS": "",
    "AUDIT_CHECKPOINT_FILE": "",
    "RETENTION_DAYS_NOTIFICATIONS": "0",
    "RETENTION_DAYS_CALLS": "0",
    "RETENTION_DAYS_PERSONAL": "0",
    "RETENTION_DAYS_AUDIT": "0",
    "WORKING_DAYS": "1-5",
    "WORKING_HOURS": "09:00-18:00",
    "DEBUG": "off",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "PUBLIC_URL": "http://localhost:8000",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_POOL_SIZE": "20",
    "REDIS_URL": "",
    "GRAPH_APP_ID": "",
    "GRAPH_TENANT_ID": "",
    "GRAPH_TENANTS": "",
    "GRAPH_CLIENT_SECRET": "",
    "GRAPH_CLIENT_CERTIFICATE": "",
    "GRAPH_BASE_URL": "https://graph.microsoft.com/v1.0",
    "GRAPH_CALLS_PATH": "/communications/calls",
    "GRAPH_AUTHORITY": "https://login.microsoftonline.com",
    "GRAPH_CALLBACK_METADATA_URL": "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration",
    "GRAPH_CALLBACK_ISSUERS": "https://api.botframework.com,https://graph.microsoft.com",
    "GRAPH_CA_BUNDLE": "",
    "GRAPH_CALLBACK_URI": "",
    "GRAPH_TENANT_MISMATCH": "refuse",
    "CALL_ANSWER_WINDOW_SECONDS": "15",
    "ENTRA_SIGN_IN": "off",
    "TIME_ZONE": "UTC",
    "LOG_LEVEL": "INFO",
}

# Of a process that a test starts, whose environment is complete; the tests' own process has none.
DIRECTORY = os.environ.get("TESTS_DIRECTORY", "")

with mock.patch.dict(os.environ, {} if DIRECTORY else ENVIRONMENT):
    from callsdashboard.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]

if DIRECTORY:
    STATIC_ROOT = Path(DIRECTORY) / "static"
    if REDIS_URL:  # noqa: F405
        CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"callsdashboard:{DIRECTORY}"  # noqa: F405
else:  # hashed names need `collectstatic`; that is tested where a real server serves them
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405

# Seconds.
BOARD_SWEEP_SECONDS = 0.25
BOARD_REST_SECONDS = 1.0
SOCKET_HEARTBEAT_SECONDS = 2.0
SOCKET_SILENCE_SECONDS = 8.0  # several heartbeats, so that a browser on a busy machine is not taken for a silent one
SOCKET_RECHECK_SECONDS = 0.5
PRESENCE_ROUND_SECONDS = 0.1
PRESENCE_RENEWED_SECONDS = 1.0
PRESENCE_LOST_SECONDS = 5.0
REQUEST_ARRIVAL_SECONDS = 3.0
CHECKPOINT_FILE_PATIENCE_SECONDS = 2.0
