"""The technical service fee as a program."""

from ledger.programs.by_order import waiting_for
from ledger.programs.contract import OfOrders
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH, month_and_subject
from ledger.programs.program import Program, income
from ledger.programs.technical_fee import orders
from ledger.programs.technical_fee.charts import charts
from ledger.programs.technical_fee.parameters import CAME_LATER, checked, parameters_of
from ledger.programs.technical_fee.rules import KIND, settle_v1
from ledger.programs.technical_fee.variants import of


def _currency(edition: Edition) -> tuple[str, ...]:
    """The scope is the currency: two editions in one currency for the same days and markets would
    charge twice."""
    return (edition.currency,)


def _absent(edition: Edition, period: str | None) -> str:
    """Why a store has no line."""
    markets = parameters_of(edition).markets
    elsewhere = f", or it is onboarded elsewhere than in {', '.join(markets)}" if markets else ""
    return f"it has no orders then, or nobody has onboarded it{elsewhere}"


PROGRAM = Program(
    versions={1: settle_v1},
    charts=charts,
    checked=checked,
    accounts={KIND: income("TechnicalFee")},
    subject="store",
    absent=_absent,
    periods=BY_MONTH,
    subject_of=month_and_subject,
    scope=_currency,
    markets=lambda edition: parameters_of(edition).markets,
    variants=of,
    keyed={"rates": ("category", "scene")},
    dated={"rates": ("from", "to")},
    came_later=CAME_LATER,
    waiting=waiting_for(orders.about),
    orders=orders,
    asks_of_orders=lambda edition: frozenset({OfOrders.EACH}),
)
