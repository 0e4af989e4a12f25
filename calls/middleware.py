"""Django's own middleware, without a change of thread for what waits for nothing.

Each of these would hand every request to a thread and back before the next one gets to see it, a millisecond for them
all, though what they do with a request is set attributes: the session and the user are read from the database only
once somebody asks for them. What they do with a response may wait (a changed session is saved), and stays in a thread.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware as Authentication
from django.contrib.messages.middleware import MessageMiddleware as Message
from django.contrib.sessions.middleware import SessionMiddleware as Session
from django.http import HttpRequest, HttpResponseBase
from django.middleware.common import CommonMiddleware as Common
from django.middleware.csrf import CsrfViewMiddleware as Csrf
from django.middleware.locale import LocaleMiddleware as Locale
from django.middleware.security import SecurityMiddleware as Security

from calls.kinds import is_json, wants_json


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
