"""The web view inside this process: a browser that reads pages, and what it reads from them."""

import re
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx

from ledger.kernel.instants import format_instant
from projections.books.named import books_to_serve
from projections.web.app import application, application_of_books
from projections.web.guard import LOOPBACK, Names

DAY = 86_400_000_000
NOW = (time.time_ns() // 1000 // DAY + 2) * DAY
"""The midnight after the next: later than all that the tests decide by the clock, also where a run
goes on past midnight, and the same for all of them."""
AS_OF = format_instant(NOW)
PORT = 8321
VOID = {"meta", "br", "link", "img", "input", "hr"}
MONEY = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.[0-9]{2,}")

Answered = TypeVar("Answered")


def awaited(work: Callable[[], Awaitable[Answered]]) -> Answered:
    """What some work answers, run in a thread of its own: that of a test may have a loop already,
    as Playwright keeps one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, work).result()


def address_of(running: "subprocess.Popen[str]") -> str:
    """Where a `duebook serve` says that it listens, once it does."""
    assert running.stderr is not None
    return running.stderr.readline().split()[-1]


class Browser:
    """Asks the web view of a book, at its loopback address and at a fixed instant; or with `books`
    that of the books that a file lists."""

    def __init__(
        self,
        book: Path | str,
        token: str | None = None,
        seconds: float = 60,
        *,
        books: bool = False,
    ) -> None:
        names = Names.of(LOOPBACK, PORT, token)
        if books:
            listed, _ = books_to_serve(str(book))
            self._app = application_of_books(listed, str(book), names, lambda: NOW, seconds)
        else:
            self._app = application(str(book), names, lambda: NOW, seconds)

    def ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        """One request."""

        async def asked() -> httpx.Response:
            async with self._client() as client:
                return await client.request(method, address, **more)

        return awaited(asked)

    def side_by_side(self, addresses: Iterable[str]) -> dict[str, httpx.Response]:
        """Looks at several addresses at once."""
        answers: dict[str, httpx.Response] = {}

        async def asked() -> None:
            async with self._client() as client, anyio.create_task_group() as group:

                async def ask(address: str) -> None:
                    answers[address] = await client.get(address)

                for address in addresses:
                    group.start_soon(ask, address)

        awaited(asked)
        return answers

    def _client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url=f"http://127.0.0.1:{PORT}", timeout=120
        )

    def get(self, address: str, **more: Any) -> httpx.Response:
        """Looks at an address."""
        return self.ask("GET", address, **more)


@dataclass
class Row:
    """A row of a table: where its first link leads, how that reads, and its number cells."""

    link: str = ""
    name: str = ""
    numbers: list[str] = field(default_factory=list)


class Read(HTMLParser):
    """A page that was read: its links, its texts, the rows of its tables; every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.drawn: list[str] = []
        """Of its texts those in pictures, and in the tables of their figures."""
        self.rows: list[Row] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.tags.append((tag, own))
        if tag == "tr":
            self.rows.append(Row())
        if tag == "a" and own.get("href"):
            self.links.append(str(own["href"]))
            if self.rows and not self.rows[-1].link:
                self.rows[-1].link = str(own["href"])
        if tag not in VOID:
            self._open.append((tag, own.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not data.strip() or self._open[-1][0] == "style":
            return
        self.texts.append(data.strip())
        within = {tag for tag, _ in self._open}
        if "figure" in within or {"details", "table"} <= within:
            self.drawn.append(data.strip())
        if self.rows and self._open[-1][0] == "a" and not self.rows[-1].name:
            self.rows[-1].name = data.strip()
        if ("td", "n") in self._open:
            self.rows[-1].numbers.append(data.strip())

    @property
    def numbers(self) -> list[str]:
        """What its number cells say."""
        return [number for row in self.rows for number in row.numbers]

    @property
    def text(self) -> str:
        """All that it says."""
        return " ".join(self.texts)


def page(browser: Browser, address: str, status: int = 200) -> Read:
    """A page by its address, which answers as expected."""
    answer = browser.get(address)
    assert answer.status_code == status, f"{address}: {answer.status_code} {answer.text[:500]}"
    return Read(answer.text)


def data(browser: Browser, address: str) -> Any:
    """The data behind an address."""
    parts = urlsplit(address)
    answer = browser.get(f"{parts.path}.json?{parts.query}")
    assert answer.status_code == 200, f"{address}: {answer.text[:500]}"
    return answer.json()


def clocks(address: str) -> dict[str, list[str]]:
    """The two clocks in an address."""
    asked = parse_qs(urlsplit(address).query)
    return {name: asked.get(name, []) for name in ("as_of", "known_at")}


def amounts(texts: Iterable[str]) -> set[str]:
    """Every amount in some texts, without marks between thousands."""
    return {amount.replace(",", "") for text in texts for amount in MONEY.findall(text)}


def records(answer: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer, and what is within it."""
    if isinstance(answer, dict):
        yield answer
    for value in answer.values() if isinstance(answer, dict) else answer:
        if isinstance(value, dict | list):
            yield from records(value)


def scalars(answer: Any) -> Iterator[str]:
    """Every plain value of an answer, and every amount in its texts."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from scalars(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from scalars(value)
    elif answer is not None:
        yield str(answer)
        yield from (text.replace(",", "") for text in MONEY.findall(str(answer)))
