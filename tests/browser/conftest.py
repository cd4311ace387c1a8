"""Chromium, started once, and the pages of the demo that it is shown."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.commands import ran, serving
from tests.browser.hostile import hostile_book
from tests.browser.opened import DESK, PHONE, Opened
from tests.cli.conftest import busy_template, demo_template
from tests.cli.test_statement_page import PIXEL

__all__ = ["busy_template", "demo_template"]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "demo"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"]
SWITCHES += ["--disable-background-networking", "--disable-component-update"]
REPORTS = {
    "recruiting-eu-jp-2026q1": (),
    "growth-2026-05": ("--as-of", "2026-10-01"),
    "partner-admission-2022": ("2026-03",),
    "shop-admission-2020": ("2020-05",),
    "service-agreements-2022": ("2026-05",),
    "deposit-2020": ("2020-05",),
    "samples-us-2024": ("2026-05",),
    "technical-fee-2020": ("2020-05",),
    "affiliate-us-2024": ("2026-03",),
}
"""The programs that have lines in the demo, each with a period in which it has some."""
LETTERHEADS = {
    "en": 'name = "Acme"\naddress = ["12 Harbour Road", "Shanghai"]\nlogo = "logo.png"\n',
    "zh-en": 'name = "Acme 平台"\nlogo = "logo.png"\nlanguages = ["zh", "en"]\n',
}
Look = Callable[..., Opened]


def executable() -> str:
    """Where Chromium is installed."""
    paths = [path for name in NAMES if (path := shutil.which(name))]
    assert paths, "pages are looked at in Chromium: apt-get install chromium"
    return paths[0]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed Chromium, without a window, with a profile of its own that is thrown away.

    It runs without its sandbox, which root cannot have; it is shown nothing but our own pages.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Browser) -> Iterator[Look]:
    """Opens a file or the address of a server: in the dark, as wide as a phone, or neither.

    Each page has cookies and a cache of its own, and is closed after the test.
    """
    with ExitStack() as stack:

        def opened(address: str | Path, *, dark: bool = False, phone: bool = False) -> Opened:
            scheme = "dark" if dark else "light"
            context = chromium.new_context(**(PHONE if phone else DESK), color_scheme=scheme)
            stack.callback(context.close)
            seen = Opened(context.new_page())
            seen.page.goto(address.as_uri() if isinstance(address, Path) else address)
            return seen

        yield opened


@pytest.fixture(scope="session")
def closed_book(busy_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo book after a quarter was closed, adjusted and paid in part, with what the other
    programs need in order to have lines: terms of deposits, and a creator's orders."""
    folder = tmp_path_factory.mktemp("looked-at")
    shutil.copytree(busy_template, folder, dirs_exist_ok=True)
    book = ("--book", folder / "duebook.db", "--by", "lin")
    ran("publish", FIXTURES / "terms-deposits.toml", *book)
    ran("orders", FIXTURES / "orders-affiliate-2026-03.csv", *book)
    (folder / "logo.png").write_bytes(PIXEL)
    return folder / "duebook.db"


@pytest.fixture(scope="session")
def report_of(closed_book: Path) -> Callable[[str], Path]:
    """Answers the close report of a program, written once."""

    @cache
    def written(program: str) -> Path:
        path = closed_book.with_name(f"{program}.html")
        words = ("report", "close", program, *REPORTS[program], "-o", path)
        ran(*words, "--book", closed_book)
        return path

    return written


@pytest.fixture(scope="session")
def statement_in(closed_book: Path) -> Callable[[str], Path]:
    """Answers a statement that was adjusted and paid in part, under a letterhead with a logo, in
    English or in both languages."""

    @cache
    def written(languages: str) -> Path:
        path = closed_book.with_name(f"statement-{languages}.html")
        letterhead = path.with_suffix(".toml")
        letterhead.write_text(LETTERHEADS[languages], encoding="utf-8")
        words = ("statement", "P-01", "--letterhead", letterhead, "-o", path)
        ran(*words, "--book", closed_book)
        return path

    return written


@pytest.fixture(scope="session")
def site(closed_book: Path) -> Iterator[str]:
    """The address at which that book is served."""
    with serving(closed_book) as address:
        yield address


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed book whose names mean something to a browser, or are hard to lay out."""
    return hostile_book(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def named_site(named: Path) -> Iterator[str]:
    """The address at which that book is served."""
    with serving(named) as address:
        yield address


def listed(folder: Path, books: dict[str, Path]) -> Path:
    """A list of books by their names."""
    file = folder / f"{len(books)}-books.toml"
    entries = [f'[[book]]\nname = "{name}"\npath = "{path}"\n' for name, path in books.items()]
    file.write_text("".join(entries), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def two_books(closed_book: Path, named: Path) -> dict[str, Path]:
    """Both of those books, by names for a list."""
    return {"Europe": closed_book, "日本 2": named}


@pytest.fixture(scope="session")
def two_site(two_books: dict[str, Path], closed_book: Path) -> Iterator[str]:
    """The address at which both are served."""
    with serving(listed(closed_book.parent, two_books)) as address:
        yield address


@pytest.fixture(scope="session")
def three_site(two_books: dict[str, Path], closed_book: Path) -> Iterator[str]:
    """The address at which both are served, from a list that also names one that goes away once it
    was looked at."""
    gone = closed_book.with_name("gone.db")
    ran("init", "--book", gone)
    with serving(listed(closed_book.parent, {**two_books, "gone": gone})) as address:
        gone.unlink()
        yield address
