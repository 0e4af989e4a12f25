"""The ASGI application: routes the webhook and the live board's socket past Django, and the rest to Django."""

import os
from typing import Any, cast

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callsdashboard.settings")
pages: Any = get_asgi_application()  # loads the applications, which the imports below need

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from calls.runtime.lifespan import lifespan  # noqa: E402
from calls.web.socket import live_board  # noqa: E402
from calls.web.webhook import webhook  # noqa: E402

WEBHOOK_PATHS = ("/api/calls", "/api/calls/")
# Channels routes ASGI applications with Django's `path`, which is annotated for views.
sockets: list[Any] = [path("ws/calls/", cast(Any, live_board))]


async def http(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Serve the webhook without Django's middleware, everything else with it."""
    app: Any = webhook if scope["path"] in WEBHOOK_PATHS else pages
    await app(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(sockets))),
        "lifespan": lifespan,
    }
)
