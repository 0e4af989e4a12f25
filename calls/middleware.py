"""Middleware without a change of thread for what waits for nothing: Django's own, and what ours is made of.

Each of Django's would hand every request to a thread and back before the next one gets to see it, a millisecond for
them all, though what they do with a request is set attributes: the session and the user are read from the database only
once somebody asks for them. What they do with a response may wait (a changed session is saved), and stays in a thread.
"""

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware as Authentication
from django.contrib.messages.middleware import MessageMiddleware as Message
from django.contrib.sessions.middleware import SessionMiddleware as Session
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.common import CommonMiddleware as Common
from django.middleware.csrf import CsrfViewMiddleware as Csrf
from django.middleware.locale import LocaleMiddleware as Locale
from django.middleware.security import SecurityMiddleware as Security

from calls.kinds import is_json, wants_json


class EitherWay:
    """Stands above a synchronous stack or an asynchronous one; a subclass says what it does with the response."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response, or what to await for it where the stack below is asynchronous."""
        return self.awaited(request) if self._is_async else self.in_turn(request)

    def in_turn(self, request: HttpRequest) -> HttpResponse:
        """Return the response of a synchronous stack."""
        return self.finish(request, self.get_response(request))

    async def awaited(self, request: HttpRequest) -> HttpResponse:
        """Return the response of an asynchronous stack."""
        return self.finish(request, await self.get_response(request))

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Return the response as it is to be sent."""
        return response


class AtOnce:
    """Looks at a request in the event loop itself."""

    process_request: Any
    get_response: Any

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, as Django's middleware does when the stack below is asynchronous."""
        response: HttpResponseBase = self.process_request(request) or await self.get_response(request)
        process_response = getattr(self, "process_response", None)
        return await sync_to_async(process_response)(request, response) if process_response else response


class SecurityMiddleware(AtOnce, Security):
    """The way to HTTPS, and the headers about it."""


class SessionMiddleware(AtOnce, Session):
    """Sessions, read when they are asked for."""


class LocaleMiddleware(AtOnce, Locale):
    """The browser's language."""


class CommonMiddleware(AtOnce, Common):
    """Slashes that are missing, agents that are not wanted."""


class CsrfViewMiddleware(AtOnce, Csrf):
    """Forged requests, refused."""

    async def process_view(  # type: ignore[override]  # Django awaits it where it is one to be awaited
        self, request: HttpRequest, callback: Any, args: Any, kwargs: Any
    ) -> Any:
        """Return the refusal, None for a request that may pass.

        A form may be long and take its time, and so does the page that explains a refusal: those stay in a thread.
        """
        if is_json(request) and wants_json(request):
            return super().process_view(request, callback, args, kwargs)
        return await sync_to_async(super().process_view)(request, callback, args, kwargs)


class AuthenticationMiddleware(AtOnce, Authentication):
    """Who it is, read when it is asked for."""


class MessageMiddleware(AtOnce, Message):
    """Sentences for the next page."""
