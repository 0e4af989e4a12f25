"""The ASGI application: the webhook, the live board's socket, and everything else through Django."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callsdashboard.settings")
pages = get_asgi_application()  # loads the applications, which the imports below need

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from calls.consumers import live_board  # noqa: E402
from calls.lifespan import lifespan  # noqa: E402
from calls.webhook import webhook  # noqa: E402

# Channels routes to ASGI applications with Django's path functions, whose annotations only know views.
webhook_and_pages: list[Any] = [re_path(r"^api/calls/?$", cast(Any, webhook)), re_path(r"", cast(Any, pages))]
sockets: list[Any] = [path("ws/calls/", cast(Any, live_board))]

application = ProtocolTypeRouter(
    {
        "http": URLRouter(webhook_and_pages),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(sockets))),
        "lifespan": lifespan,
    }
)
