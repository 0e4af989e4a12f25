"""The outgoing clients: one trust for everything that leaves the process, whoever sends it.

httpx is imported here alone, so that its planned successor can take its place in one file.
"""

import ssl
from typing import Any

import httpx

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0

ConnectError = httpx.ConnectError
ConnectTimeout = httpx.ConnectTimeout
HTTPError = httpx.HTTPError
InvalidURL = httpx.InvalidURL
PoolTimeout = httpx.PoolTimeout
AsyncClient = httpx.AsyncClient
Client = httpx.Client
Response = httpx.Response


def trust(extra_ca_bundle: str = "") -> ssl.SSLContext:
    """Return the TLS context of every outgoing connection: the system's authorities and, if given, those in a PEM file.

    Raises OSError (ssl.SSLError included) when the file cannot be read.
    """
    context = ssl.create_default_context()
    if extra_ca_bundle:
        context.load_verify_locations(cafile=extra_ca_bundle)
    return context


def async_client(context: ssl.SSLContext) -> httpx.AsyncClient:
    """Return a client for the event loop it is first used in; the caller closes it."""
    return httpx.AsyncClient(verify=context, timeout=_timeout(), follow_redirects=False, limits=_limits())


class _FormClient(httpx.Client):
    """Sends bytes in a form as the text they are.

    MSAL makes the assertion of a certificate as bytes, and of those httpx would send Python's spelling: b'...'.
    """

    def build_request(self, method: str, url: Any, *, data: Any = None, **more: Any) -> httpx.Request:
        if isinstance(data, dict):
            data = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        return super().build_request(method, url, data=data, **more)


def client(context: ssl.SSLContext) -> httpx.Client:
    """Return a client for threads, on which MSAL can ask for tokens; the caller closes it."""
    return _FormClient(verify=context, timeout=_timeout(), follow_redirects=False)


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


def _limits() -> httpx.Limits:
    # A request on a connection that the other side is just closing gets no answer, and then nobody can tell whether
    # Graph acted. Servers close idle ones after five seconds and more; a handshake costs less than an unknown outcome.
    return httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=4)
