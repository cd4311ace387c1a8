"""Every view of the web view has an address that tests look at in a browser."""

import inspect
import pkgutil
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from projections.web import routes, several_books, views
from projections.web.page import Answer
from tests.browser.kinds import KINDS, KINDS_ACROSS

ACROSS = "across"
"""The module of what is answered across several books."""


def _views(*, across: bool = False) -> set[str]:
    """The functions that answer an address of a book, or one across several books, as
    `module:function`."""
    return {
        f"{module.name}:{name}"
        for module in pkgutil.iter_modules(views.__path__)
        for name, function in vars(import_module(f"{routes.VIEWS}.{module.name}")).items()
        if (module.name == ACROSS) == across
        and inspect.isfunction(function)
        and not name.startswith("_")
        and function.__module__.endswith(f".{module.name}")
        and inspect.signature(function).return_annotation is Answer
    }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The views that the addresses of all kinds are answered by."""
    names: list[str] = []

    def named(name: str) -> Any:
        names.append(name)
        return lambda *_: None

    monkeypatch.setattr(routes, "view", named)
    for address in KINDS.values():
        path, _ = routes.split(unquote(urlsplit(address).path).lstrip("/"))
        routes.answer(SimpleNamespace(path=f"/{path}"))  # type: ignore[arg-type]
    return names


def test_a_page_of_every_view_is_looked_at_in_a_browser(asked: list[str]) -> None:
    """In the light, in the dark, on a phone and on paper, by axe-core: see `tests/browser`. A view
    that is added has to be added to the kinds."""
    assert set(asked) == _views()
    assert len(asked) == len(KINDS), "an address leads nowhere"


def test_every_address_of_the_routes_leads_to_a_view() -> None:
    assert {*routes.PLAIN.values(), *routes.WHOLE.values()} <= _views()


def test_a_page_of_every_view_across_several_books_is_looked_at_too() -> None:
    paths = {urlsplit(address).path.strip("/") for address in KINDS_ACROSS.values()}
    assert set(several_books.VIEWS) <= paths
    assert set(several_books.VIEWS.values()) == _views(across=True)
