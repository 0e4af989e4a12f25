"""Hints for the administrator about a refusal, by the error code of Graph or of the identity service.

Codes of the calling service: as reported in https://github.com/microsoftgraph/microsoft-graph-comms-samples.
Codes of the identity service: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HINTS: dict[str, Promise] = {
    "7500": _(
        "Graph got a person's token where it wants the app's. Check GRAPH_CLIENT_SECRET or GRAPH_CLIENT_CERTIFICATE."
    ),
    "7503": _("Calling is not enabled for this bot. Turn it on at the bot's Teams channel, and check GRAPH_APP_ID."),
    "7504": _(
        "The tenant's administrator has not consented to the bot's calling permissions, or not since they changed."
    ),
    "7505": _("The token is of another tenant than the call. The bot needs a service principal in the call's tenant."),
    "InvalidAuthenticationToken": _(
        "Graph does not accept our token. Check GRAPH_APP_ID, GRAPH_TENANT_ID and the clock."
    ),
    "TooManyRequests": _(
        "Graph limits this bot's requests at the moment. Wait, and look for what else uses the same bot."
    ),
    "activityLimitReached": _(
        "Graph limits this bot's requests at the moment. Wait, and look for what else uses the same bot."
    ),
    "unreachable": _(
        "Graph could not be connected to while the call rang. Check the network, the proxy and GRAPH_BASE_URL."
    ),
    "tokenUnavailable": _("The identity service gave no answer. Check the network, the proxy and GRAPH_AUTHORITY."),
    "AADSTS700016": _(
        "The identity service does not know this app in the call's tenant. Check GRAPH_APP_ID and the tenant."
    ),
    "AADSTS7000215": _("The client secret is wrong. Set GRAPH_CLIENT_SECRET to the secret's value, not its id."),
    "AADSTS7000222": _("The client secret has expired. Create a new one and set GRAPH_CLIENT_SECRET."),
    "AADSTS700027": _(
        "The certificate does not match the one registered. Upload it, or correct GRAPH_CLIENT_CERTIFICATE."
    ),
    "AADSTS90002": _("There is no such tenant. Check GRAPH_TENANT_ID and GRAPH_TENANTS."),
    "AADSTS53003": _("A conditional access policy of the tenant blocks the bot."),
}


def hint_for(code: str) -> str:
    """Return the hint for an error code in the reader's language, empty for an unknown code."""
    return str(HINTS.get(code, ""))
