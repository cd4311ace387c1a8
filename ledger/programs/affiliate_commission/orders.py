"""Affiliate commissions order by order."""

from collections.abc import Iterable
from typing import Any

from ledger.aggregates.settlement import period_id
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.programs.affiliate_commission.details import offered_rate
from ledger.programs.affiliate_commission.expression import NONE
from ledger.programs.affiliate_commission.gather import ABOUT, Month, month_of_orders
from ledger.programs.affiliate_commission.order_side import order_side
from ledger.programs.affiliate_commission.parameters import CODES, parameters_of
from ledger.programs.affiliate_commission.plans import Offer
from ledger.programs.by_order import month_window, rate_text
from ledger.programs.contract import Asked, OrderKind, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import month

__all__ = ["about", "order_side", "orders_of", "without_rate", "word"]

word = "commission"
"""The column name of an order's amount."""
about = ABOUT
"""The SQL condition of the orders that the program is about."""
COLUMNS = (
    *("store", "order_id", "item", "created_at", "amount_minor", "refunded_minor", "currency"),
    *("product", "creator", "score", "eligible", "covered", "approved", "not_own", "due"),
    *("file", "source_file", "source_row"),
)


def orders_of(reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
    """Every affiliate order of a month, of the stores asked for: its plan and rate, the plans that
    lost, the codes that it fails, and its commission.

    `place` is its row's origin, `line` the line that pays it.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, asked.subjects)
    if orders is None:
        return []
    prefix = period_id(edition.program, asked.period)
    rows = orders.ask("orders", COLUMNS, ("store", "created_at", "order_id", "item"))
    return [_order(dict(zip(COLUMNS, row, strict=True)), orders, prefix) for row in rows]


def without_rate(edition: Edition, sales: Iterable[OrderKind]) -> set[str]:
    """No category needs a rate: plans have them."""
    return set()


def _order(order: dict[str, Any], month: Month, prefix: str) -> dict[str, Any]:
    currency, store, creator = order["currency"], order["store"], order["creator"]
    met = (order["eligible"], order["covered"], order["approved"], order["not_own"])
    offers = month.plans.covering(store, order["product"], order["created_at"])
    plan = fact = None
    if order["score"] != NONE:
        plan, fact = month.plans.said_by(order["score"])
    lost = [offer for offer in offers if fact is None or offer.version.fact is not fact]
    return {
        "order_id": order["order_id"],
        **({"item": order["item"]} if order["item"] else {}),
        "store": store,
        "created_at": format_instant(order["created_at"]),
        "amount": Money(order["amount_minor"], currency).text,
        "refunded": Money(order["refunded_minor"], currency).text,
        "currency": currency,
        "product": order["product"],
        "creator": creator,
        "plan": plan.plan if plan else None,
        "kind": fact.event.kind if fact else None,
        "rate": rate_text(order["score"] // month.setting.versions) if fact else None,
        "lost": "; ".join(_lost(offer, order) for offer in lost),
        "unmet": ";".join(code for code, own in zip(CODES, met, strict=True) if not own),
        word: None if order["due"] is None else Money(order["due"], currency).text,
        "place": (order["file"], order["source_file"], order["source_row"]),
        "line": f"{prefix}/{store}/{creator}",
    }


def _lost(offer: Offer, order: dict[str, Any]) -> str:
    """A plan that covers the product but was not applied, in words."""
    event = offer.version.fact.event
    text = f"{event.plan} ({event.kind}) {offered_rate(event, order['product'])}"
    if offer.kind == "targeted" and order["creator"] not in event.creators:
        return f"{text}, of other creators"
    if offer.asks and not _approves(offer, order):
        return f"{text}, not approved"
    return text


def _approves(offer: Offer, order: dict[str, Any]) -> bool:
    approvals = offer.plan.approvals.get(order["creator"], ())
    return any(approval.start <= order["created_at"] < approval.end for approval in approvals)
