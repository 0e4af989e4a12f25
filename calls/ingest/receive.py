"""Receives a callback: verify its token, parse its body, have the writer commit its notifications.

ReceiveError
├── Unauthorized      401: the token is invalid, or an item names another tenant than the token
├── Unreadable        400: the body is not a notification body
└── Unavailable       503: signing keys or database are unavailable; Graph should deliver again
"""

import logging
from collections.abc import Mapping

from django.conf import settings
from django.utils import timezone

from calls import metrics
from calls.graph import payloads
from calls.graph.bearer import CallbackVerifier, VerifiedCallback
from calls.graph.fields import clean
from calls.graph.json_body import UnreadableBody
from calls.graph.signing_keys import KeysUnavailable, TokenRefused
from calls.ingest.incoming import Arrival
from calls.ingest.writer import NotStored, QueueFull, Writer

logger = logging.getLogger(__name__)

# Headers that identify a delivery. They are not authenticated: any sender with a valid token may set them.
MESSAGE_ID = b"x-microsoft-skype-message-id"
CHAIN_ID = b"x-microsoft-skype-chain-id"
SCENARIO_IDS = (b"scenario-id", b"x-microsoft-scenario-id")


class ReceiveError(Exception):
    """The callback was not stored."""


class Unauthorized(ReceiveError):
    """The callback has no valid token of Graph for this bot and its tenants."""


class Unreadable(ReceiveError):
    """The body is not a notification body."""


class Unavailable(ReceiveError):
    """The callback cannot be verified or stored at the moment."""


async def authenticate(verifier: CallbackVerifier, authorization: str | None) -> VerifiedCallback:
    """Return the verified claims of the callback's token. Raises Unauthorized or Unavailable."""
    try:
        return await verifier.verify(authorization)
    except TokenRefused as error:
        metrics.TOKENS_REFUSED.labels(error.label).inc()
        logger.warning("A callback token was refused: %s", error)
        raise Unauthorized from error  # without a reason: the sender must not learn it
    except KeysUnavailable as error:
        logger.error("A callback could not be judged: %s", error)
        raise Unavailable("Signing keys are not available yet.") from error


async def receive_callback(
    writer: Writer, callback: VerifiedCallback, headers: Mapping[bytes, bytes], body: bytes
) -> None:
    """Commit every notification in the body before returning.

    Raises payloads.LegacyBody for the older Skype format, Unauthorized, Unreadable or Unavailable. After all but
    Unavailable nothing of the body is stored.
    """
    try:
        notifications = payloads.parse(body)
    except UnreadableBody as error:
        logger.warning("A callback of tenant %s cannot be read: %s", callback.tenant_id, error)
        raise Unreadable(str(error)) from error
    _check_tenants(callback, notifications)
    arrivals = _arrivals(callback, headers, notifications)
    if not arrivals:
        logger.info("A callback of tenant %s holds no notification.", callback.tenant_id)
        return
    try:
        await writer.write(arrivals)
    except QueueFull as error:
        raise Unavailable("Too many notifications are waiting.") from error
    except NotStored as error:
        raise Unavailable("The notification could not be stored.") from error
    for arrival in arrivals:
        metrics.NOTIFICATIONS.labels(arrival.notification.subject).inc()


def _check_tenants(callback: VerifiedCallback, notifications: list[payloads.GraphNotification]) -> None:
    if settings.GRAPH_TENANT_MISMATCH == "accept":
        return
    for notification in notifications:
        if notification.tenant_id and notification.tenant_id.lower() != callback.tenant_id:
            metrics.TOKENS_REFUSED.labels("tenant_mismatch").inc()
            logger.warning(
                "A callback whose token is of tenant %s speaks of tenant %.64r.",
                callback.tenant_id,
                notification.tenant_id,
            )
            raise Unauthorized


def _arrivals(
    callback: VerifiedCallback, headers: Mapping[bytes, bytes], notifications: list[payloads.GraphNotification]
) -> list[Arrival]:
    received_at = timezone.now()
    scenario_id = next((headers[name] for name in SCENARIO_IDS if name in headers), b"")
    return [
        Arrival(
            notification=notification,
            tenant_id=callback.tenant_id,
            received_at=received_at,
            message_id=_header_text(headers.get(MESSAGE_ID, b"")),
            chain_id=_header_text(headers.get(CHAIN_ID, b"")),
            scenario_id=_header_text(scenario_id),
        )
        for notification in notifications
    ]


def _header_text(value: bytes) -> str:
    return clean(value.decode("latin-1"), 200)
