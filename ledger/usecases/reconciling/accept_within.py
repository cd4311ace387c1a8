"""Accepting differences within a tolerance: with the comparison that found them, in one go."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.reconciliation import ReconciliationRun
from ledger.aggregates.settlement import StatementAdjusted, period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadResolution
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.usecases.reconciling.accepted_figures import Compared
from ledger.usecases.reconciling.accepting import accepted, refuse_accepted
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.resolve import closed, resolved_as
from ledger.usecases.record_decisions import (
    Agree,
    at_once,
    record_decisions,
    refuse_read_only,
)

Compare = Callable[[Connection], tuple[Reconciliation, ReconciliationRun]]


def accept_within(
    book: Book, compare: Compare, *, by: str, now: Instant, agree: Agree = at_once
) -> tuple[Reconciliation, dict[str, Any]]:
    """Records a comparison, and accepts the platform's figure for every difference that its
    tolerance lets pass, if `agree` says so of what that does: all in one transaction.

    Each is resolved as `accept_theirs`, and its adjustment names the tolerance as the reason.
    Nobody is asked where nothing is to be accepted. Raises `BadResolution` for a period that is
    not closed and a file whose signs are turned, `ConcurrentWrite`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "accept differences")
    with book.reading() as connection:
        head = head_of(connection)
        reconciliation, run = compare(connection)
        _refuse_unfit(reconciliation)
        events = _events(connection, run, reconciliation, Clocks(now, head.position))
    plan: dict[str, Any] = {
        "accepted": sum(one.count or 1 for one in _passing(reconciliation)),
        "adjusted": sum(isinstance(event, StatementAdjusted) for event in events),
        "recorded": 0,
        "run": None,
        "position": head.position,
        "receipt": head.receipt,
    }
    asked = reconciliation.as_json() | plan
    if len(events) > 1 and not agree(asked):
        return reconciliation, plan
    written = record_decisions(book, events, by=by, expected=head)
    return reconciliation, plan | {
        "recorded": len(events),
        "run": head.position + 1,
        "position": written.position,
        "receipt": written.receipt,
    }


def _passing(found: Reconciliation) -> list[Any]:
    return [
        break_
        for break_ in found.breaks
        if break_.within is not None and break_.id not in found.resolved
    ]


def _refuse_unfit(found: Reconciliation) -> None:
    """Raises `BadResolution` where no difference may be accepted."""
    asked = period_id(found.program, found.period)
    if found.turned is not None:
        sentence = found.turned.as_json(flipped=found.flipped)["sentence"]
        raise BadResolution(
            f"Nothing can be accepted from a file with the other sign. {sentence}",
            "Nothing was recorded.",
        )
    if found.ours_is != "issued":
        raise BadResolution(
            f"{asked} is not closed: there is nothing to adjust yet.",
            f"Close it first (duebook close {asked.replace('/', ' ')}), or leave --tolerance or "
            "--keep out.",
        )


def _events(
    connection: Connection, run: ReconciliationRun, found: Reconciliation, clocks: Clocks
) -> list[OwnEvent]:
    """The comparison, then each resolution with the adjustments that follow from it."""
    known = closed(connection, found.program, found.period, clocks.known_at)
    assert known is not None, "the lines were issued"
    compared = Compared(clocks.known_at + 1, run)
    stated = dict(known.current)
    events: list[OwnEvent] = [run]
    for one in _passing(found):
        refuse_accepted(known, compared, one)
        reason = f"within the tolerance of {one.within} {one.currency}"
        events.append(resolved_as(compared, one, "accept_theirs", reason))
        events += accepted(connection, known, compared, one, reason, clocks, stated)
    return events
