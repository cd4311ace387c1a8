"""Affiliate commissions as a program."""

from collections.abc import Iterable

from ledger.aggregates.affiliate import PLANS, AffiliatePlanSet
from ledger.aggregates.base import Recorded
from ledger.programs.affiliate_commission import orders
from ledger.programs.affiliate_commission.exceptions import judge_plans, touches
from ledger.programs.affiliate_commission.gather import ABOUT
from ledger.programs.affiliate_commission.parameters import KIND, checked, parameters_of
from ledger.programs.affiliate_commission.rules import settle_v1
from ledger.programs.affiliate_commission.variants import of
from ledger.programs.by_order import month_window, waiting
from ledger.programs.contract import Asked, OfOrders, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH, MONTH, month
from ledger.programs.program import Judging, Program, agency, covers


def _waiting(reader: OrderReader, asked: Asked) -> Iterable[Recorded]:
    """Of every store with affiliate orders in the month that nobody has onboarded, its first
    sales: such orders wait, and no line pays them."""
    days = month(asked.edition, asked.period)
    return waiting(reader, days, month_window(days.window, reader.clocks.as_of), ABOUT)


def _month_and_store(rest: str) -> tuple[str | None, str]:
    """Month and store of a line that is named `PROGRAM/2024-05/STORE/CREATOR`, or of less of it."""
    first, slash, others = rest.partition("/")
    if slash and MONTH.fullmatch(first):
        return first, others.partition("/")[0]
    return None, first


def _absent(edition: Edition, period: str | None) -> str:
    """Why a store has no line."""
    markets = parameters_of(edition).markets
    elsewhere = f", or it is onboarded elsewhere than in {', '.join(markets)}" if markets else ""
    return f"it has no orders of creators then, or nobody has onboarded it{elsewhere}"


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={KIND: agency("AffiliateCommission")},
    subject="store",
    absent=_absent,
    periods=BY_MONTH,
    subject_of=_month_and_store,
    scope=covers("all affiliate orders"),
    markets=lambda edition: parameters_of(edition).markets,
    variants=of,
    judges=(Judging((AffiliatePlanSet,), judge_plans, PLANS, touches),),
    waiting=_waiting,
    orders=orders,
    asks_of_orders=lambda edition: frozenset({OfOrders.EACH}),
)
