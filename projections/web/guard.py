"""What stands before every page: who may ask, how, and what a browser may do with the answer.

Only GET and HEAD; only under a name that this server is known by, since a page from elsewhere can
make a browser ask any address under its own name; with a token, where one is set, asked for as a
password: there are no cookies, so nothing can be forged.
"""

import base64
import hmac
from binascii import Error
from collections.abc import Iterable
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of an answer that is no page."""
ASK = 'Basic realm="duebook", charset="UTF-8"'


class Names(NamedTuple):
    """The names under which a server may be asked, each with its port; and the token, if any."""

    hosts: frozenset[str]
    token: str | None = None

    @classmethod
    def of(cls, names: Iterable[str], port: int, token: str | None) -> "Names":
        """Names with a port; without one where it is the usual one."""
        hosts = {f"{name.lower()}:{port}" for name in names}
        if port == 80:
            hosts |= {name.lower() for name in names}
        return cls(frozenset(hosts), token)


class Guard:
    """An application behind these checks; every answer has the headers."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", NOTHING)
            await send(message)

        app: ASGIApp = self._refusal(scope) or self._app
        await app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is refused; None for one that may go on."""
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._names.hosts:
            said = "Misdirected request: this server is not known by that name.\n"
            return PlainTextResponse(said, 421)
        if scope["method"] not in METHODS:
            said = "The book is only read here: GET and HEAD.\n"
            return PlainTextResponse(said, 405, {"Allow": ", ".join(METHODS)})
        if self._names.token is not None and not _has(headers, self._names.token):
            said = "A token is needed: give it as the password, with any name.\n"
            return PlainTextResponse(said, 401, {"WWW-Authenticate": ASK})
        return None


def _has(headers: Headers, token: str) -> bool:
    """Whether a request brings the token, as a password or as a bearer."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.encode(), token.encode())
