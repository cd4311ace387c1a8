"""A statement as a page that came back: its texts, and whether anything in it may show them
otherwise."""

import hashlib
import html
import re
from typing import NamedTuple

from projections.issued.difference import differing, shortened

STYLES = frozenset(
    {
        "38fa96619a479e53b557dfa59fb358677cd8a32d3a1e872eccc2c2c0e47b5753",
        "51dfd0bd6f7cf1a2c33b4c48258e5b5ebd737121088ee4f0a4ba4c5239d66695",
    }
)
"""SHA-256 of the style of each version, this one's included: added to, never taken from."""
TAG = r"""<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>"""
TOKEN = re.compile(rf"{TAG}|([^<]+)|(<)")
ANY_TAG = re.compile(r"<[^>]{0,2000}>")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"<>]*">')
DOCTYPE = "<!DOCTYPE html>"
ROWS = {"tr", "li", "p", "summary", "dt", "h1", "h2"}
"""Elements whose first text names what follows in them."""


class Text(NamedTuple):
    """A text of a page, below the text that names it."""

    label: str
    text: str


class Page(NamedTuple):
    """A page as its texts, its tags, and its styles. `foreign`: the first thing in it that no page
    of this program has, such as a comment."""

    texts: list[Text]
    tags: set[str]
    styles: list[str]
    foreign: str


def page_of(text: str) -> Page:
    """A page, read in the narrow way in which this program writes it, in a time that grows with
    its length."""
    page = Page([], set(), [], "")
    label, in_style, foreign = "", False, ""
    body = text.removeprefix(DOCTYPE)
    for token in TOKEN.finditer(body):
        closing, name, _, shown, stray = token.groups()
        if stray:
            foreign = foreign or body[token.start() : token.start() + 40]
        elif name:
            page.tags.add(token[0])
            in_style = name == "style" and not closing
            if name in ROWS and not closing:
                label = ""
        elif in_style:
            page.styles.append(shown)
        elif said := " ".join(html.unescape(shown).split()):
            page.texts.append(Text(label, said))
            label = label or said
    return page._replace(foreign=foreign)


def first_difference(theirs: Page, ours: Page) -> str:
    """The first text that the file has otherwise than the book; empty for none."""
    for at in range(max(len(theirs.texts), len(ours.texts))):
        file, book = (
            page.texts[at] if at < len(page.texts) else Text("", "") for page in (theirs, ours)
        )
        if file.text != book.text:
            label = book.label or file.label
            return differing(label, file.text, book.text)
    return ""


def may_show_otherwise(theirs: Page, ours: Page) -> str:
    """What in a page of the same texts might hide them or show others: a style that no version
    had, or a tag that the book's own page has not. Empty for nothing."""
    if theirs.foreign:
        return shortened(theirs.foreign)
    unknown = [style for style in theirs.styles if _digest(style) not in STYLES]
    if unknown or len(theirs.styles) != 1:
        return "its style"
    tags = (tag for tag in sorted(theirs.tags - ours.tags) if not POLICY.fullmatch(tag))
    return shortened(next(tags, ""))


def lenient_texts(text: str) -> Page:
    """The texts of a page that another program wrote, to say what differs; never to say that
    nothing does."""
    texts = [html.unescape(part) for part in ANY_TAG.split(text.removeprefix(DOCTYPE))]
    return Page([Text("", " ".join(part.split())) for part in texts if part.strip()], set(), [], "")


def _digest(style: str) -> str:
    return hashlib.sha256(style.strip().encode("utf-8", "replace")).hexdigest()
