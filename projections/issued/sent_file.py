"""Reading a statement's file that came back: which form it has, and its mark.

Whatever is in the file is somebody else's: its size is bounded before it is read, and it is only
looked at.
"""

import html
import json
import re
from typing import Any, ClassVar, Literal, NamedTuple

from ledger.intake.border import MIB, read_bounded
from ledger.intake.problems import BadPlatformFile
from ledger.intake.tables.workbook import ZIP, measure
from ledger.kernel.errors import BadInstant, Refusal
from ledger.kernel.instants import parse_instant
from projections.issued.json_content import NotPlain, parsed
from projections.issued.mark import NAME, Mark, mark_in, mark_of
from projections.issued.workbook_content import text_parts

Form = Literal["html", "pdf", "xlsx", "json"]
SIZE_MAX = 64 * MIB
TEXTS_MAX = 16
IN_PAGE = re.compile(rf'<meta name="{NAME}" content="([^"<>]{{1,2000}})">')
IN_PDF = re.compile(rb"<pdf:Keywords>([^<>]{1,2000})</pdf:Keywords>")
IN_WORKBOOK = re.compile(rf">({NAME} [^<>]{{1,2000}})</".encode())


class NotAStatement(Refusal):
    """A file that is no statement of one payee, or does not carry what is needed to check it."""

    kind: ClassVar = "refused"
    hint = "Give what `duebook statement ID -o FILE` wrote as .html, .pdf, .xlsx or .json."


class SentFile(NamedTuple):
    """A statement's file as it came back."""

    path: str
    form: Form
    raw: bytes
    mark: Mark


def read_sent(path: str) -> SentFile:
    """The file with its mark. Raises `NotAStatement`, `MissingFile`, and `TooLarge` beyond 64 MiB.

    The form is that of the content, whatever the name says. Exactly one mark is accepted.
    """
    raw = read_bounded(path, SIZE_MAX)
    form = _form(path, raw)
    match form:
        case "json":
            marks = _in_json(path, raw)
        case "html":
            text = raw.decode("utf-8", "replace")
            marks = [html.unescape(mark) for mark in IN_PAGE.findall(text)[:TEXTS_MAX]]
        case "pdf":
            marks = [_decoded(mark) for mark in IN_PDF.findall(raw)[:TEXTS_MAX]]
        case _:
            marks = _in_workbook(path, raw)
    if not marks:
        raise NotAStatement(
            f"{path} carries no mark of a statement, which has its fingerprint.",
            "A workbook of several statements has none, nor has a file that an earlier version "
            "wrote. Write the statement again: duebook statement ID -o FILE.",
        )
    read = {mark_in(mark) for mark in marks}
    mark = read.pop()
    if mark is None or read:
        what = "more than one mark" if read else "a mark that is not whole"
        raise NotAStatement(f"{path} carries {what} of a statement.")
    _check_instant(path, mark)
    return SentFile(path, form, raw, mark)


def _form(path: str, raw: bytes) -> Form:
    start = raw[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"%PDF-"):
        return "pdf"
    if start.startswith(ZIP):
        return "xlsx"
    if start.startswith(b"{"):
        return "json"
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    lacks = "is not a statement as a page, a PDF, a workbook or JSON"
    if start.startswith(b"what,"):
        lacks = "is CSV, which carries no fingerprint"
    raise NotAStatement(f"{path} {lacks}.")


def _in_json(path: str, raw: bytes) -> list[str]:
    """The mark that the page of the same answer would carry."""
    try:
        answer = parsed(raw)
    except NotPlain as error:
        raise NotAStatement(f"{path} is not JSON that can be read: {error}.") from None
    fingerprint = answer.get("fingerprint") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(fingerprint, dict):
        return []
    asked: Any = answer.get("asked")
    try:
        return [mark_of({"fingerprint": fingerprint, "asked": asked}, ("en",))]
    except (KeyError, TypeError):
        return [json.dumps(fingerprint)[:80]]


def _in_workbook(path: str, raw: bytes) -> list[str]:
    try:
        measure(path, raw)
        parts = text_parts(raw)
    except BadPlatformFile as refusal:
        raise NotAStatement(refusal.sentence) from None
    marks: list[str] = []
    for part in parts:
        marks += [_decoded(mark) for mark in IN_WORKBOOK.findall(part)[:TEXTS_MAX]]
    return marks


def _decoded(mark: bytes) -> str:
    return html.unescape(mark.decode("utf-8", "replace"))


def _check_instant(path: str, mark: Mark) -> None:
    if mark.as_of is not None:
        try:
            parse_instant(mark.as_of)
        except BadInstant as refusal:
            raise NotAStatement(f"{path}: its as-of is none: {refusal.sentence}") from None
