"""Accepting all differences within a tolerance together with the comparison that found them."""

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
from ledger.usecases.reconciling.accept_theirs import accepted, refuse_accepted
from ledger.usecases.reconciling.accepted_figures import Compared
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
    """Records a comparison and accepts the platform's figure for every difference within its
    tolerance, in one transaction, if `agree` approves the plan.

    Each is resolved as `accept_theirs`, and its adjustment gives the tolerance as the reason.
    `agree` is not called where there is nothing to accept. Raises `BadResolution` for a period
    that is not closed or a file with reversed signs, `ConcurrentWrite`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "accept differences")
    with book.reading() as connection:
        head = head_of(connection)
        reconciliation, run = compare(connection)
        _refuse_unfit(reconciliation)
        events = _events(connection, run, reconciliation, Clocks(now, head.position))
    plan: dict[str, Any] = {
        "accepted": sum(break_.count or 1 for break_ in _passing(reconciliation)),
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


def _passing(reconciliation: Reconciliation) -> list[Any]:
    return [
        break_
        for break_ in reconciliation.breaks
        if break_.within is not None and break_.id not in reconciliation.resolved
    ]


def _refuse_unfit(reconciliation: Reconciliation) -> None:
    """Raises `BadResolution` for a comparison of which no difference may be accepted."""
    asked = period_id(reconciliation.program, reconciliation.period)
    if reconciliation.turned is not None:
        sentence = reconciliation.turned.as_json(flipped=reconciliation.flipped)["sentence"]
        raise BadResolution(
            f"Nothing can be accepted from a file with the other sign. {sentence}",
            "Nothing was recorded.",
        )
    if reconciliation.ours_is != "issued":
        raise BadResolution(
            f"{asked} is not closed: there is nothing to adjust yet.",
            f"Close it first (duebook close {asked.replace('/', ' ')}), or leave --tolerance or "
            "--keep out.",
        )


def _events(
    connection: Connection, run: ReconciliationRun, reconciliation: Reconciliation, clocks: Clocks
) -> list[OwnEvent]:
    """The comparison, then each resolution with the adjustments that follow from it."""
    known = closed(connection, reconciliation.program, reconciliation.period, clocks.known_at)
    assert known is not None, "the lines were issued"
    compared = Compared(clocks.known_at + 1, run)
    stated = dict(known.current)
    events: list[OwnEvent] = [run]
    for break_ in _passing(reconciliation):
        refuse_accepted(known, compared, break_)
        reason = f"within the tolerance of {break_.within} {break_.currency}"
        events.append(resolved_as(compared, break_, "accept_theirs", reason))
        events += accepted(connection, known, compared, break_, reason, clocks, stated)
    return events
