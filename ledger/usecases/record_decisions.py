"""Recording our own decisions: checked first, and refused if somebody wrote meanwhile."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection

from ledger.aggregates.base import OwnEvent
from ledger.kernel.errors import ConcurrentWrite, Refusal
from ledger.store.append import append
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.line_secrets import keep_secrets, may_keep_secrets
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import refuse_older
from ledger.store.rights import read_only
from ledger.store.schema import FORMAT, line_secrets
from ledger.store.snapshots import Snapshot, keep
from ledger.usecases.line_trees import STATING, with_salt, with_trees

ATTEMPTS = 5


class Decided(NamedTuple):
    """What a decision records, which may be nothing, and what else its answer needs."""

    events: list[OwnEvent]
    seen: Any = None


E = TypeVar("E", bound=OwnEvent)
Agree = Callable[[dict[str, Any]], bool]
"""Called with what a decision would record, before it does; returns whether to go on."""


def at_once(_plan: dict[str, Any]) -> bool:
    """Agrees without asking anybody."""
    return True


class BadDecision(Refusal):
    """A decision that cannot be recorded as it is: a text that is empty or too long, say."""


def built(kind: type[E], **fields: Any) -> E:
    """A decision's event, checked. Raises `BadDecision`, which names each wrong field."""
    try:
        return kind(**fields)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in error.errors()
        )
        raise BadDecision(
            f"{kind.__name__} cannot be recorded: {said}.", "Texts are 1 to 2000 characters long."
        ) from None


def refuse_read_only(book: Book, to_what: str) -> None:
    """Raises `ReadOnlyBook`, `OlderBook` or `ClockDoubted` before anything is worked out."""
    if not book.writable:
        raise read_only(book.lacking, to_what)
    if book.format < FORMAT:
        refuse_older(book.format)
    book.log.clock_trusted()


def record_decisions(
    book: Book,
    events: Sequence[OwnEvent],
    *,
    by: str,
    expected: Head,
    snapshots: Sequence[Snapshot] = (),
) -> Head:
    """Writes decisions with their index entries in one transaction, if the head is still there.

    Raises `ConcurrentWrite` where anything was recorded since the decision was worked out: it
    might have come out differently. Also `ReadOnlyBook`, `BookLocked`.
    """
    with book.log.writing() as writer:
        if writer.head != expected:
            raise ConcurrentWrite(
                f"Somebody else wrote meanwhile: the log was at {expected.position} and is at "
                f"{writer.head.position}. Nothing was recorded."
            )
        written = append(writer, _sealed(book, writer.connection, events), by=by)
        keep(writer.connection, snapshots)
    keep_receipt(book, written)
    return written


def _sealed(book: Book, connection: Connection, events: Sequence[OwnEvent]) -> Sequence[OwnEvent]:
    """Decisions with salts, and with the trees over what they state, whose secrets are kept before
    they are."""
    events = [with_salt(event) for event in events]
    if not any(isinstance(event, STATING) for event in events):
        return events
    if not may_keep_secrets(book, connection):
        book.notes.append(
            "No single line of this can be proved later: the role may not keep secrets in "
            f"{line_secrets.name}. What each role is for: duebook init --roles"
        )
        return events
    sealed, secrets = with_trees(events)
    keep_secrets(book, connection, secrets)
    return sealed


def decided_in_turn(
    book: Book,
    decide: Callable[[Connection], Decided],
    *,
    by: str,
    agree: Callable[[Decided], bool] | None = None,
) -> tuple[Decided, Head | None]:
    """Takes a small decision however often others write: returns what was decided and the head
    after it, which is None where `agree` was asked and declined.

    It is decided anew whenever somebody writes in between, and `agree` is asked again where that
    changes the decision; the last attempt takes the lock first, so that the others wait. Raises
    what `decide` raises, and `ConcurrentWrite` where under the lock the decision differs from the
    one that was agreed to.
    """
    agreed: Decided | None = None
    for _ in range(ATTEMPTS - 1):
        with book.reading() as connection:
            head = head_of(connection)
            decided = decide(connection)
        if not decided.events:
            return decided, head
        if agree is not None and decided != agreed:
            if not agree(decided):
                return decided, None
            agreed = decided
        try:
            return decided, record_decisions(book, decided.events, by=by, expected=head)
        except ConcurrentWrite:
            continue
    with book.log.writing() as writer:
        decided = decide(writer.connection)
        if agree is not None and decided != agreed:
            raise ConcurrentWrite(
                "Somebody else wrote meanwhile, which changes what would be recorded. "
                "Nothing was recorded."
            )
        written = writer.head
        if decided.events:
            written = append(writer, _sealed(book, writer.connection, decided.events), by=by)
    if decided.events:
        keep_receipt(book, written)
    return decided, written
