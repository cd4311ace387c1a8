"""Withdrawing a wrong fact: another fact, by somebody, for a reason. Nothing is edited."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.book import FactWithdrawn
from ledger.aggregates.catalogue import TOPICS
from ledger.intake.rows import Parsed
from ledger.kernel.errors import AlreadyWithdrawn, ConcurrentWrite, NoSuchEvent, NoSuchPosition
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_positions
from ledger.store.rights import read_only
from ledger.store.schema import events, withdrawn
from ledger.usecases.record_decisions import Agree, at_once
from ledger.usecases.recording.known_keys import is_fact
from ledger.usecases.recording.record import record_stage
from ledger.usecases.recording.sent_fields import as_told
from ledger.usecases.recording.stage import Stage, staged

INSTEAD = {
    "FactWithdrawn": "Record the fact again, also under its old id.",
    "TermsPublished": "Only facts are withdrawn; terms are superseded by a new version.",
    "PaymentMade": "Record the opposite amount under a reference of its own: duebook pay.",
    "OrdersArchived": "A load of orders is withdrawn as a whole: duebook orders --withdraw "
    "POSITION --reason TEXT. A single order: send it with a later updated_at.",
    "OrdersWithdrawn": "Load the files again: they are archived as before.",
    "StatementIssued": "Record the facts that change it, then: duebook adjust.",
    "StatementAdjusted": "Record the facts that change it, then: duebook adjust.",
    "PeriodClosed": "A close is final; what is learned later is adjusted: duebook adjust.",
}
"""What to do about an event that cannot be withdrawn."""


Look = Callable[[Connection, int, int], dict[str, Any]]
"""From the positions of a fact and of the head: what withdrawing the fact moves."""


def withdraw(
    book: Book,
    position: int,
    *,
    reason: str,
    by: str,
    now: Instant,
    look: Look | None = None,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Records that the fact at a position counts for nothing from now on, if `agree` accepts the
    plan of it.

    The answer has the fact as it was sent, and as it can be sent again; `look` adds what the
    withdrawal moves. Raises `NoSuchPosition`, `NoSuchEvent` (not a fact), `AlreadyWithdrawn`,
    `ReadOnlyBook`, and `ConcurrentWrite` where somebody wrote while `agree` was asked.
    """
    if not book.writable:
        raise read_only(book.lacking, "withdraw")
    type_, stream = _refuse_unless_fact(book, position)
    with book.reading() as connection:
        head = head_of(connection)
        fact = next(iter(read_positions(connection, [position])))
        row = as_told(fact)
        plan = {
            "withdrawn": position,
            "type": type_,
            "stream": stream,
            "fact": row,
            "again": row | {"id": f"again-{position}"},
            "recorded": 0,
            "position": head.position,
            "receipt": head.receipt,
        }
        plan |= look(connection, position, head.position) if look else {}
    if not agree(plan):
        return plan
    if look is not None and book.head() != head:
        raise ConcurrentWrite("Somebody else wrote meanwhile. Nothing was recorded.")
    stage = Stage()
    stage.add([staged(0, Parsed(FactWithdrawn(position=position, reason=reason), now, by))])
    answer = record_stage(book, stage, by=by)
    if answer.warnings:  # somebody withdrew it between our look and our write
        raise AlreadyWithdrawn(
            f"The {type_} at position {position} was withdrawn meanwhile.",
            "Yours is recorded too, and does nothing.",
        )
    return plan | {
        "recorded": answer.recorded,
        "position": answer.position,
        "receipt": answer.receipt,
    }


def _refuse_unless_fact(book: Book, position: int) -> tuple[str, str]:
    c, w = events.c, withdrawn.c
    query = (
        select(c.topic, c.stream, w.position)
        .select_from(events.outerjoin(withdrawn, w.target == c.position))
        .where(c.position == position)
    )
    with book.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NoSuchPosition(
            f"The book has no position {position}; its last is {book.head().position}.",
            "Find the fact with: duebook log STREAM",
        )
    topic, stream, by = row
    name = TOPICS[topic].__name__ if topic in TOPICS else topic
    if not is_fact(topic):
        hint = INSTEAD.get(name, "Only facts are withdrawn; decisions are corrected by later ones.")
        raise NoSuchEvent(f"Position {position} is {name}, which cannot be withdrawn.", hint)
    if by is not None:
        raise AlreadyWithdrawn(
            f"The {name} at position {position} was withdrawn at position {by}.",
            "Nothing was recorded.",
        )
    return name, stream
