"""`duebook serve`: the book in a browser, or several, to look at only."""

import os
import re
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import click

from cli.many_books import refuse_with_books
from cli.numbers import Seconds
from cli.options import BOOK, BOOKS, location, now
from cli.talk import say
from ledger.kernel.counted import counted
from ledger.kernel.errors import MissingExtra, Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

    from projections.books.named import NamedBook
    from projections.web.guard import Names

PORT = 8321
TOKEN = "DUEBOOK_TOKEN"
WAITING = 64
"""Connections that may wait to be taken."""
NAME_OF_HOST = re.compile(r"[0-9A-Za-z:._%-]+")


class PortTaken(Refusal):
    """An address on which nobody can listen."""

    hint = "Name another one: --port N, or --port 0 for any that is free."


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="Where to listen; 0: any port that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="On which of this machine's addresses.",
)
@click.option(
    "--allow-network", is_flag=True, help="Listen on an address that others can reach, by a token."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="A further name under which it may be asked, such as books.example.com.",
)
@click.option(
    "--timeout",
    type=Seconds(0.001, 3_600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long a page may take.",
)
@BOOKS
@BOOK
def serve(
    port: int,
    host: str,
    allow_network: bool,
    names: tuple[str, ...],
    timeout: float,
    book: str | None,
    books: str | None,
) -> None:
    """Look at the book in a browser: programs, periods, statements, lines, down to files and rows.

    It only reads. Every page is an address with both clocks in it that can be sent to somebody;
    with .json or .csv behind it the address gives the same as data. Others can reach it only with
    --allow-network, and then by a token: that of DUEBOOK_TOKEN, or one that is made and printed.
    It is given as the password, with any user name.

    With --books the first page lists the books of a file, and the pages of each stand under
    /books/NAME; a search, a status and a query go over all of them.

    \b
    duebook serve
    duebook --book quarter.db serve --port 0
    duebook serve --books books.toml
    DUEBOOK_TOKEN=... duebook serve --host 0.0.0.0 --allow-network --name books.example.com
    """
    if books is not None:
        group = (click.get_current_context().find_root().obj or {}).get("book")
        refuse_with_books({"book": book}, group)
    token = os.environ.get(TOKEN) or None
    if not _is_loopback(host):
        if not allow_network:
            raise click.UsageError(
                f"--host {host} can be reached by others: say so with --allow-network."
            )
        token = token or secrets.token_urlsafe(24)
    try:
        server = _server()
        served = _one(location(book)) if books is None else _several(books)
    except ModuleNotFoundError as missing:
        raise MissingExtra(
            f"The web view needs {missing.name}, which is not installed.",
            "Install it with: pip install 'duebook[web]'",
        ) from None
    listening = _listening(host, port)
    with listening:
        _run(server, listening, host, names, token, served, timeout)


class _Served(NamedTuple):
    """What is looked at: in words, what is to be known about it, and one book or several."""

    said: str
    notes: list[str]
    book: str = ""
    books: "list[NamedBook] | None" = None
    file: str = ""

    def application(self, names: "Names", timeout: float) -> "ASGIApp":
        from projections.web.app import application, application_of_books

        if self.books is None:
            return application(self.book, names, now, timeout)
        return application_of_books(self.books, self.file, names, now, timeout)


def _one(where: str) -> _Served:
    """Raises `BookMissing` and what else opening a book raises."""
    from ledger.store.book import open_book

    open_book(where, readonly=True).close()
    return _Served(where, [], where)


def _several(file: str) -> _Served:
    """Raises `BadBooks`, and what opening a book raises where none can be opened."""
    from projections.books.named import books_to_serve

    books, notes = books_to_serve(file)
    return _Served(f"{counted(len(books), 'book')} of {file}", notes, books=books, file=file)


def _run(
    server: "Server",
    listening: socket.socket,
    host: str,
    names: tuple[str, ...],
    token: str | None,
    served: _Served,
    timeout: float,
) -> None:
    from projections.web.guard import LOOPBACK, Names

    port = listening.getsockname()[1]
    written = f"[{host}]" if ":" in host else host
    known = {written, *names, *(LOOPBACK if _is_loopback(host) else ())}
    if host in ("0.0.0.0", "::"):
        known |= {*LOOPBACK, socket.gethostname()}
    server.config.app = served.application(Names.of(known, port, token), timeout)
    shown = next(iter(names), "127.0.0.1" if host in ("0.0.0.0", "::") else written)
    with _until_interrupted(server):
        say(f"Looking at {served.said}: http://{shown}:{port}/")
        say(*served.notes)
        if token is not None and not os.environ.get(TOKEN):
            say(f"The token, to be given as the password: {token}")
        say("It only reads. Stop it with Ctrl-C.")
        server.run(sockets=[listening])
        say("Stopped.")


@contextmanager
def _until_interrupted(server: "Server") -> Iterator[None]:
    """Ctrl-C is how serving ends, from the first word on: also before the server itself heeds it.

    Meanwhile what pages need is imported, in a thread that is waited for: a process that ends
    amid the import of a library in C is aborted.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = signal.signal(signal.SIGINT, stop)
    warming = Thread(target=_warm)
    warming.start()
    try:
        yield
    finally:
        warming.join()
        signal.signal(signal.SIGINT, before)


def _server() -> "Server":
    """A server without an application yet. Raises `ModuleNotFoundError`."""
    import starlette  # noqa: F401 (said before anything listens)
    import uvicorn

    config = uvicorn.Config(
        "",
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return uvicorn.Server(config)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `click.UsageError` for what is no address of this machine, and
    `PortTaken`."""
    if not NAME_OF_HOST.fullmatch(host):
        raise click.UsageError(
            f"--host {host or '(empty)'} is no address and no host name: letters, digits, points "
            "and hyphens, or an IPv6 address without brackets."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except (OSError, UnicodeError) as error:  # the latter by a label that is too long, or empty
        code = getattr(error, "errno", None)
        if code is None or code < 0:  # a name that nothing answers to: not a code of the system's
            raise click.UsageError(
                f"--host {host} is not known as a name of any machine."
            ) from None
        said = os.strerror(code)
        raise PortTaken(f"Nobody can listen on {host} port {port}: {said}.") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _warm() -> None:
    """Imports what pages about orders need, which takes seconds, before one is asked for."""
    import duckdb  # noqa: F401
    import ibis  # noqa: F401
