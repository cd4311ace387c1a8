"""Verifying statements that were sent out: did this book issue exactly this file?"""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from sqlalchemy import Connection

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import Refusal, ServerLost
from ledger.kernel.instants import parse_instant
from ledger.store.head import head_of, origin_of
from ledger.store.log import read_log
from ledger.usecases.closing.every_statement import one_statement
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.verifying.verify import Check
from projections.issued.comparing import compared
from projections.issued.mark import Mark
from projections.issued.sent_file import SentFile, read_sent
from projections.pages.letterhead import Language, Letterhead, letterhead_at
from projections.pages.names import names_of
from projections.pages.statement_content import party_of
from projections.pages.voice import Addressed


def read_statements(
    paths: Iterable[str], letterhead: str | None, book: str
) -> tuple[list[SentFile], Letterhead]:
    """The files, and the letterhead under which they are printed again. Raises `NotAStatement`,
    `MissingFile`, `TooLarge`, `BadLetterhead`, and `MissingExtra` for a PDF without typesetter."""
    sent = [read_sent(path) for path in paths]
    if any(file.form == "pdf" for file in sent):
        from projections.pages.statement_pdf import typesetter

        typesetter()
    return sent, letterhead_at(letterhead, book)


def verify_sent(
    connection: Connection, sent: Iterable[SentFile], letterhead: Letterhead
) -> Iterator[Check]:
    """Per file whether this book issued it: the book is asked for the statement that the file says
    it is, at the file's own clocks; the fingerprints must be equal, and the file must show what
    the book prints. Whatever was recorded since does not matter, and is said."""
    for file in sent:
        ok, detail = _verified(connection, file, letterhead)
        yield Check(f"statement {file.path}", ok, detail)


def _verified(connection: Connection, file: SentFile, letterhead: Letterhead) -> tuple[bool, str]:
    mark = file.mark
    if mark.book != origin_of(connection):
        return False, f"it is of another book, {mark.book}"
    head = head_of(connection).position
    if not 1 <= mark.known_at <= head:
        return False, (
            f"it is of position {mark.known_at:,}; the log ends at {head:,}: the book is older "
            "than the file, as one that was restored from a backup"
        )
    as_of = FOREVER if mark.as_of is None else parse_instant(mark.as_of)
    try:
        answer = one_statement(connection, mark.statement, Clocks(as_of, mark.known_at))
    except ServerLost:
        raise
    except Refusal as refusal:
        return (
            False,
            f"this book had not issued it by position {mark.known_at:,}: {refusal.sentence}",
        )
    result = compared(file, answer, _addressed(connection, answer, mark, letterhead))
    if mark.sha256 != answer["fingerprint"]["sha256"]:
        more = "" if result.ok else f"; {result.detail}"
        return False, f"its fingerprint is not that of this book's statement{more}"
    if not result.ok:
        return False, result.detail
    of = f"{mark.statement} at position {mark.known_at:,}"
    return True, f"{of}: {result.detail}{_since(connection, mark)}"


def _addressed(
    connection: Connection, answer: dict[str, Any], mark: Mark, letterhead: Letterhead
) -> Addressed:
    """To whom it went, in the languages of the file and the zone of the terms that were known."""
    languages = tuple(name for name in mark.languages if name in get_args(Language))
    party = party_of(answer)
    name = names_of(connection, [party], answer["known_at"]).get(party, "")
    zone = edition_at(connection, answer["program"], mark.known_at)[0].zone
    head = letterhead.model_copy(update={"languages": languages})
    return Addressed(mark.statement, head, name, zone)


def _since(connection: Connection, mark: Mark) -> str:
    """That the statement was adjusted or paid later, which its file cannot show."""
    stream = f"statement:{mark.statement}"
    later = next(read_log(connection, mark.known_at, stream=stream), None)
    return "" if later is None else f"; adjusted or paid since, at position {later.position:,}"
