"""Affiliate commissions as a program."""

from ledger.aggregates.affiliate import PLANS, AffiliatePlanSet
from ledger.programs.affiliate_commission import orders
from ledger.programs.affiliate_commission.charts import charts
from ledger.programs.affiliate_commission.exceptions import judge_plans, touches
from ledger.programs.affiliate_commission.parameters import KIND, checked, parameters_of
from ledger.programs.affiliate_commission.rules import settle_v1
from ledger.programs.affiliate_commission.variants import of
from ledger.programs.by_order import waiting_for
from ledger.programs.contract import OfOrders
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH, month_and_first
from ledger.programs.program import Judging, Program, agency, covers


def _absent(edition: Edition, period: str | None) -> str:
    """Why a store has no line."""
    markets = parameters_of(edition).markets
    elsewhere = f", or it is onboarded elsewhere than in {', '.join(markets)}" if markets else ""
    return f"it has no orders of creators then, or nobody has onboarded it{elsewhere}"


PROGRAM = Program(
    versions={1: settle_v1},
    charts=charts,
    checked=checked,
    accounts={KIND: agency("AffiliateCommission")},
    subject="store",
    absent=_absent,
    periods=BY_MONTH,
    subject_of=month_and_first,
    scope=covers("all affiliate orders"),
    markets=lambda edition: parameters_of(edition).markets,
    variants=of,
    judges=(Judging((AffiliatePlanSet,), judge_plans, PLANS, touches),),
    waiting=waiting_for(orders.about),
    orders=orders,
    asks_of_orders=lambda edition: frozenset({OfOrders.EACH}),
)
