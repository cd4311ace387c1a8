"""The technical service fee as a program."""

from collections.abc import Iterable

from ledger.aggregates.base import Recorded
from ledger.programs.contract import Asked, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH, month, month_and_subject
from ledger.programs.program import Program, income
from ledger.programs.technical_fee import orders
from ledger.programs.technical_fee.gather import month_window, waiting
from ledger.programs.technical_fee.parameters import checked
from ledger.programs.technical_fee.rules import KIND, settle_v1
from ledger.programs.technical_fee.variants import of


def _waiting(reader: OrderReader, asked: Asked) -> Iterable[Recorded]:
    """Of every store with orders in the month that nobody has onboarded, its first sales: such
    orders wait, and no line charges them."""
    days = month(asked.edition, asked.period)
    return waiting(reader, days, month_window(days.window, reader.clocks.as_of))


def _currency(edition: Edition) -> tuple[str, ...]:
    """One fee in one currency: two editions of it for the same days would charge twice."""
    return (edition.currency,)


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={KIND: income("TechnicalFee")},
    subject="store",
    absent=lambda edition, period: "it has no orders then, or nobody has onboarded it",
    periods=BY_MONTH,
    subject_of=month_and_subject,
    scope=_currency,
    variants=of,
    keyed={"rates": ("category", "scene")},
    dated={"rates": ("from", "to")},
    waiting=_waiting,
    orders=orders,
)
