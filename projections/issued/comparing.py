"""Comparing the file of a statement with what its book prints: to the byte, and where that fails,
by what it shows."""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from ledger.intake.problems import BadPlatformFile
from projections.exporters.indented_json import indented
from projections.issued import json_content, page_content, workbook_content
from projections.issued.difference import differing
from projections.issued.letterhead_in_file import in_page, in_workbook, said
from projections.issued.sent_file import SentFile
from projections.pages.letterhead import Letterhead
from projections.pages.voice import Addressed

TO_THE_BYTE = "to the byte what this book prints"
ROOM = 1024 * 1024
"""A file may be so much larger than twice what the book prints, and is compared no further."""


class Compared(NamedTuple):
    """Whether a file shows what the book says, and in words how it differs."""

    ok: bool
    detail: str


def compared(sent: SentFile, answer: dict[str, Any], to: Addressed) -> Compared:
    """Compares a file with a `statement` answer, set in the file's own form and languages.

    A file that is the same to the byte holds. Another one holds only where it shows the same
    content and nothing in it could show it otherwise: its letterhead may be another, a page and
    JSON may have other blanks, a workbook may have been packed or saved by another program. Of a
    PDF nothing but the bytes is compared. Raises `MissingExtra`, `BadPicture`.
    """
    ours = printed(sent.form, answer, to)
    if sent.raw == ours:
        return Compared(True, TO_THE_BYTE)
    if sent.form == "pdf":
        return Compared(
            False,
            "it is not to the byte what this book prints, and a PDF cannot be compared further: "
            "not verified; another letterhead (--letterhead), other fonts or another version of "
            "the typesetter print other bytes",
        )
    if len(sent.raw) > 2 * len(ours) + ROOM:
        sizes = (f"{len(raw):,} bytes" for raw in (sent.raw, ours))
        return Compared(False, differing("", *sizes))
    match sent.form:
        case "json":
            return _as_json(sent.raw, answer)
        case "html":
            return _as_page(sent.raw.decode("utf-8", "replace"), answer, to)
        case _:
            return _as_workbook(sent.raw, answer, to)


def printed(form: str, answer: dict[str, Any], to: Addressed) -> bytes:
    """What `statement -o` writes of an answer in a form."""
    match form:
        case "json":
            return indented(answer).encode("utf-8", "backslashreplace")
        case "html":
            from projections.pages.statement_page import statement_page

            return statement_page(answer, to).encode("utf-8", "backslashreplace")
        case "pdf":
            from projections.pages.statement_pdf import statement_pdf

            return statement_pdf(answer, to).content
        case _:
            from projections.exporters.xlsx import write

            file = io.BytesIO()
            write(answer, file, to)
            return file.getvalue()


def _as_json(raw: bytes, answer: dict[str, Any]) -> Compared:
    # As it is written: a tuple is a list there.
    ours = json_content.parsed(printed("json", answer, Addressed()))
    difference = json_content.first_difference(json_content.parsed(raw), ours)
    return Compared(
        not difference, difference or "its data are the book's; it is laid out otherwise"
    )


def _as_page(text: str, answer: dict[str, Any], to: Addressed) -> Compared:
    theirs, under = page_content.page_of(text), to
    for head in in_page(text, to.letterhead):
        under = to._replace(letterhead=head)
        if text.encode("utf-8", "replace") == printed("html", answer, under):
            return _other_letterhead(head, to)
    ours_text = printed("html", answer, under).decode()
    ours = page_content.page_of(ours_text)
    difference = page_content.first_difference(theirs, ours)
    if theirs.foreign:
        pages = (page_content.lenient_texts(page) for page in (text, ours_text))
        difference = page_content.first_difference(*pages)
    if difference:
        return Compared(False, difference)
    if shows := page_content.may_show_otherwise(theirs, ours):
        return Compared(
            False, f"its texts are the book's, and it has what may show them otherwise: {shows}"
        )
    return Compared(True, f"its texts are the book's; it is laid out otherwise{_and(to, under)}")


def _as_workbook(raw: bytes, answer: dict[str, Any], to: Addressed) -> Compared:
    try:
        parts = workbook_content.parts_of(raw)
        theirs = workbook_content.cells_of(parts)
    except BadPlatformFile as refusal:
        return Compared(False, refusal.sentence)
    difference = ""
    for under in [to, *_under_theirs(theirs, to)]:
        our_parts = workbook_content.parts_of(printed("xlsx", answer, under))
        if parts == our_parts:
            if under.letterhead == to.letterhead:
                return Compared(True, "each part is the book's; it is packed otherwise")
            return _other_letterhead(under.letterhead, to)
        ours = workbook_content.cells_of(our_parts)
        difference = workbook_content.first_difference(theirs, ours)
        if not difference:
            break
    if difference:
        return Compared(False, difference)
    if shows := workbook_content.may_show_otherwise(parts, theirs):
        return Compared(
            False, f"its cells are the book's, and it has what may show them otherwise: {shows}"
        )
    return Compared(True, f"its cells are the book's; it was saved anew{_and(to, under)}")


def _under_theirs(cells: workbook_content.Cells, to: Addressed) -> Iterator[Addressed]:
    for head in in_workbook(cells, to.letterhead):
        yield to._replace(letterhead=head)


def _other_letterhead(theirs: Letterhead, to: Addressed) -> Compared:
    texts = (said(head) for head in (theirs, to.letterhead))
    return Compared(
        True, f"what this book prints, under another letterhead: {differing('', *texts)}"
    )


def _and(to: Addressed, under: Addressed) -> str:
    """Said of a letterhead too, where that is another as well."""
    texts = [said(place.letterhead) for place in (under, to)]
    return "" if texts[0] == texts[1] else f", under another letterhead: {differing('', *texts)}"
