"""What each event of ours says in the audit trail: what was done, about what, why, how much."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ledger.aggregates.base import Event
from ledger.aggregates.book import BatchRecorded, BookOpened, FactWithdrawn
from ledger.aggregates.lock import PeriodLocked
from ledger.aggregates.orders import OrdersArchived, OrdersWithdrawn
from ledger.aggregates.reconciliation import BreakResolved, ReconciliationRun
from ledger.aggregates.settlement import (
    AdjustedLine,
    PaymentMade,
    PeriodClosed,
    StatementAdjusted,
    StatementIssued,
    period_id,
)
from ledger.aggregates.terms import TermsPublished
from ledger.kernel.counted import counted
from ledger.kernel.money import Money, sum_by_currency
from projections.cells import PerCurrency


class Said(NamedTuple):
    """What one event contributes to its row."""

    what: str
    about: str
    reason: str = ""
    effect: PerCurrency = PerCurrency()


class Act(NamedTuple):
    """The kind of stream that holds an event, and how it reads."""

    streams: str
    says: Callable[[Any], Said]


def opened(event: BookOpened) -> Said:
    """The book, by whose side it is kept from."""
    return Said("opened book", event.entity)


def published(event: TermsPublished) -> Said:
    """A version of terms."""
    about = f"{event.program} version {event.version} of {event.publisher}"
    return Said("published terms", about)


def recorded(event: BatchRecorded) -> Said:
    """A call that recorded facts: its files and counts."""
    counts = f"{event.recorded:,} recorded, {event.known:,} known before"
    return Said("recorded", f"{files_of(event)}: {counts}")


def archived(event: OrdersArchived, batch: BatchRecorded | None = None) -> Said:
    """A call that brought order lines: its files and counts."""
    counts = f"{counted(event.rows, 'row')}, {event.known:,} known before"
    return Said("archived orders", f"{files_of(batch)}: {counts}" if batch else counts)


def withdrew(event: FactWithdrawn) -> Said:
    """A withdrawal, which the trail completes with the fact."""
    about = f"position {event.position}" if event.position else f"id {event.id}"
    return Said("withdrew", about, event.reason)


def withdrew_orders(event: OrdersWithdrawn) -> Said:
    """Order lines of a call that were taken back, which the trail completes with its files."""
    return Said("withdrew orders", f"position {event.archived}", event.reason)


def closed(event: PeriodClosed) -> Said:
    """A close: the totals issued."""
    reason = f"left open: {event.left_open}" if event.left_open else ""
    about = period_id(event.program, event.period)
    return Said("closed", about, reason, PerCurrency(event.totals))


def adjusted(event: StatementAdjusted) -> Said:
    """One statement of an adjustment: the sum of its differences."""
    about = period_id(event.program, event.period)
    return Said("adjusted", about, event.reason or "", differences(event.lines))


def paid(event: PaymentMade) -> Said:
    """A payment, in or out, with its sign as recorded."""
    amount = Money.parse(event.amount, event.currency)
    what = "received" if amount.minor < 0 else "paid"
    effect = PerCurrency({event.currency: amount.text})
    return Said(what, event.statement, f"reference {event.ref}", effect)


def reconciled(event: ReconciliationRun) -> Said:
    """A comparison that was kept: the file and its breaks."""
    counts = f"{counted(event.rows, 'row')}, {counted(len(event.breaks), 'break')}"
    about = f"{period_id(event.program, event.period)}: {event.file}, {counts}"
    return Said("kept comparison", about)


def resolved(event: BreakResolved) -> Said:
    """What a break was decided to be; the trail adds what the adjustment to it moved."""
    return Said("resolved break", event.id, f"{event.resolution.replace('_', ' ')}: {event.reason}")


def locked(event: PeriodLocked) -> Said:
    """Days on which nothing is posted any more."""
    return Said("locked days", f"through {event.through}", event.reason or "")


ACTS: dict[type[Event], Act] = {
    BookOpened: Act("book", opened),
    TermsPublished: Act("terms", published),
    BatchRecorded: Act("book", recorded),
    FactWithdrawn: Act("withdrawals", withdrew),
    OrdersArchived: Act("orders", archived),
    OrdersWithdrawn: Act("orders", withdrew_orders),
    PeriodClosed: Act("period", closed),
    StatementAdjusted: Act("statement", adjusted),
    PaymentMade: Act("statement", paid),
    ReconciliationRun: Act("reconciliation", reconciled),
    BreakResolved: Act("reconciliation", resolved),
    PeriodLocked: Act("lock", locked),
}
"""Every event that has a row of its own or a share in one."""
NO_ACTS: tuple[type[Event], ...] = (StatementIssued,)
"""Events of ours that are told by another: a statement by the close that issued it, whose totals
are those of its statements."""


def files_of(batch: BatchRecorded) -> str:
    """The names of a call's files, all of them: the trail may be searched for one."""
    return ", ".join(file.name for file in batch.files)


def differences(lines: Sequence[AdjustedLine]) -> PerCurrency:
    """The sum of differences per currency. A line that is passed on stands on its payee's statement
    and, with the sign reversed and the payee named, on its payer's: it counts once."""
    return summed(
        Money.parse(line.difference, line.currency)
        for line in lines
        if line.difference is not None and line.currency is not None and line.payee is None
    )


def both(effect: PerCurrency, more: PerCurrency) -> PerCurrency:
    """Two effects of one decision, added up."""
    return summed(Money.parse(text, code) for part in (effect, more) for code, text in part.items())


def summed(amounts: Iterable[Money]) -> PerCurrency:
    """Amounts as one sum per currency."""
    sums = sum_by_currency([*amounts])
    return PerCurrency({code: money.text for code, money in sums.items()})
