"""HTTP clients for outgoing requests, with one TLS trust and one set of timeouts.

httpx is imported in this file only, so that its planned successor replaces it here.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies

import httpx

# httpx raises these for a malformed address, an unknown scheme, and SOCKS, which needs another package.
_PROXY_ERRORS = (httpx.InvalidURL, ValueError, ImportError)
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


class UnusableSetting(Exception):
    """A setting or environment variable makes a client impossible; the message names it and says what to change."""


def trust(extra_ca_bundle: str = "") -> ssl.SSLContext:
    """Return the TLS context for outgoing connections: the system's authorities and those of a PEM file, if given.

    Raises UnusableSetting when the file cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    try:
        if extra_ca_bundle:
            context.load_verify_locations(cafile=extra_ca_bundle)
    except OSError as error:  # ssl.SSLError is one
        raise UnusableSetting(
            f"GRAPH_CA_BUNDLE names {extra_ca_bundle}, from which no certificate can be read ({error}): "
            "put certificates in PEM form there, or leave GRAPH_CA_BUNDLE empty."
        ) from error
    return context


def async_client(context: ssl.SSLContext) -> httpx.AsyncClient:
    """Return a client for one event loop; the caller closes it. Raises UnusableSetting."""
    with _proxies_named():
        return httpx.AsyncClient(verify=context, timeout=_timeout(), follow_redirects=False, limits=_limits())


class _FormClient(httpx.Client):
    """A client that decodes bytes in form data."""

    # MSAL passes a certificate's assertion as bytes, which httpx would send as their repr: b'...'.

    def build_request(self, method: str, url: Any, *, data: Any = None, **more: Any) -> httpx.Request:
        if isinstance(data, dict):
            data = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        return super().build_request(method, url, data=data, **more)


def client(context: ssl.SSLContext) -> httpx.Client:
    """Return a synchronous client that MSAL accepts as `http_client`; the caller closes it. Raises UnusableSetting."""
    with _proxies_named():
        return _FormClient(verify=context, timeout=_timeout(), follow_redirects=False)


@contextmanager
def _proxies_named() -> Iterator[None]:
    """Convert httpx's errors about proxies in the environment to UnusableSetting."""
    try:
        yield
    except _PROXY_ERRORS as error:
        raise UnusableSetting(_proxy_problem(error)) from error


def _proxy_problem(error: Exception) -> str:
    for scheme, address in getproxies().items():  # {"https": …} for HTTPS_PROXY or https_proxy
        if scheme in ("http", "https", "all") and not _is_usable_proxy(address):
            # Without the address and httpx's error: both may contain a password.
            name = f"{scheme.upper()}_PROXY"
            return (
                f"{name} is not the address of a proxy that can be used: write http://<host>:<port>, or unset {name}."
            )
    return (
        f"NO_PROXY cannot be understood ({error}): write host names and plain addresses with commas between them, "
        "IPv6 addresses without brackets and without a prefix length, or unset NO_PROXY."
    )


def _is_usable_proxy(address: str) -> bool:
    try:
        httpx.HTTPTransport(verify=False, proxy=address if "://" in address else f"http://{address}").close()
    except _PROXY_ERRORS:
        return False
    return True


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


def _limits() -> httpx.Limits:
    # A request on a connection that the server is just closing gets no response, so its outcome is unknown. Servers
    # close idle connections after five seconds or more, so ours expire before that, at the price of a handshake.
    return httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=4)
