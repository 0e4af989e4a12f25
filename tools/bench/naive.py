"""The usual way to build this, as the baseline: a synchronous view, one row a request, a `group_send` for each change.

Settings, URLs and ASGI application in one module: `daphne tools.bench.naive:application`, with the product's models and
database, and Django's usual middleware.
"""

import json
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tools.bench.naive_settings"

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from asgiref.sync import async_to_sync
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from calls.models import Call, Notification

GROUP = "calls"


@csrf_exempt
def webhook(request: HttpRequest) -> HttpResponse:
    """Store each notification and its call, tell everybody, answer 202."""
    for item in json.loads(request.body)["value"]:
        entity = item["resourceData"]
        graph_id = item["resourceUrl"].rsplit("/", 1)[-1]
        told = {"state": entity.get("state", ""), "source": entity.get("source"), "updated_at": timezone.now()}
        call, _ = Call.objects.update_or_create(
            graph_id_folded=graph_id.replace("-", ""),
            defaults=told,
            create_defaults={
                **told,
                "graph_id": graph_id,
                "tenant_id": entity["tenantId"],
                "received_at": timezone.now(),
            },
        )
        Notification.objects.create(
            call=call, received_at=timezone.now(), change_type=item["changeType"], body=json.dumps(item)
        )
        message = {"key": str(call.public_id), "state": call.state, "source": call.source}
        async_to_sync(get_channel_layer().group_send)(GROUP, {"type": "changed", "call": message})
    return HttpResponse(status=202)


class LiveCalls(AsyncWebsocketConsumer):
    """A browser in the group, told of each change by itself."""

    async def connect(self) -> None:
        """Join the group."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave it."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def changed(self, event: dict) -> None:
        """Pass a change on."""
        await self.send(text_data=json.dumps(event["call"]))


urlpatterns = [path("api/calls", webhook), path("", include("tools.bench.naive_reject"))]
application = ProtocolTypeRouter({"http": pages, "websocket": URLRouter([path("ws/calls/", LiveCalls.as_asgi())])})
