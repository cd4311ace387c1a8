"""Addresses of pages: they keep both clocks, and stay within the book that they are of."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote, urlencode

SUFFIXES = (".json", ".csv", ".html")
"""Behind an address they give its data, or, for an id that ends in one, its page."""
CLOCKS = ("as_of", "known_at")
BOOKS = "books"
"""Where several books are served, the first part of the addresses of each; then comes its name."""


class Addresses:
    """The address that was asked, without its suffix, its parameters, addresses to go on to, and
    what stands at the head of its page.

    `name`: that of the book whose pages these are, among several; empty where one is served, and
    for pages about all of them. Every address begins with it, here and nowhere else.
    """

    NAVIGATION: ClassVar[Sequence[tuple[str, tuple[str, ...]]]]
    """Where one can go from every page: a word, and the parts of an address."""
    path: str
    params: Mapping[str, str]
    name: str
    zone: str
    """The zone of days and times."""

    def typed(self, name: str) -> str | None:
        """A parameter as typed; None for an empty one."""
        return (self.params.get(name) or "").strip() or None

    @property
    def prefix(self) -> str:
        """What stands before every address: nothing, or `/books/NAME`."""
        return f"/{BOOKS}/{quote(self.name, safe='')}" if self.name else ""

    @property
    def pinned(self) -> dict[str, str]:
        """The clocks as parameters of a link."""
        raise NotImplementedError

    @property
    def as_of(self) -> str:
        """The as-of in the zone, as it may be typed."""
        raise NotImplementedError

    @property
    def known_at(self) -> str:
        """The known-at as it may be typed."""
        return self.pinned["known_at"]

    @property
    def known(self) -> str:
        """The known-at in words."""
        raise NotImplementedError

    @property
    def is_past(self) -> bool:
        """Whether the clocks leave something out: later events, or more than the last hour."""
        raise NotImplementedError

    @property
    def every_book(self) -> str:
        """The address of the list of books, for the pages of one of several; else empty."""
        return ""

    def link(self, *parts: str, suffix: str = "", **params: str) -> str:
        """The address of a page at the same clocks: `link("lines", line)`."""
        path = "/" + "/".join(quote(part, safe="/:") for part in parts)
        if not suffix and path.endswith(SUFFIXES):
            suffix = ".html"
        asked = {name: value for name, value in (self.pinned | params).items() if value}
        return f"{self.prefix}{path}{suffix}?{urlencode(asked)}"

    def here(self, suffix: str = "", **params: str) -> str:
        """The address of this page with some parameters changed, at the same clocks."""
        return self.link(self.path.strip("/"), suffix=suffix, **(self._own() | params))

    def address(self) -> str:
        """The address of this page without parameters."""
        path = "/" + quote(self.path.lstrip("/"), safe="/:")  # behind two slashes comes a host
        return f"{self.prefix}{path}{'.html' if path.endswith(SUFFIXES) else ''}"

    def unpinned(self) -> str:
        """The address of this page as of now."""
        own = self._own()
        return f"{self.address()}?{urlencode(own)}" if own else self.address()

    def _own(self) -> dict[str, str]:
        return {name: value for name, value in self.params.items() if name not in CLOCKS}
