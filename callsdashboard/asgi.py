"""The ASGI application: the webhook, the live board's socket, and everything else through Django."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callsdashboard.settings")
pages = get_asgi_application()  # loads the applications, which the imports below need

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from calls.runtime.lifespan import lifespan  # noqa: E402
from calls.web.socket import live_board  # noqa: E402
from calls.web.webhook import webhook  # noqa: E402

WEBHOOK_PATHS = ("/api/calls", "/api/calls/")
# Channels routes to ASGI applications with Django's path function, whose annotations only know views.
sockets: list[Any] = [path("ws/calls/", cast(Any, live_board))]


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer the webhook past everything that pages need."""
    answering: Any = webhook if scope["path"] in WEBHOOK_PATHS else pages
    await answering(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(sockets))),
        "lifespan": lifespan,
    }
)
