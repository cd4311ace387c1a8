"""The letterhead that a file has, so that the statement can be set under it again: then all that is
below it is compared to the byte."""

import html
import re
from collections.abc import Iterator

from projections.issued.workbook_content import Cells, column_a
from projections.pages.letterhead import Letterhead

LINES_MAX = 9
"""Address and contact, as a letterhead has them at most."""
PICTURE = r"data:image/(?:png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]*"
HEAD = re.compile(
    rf'<header>\n(?:<img class="logo" src="({PICTURE})" alt="[^"<>]*">\n)?'
    r"(?:<p><strong>([^<>]*)</strong></p>\n)?"
    rf'((?:<p class="soft">[^<>]*</p>\n){{0,{LINES_MAX}}})<h1>'
)
LINE = re.compile(r'<p class="soft">([^<>]*)</p>')


def in_page(text: str, plain: Letterhead) -> Iterator[Letterhead]:
    """The letterhead of a page, where there is one that this program could have written."""
    match = HEAD.search(text)
    if match is not None:
        picture, name, lines = match.groups()
        address = map(html.unescape, LINE.findall(lines))
        yield _of(plain, html.unescape(name or ""), tuple(address), picture or "")


def in_workbook(cells: Cells, plain: Letterhead) -> Iterator[Letterhead]:
    """What the letterhead of a workbook may be: a name and lines, or lines alone."""
    lines = tuple(column_a(cells)[1 : LINES_MAX + 3])
    if len(lines) <= LINES_MAX + 1:
        yield _of(plain, lines[0] if lines else "", lines[1:], "")
        yield _of(plain, "", lines, "")


def said(letterhead: Letterhead) -> str:
    """A letterhead on one line."""
    lines = (letterhead.name, *letterhead.address, letterhead.contact)
    picture = "a logo" if letterhead.picture else ""
    return ", ".join(filter(None, (*lines, picture)))


def _of(plain: Letterhead, name: str, address: tuple[str, ...], picture: str) -> Letterhead:
    """Not validated: what a file says may be longer than a letterhead may be."""
    update = {"name": name, "address": address, "contact": "", "picture": picture}
    return plain.model_copy(update=update)
