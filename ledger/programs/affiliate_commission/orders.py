"""What affiliate commissions answer order by order."""

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
"""What the amount of an order is called."""
about = ABOUT
"""The condition, in SQL, of the orders that it is about."""
COLUMNS = (
    *("store", "order_id", "item", "created_at", "amount_minor", "refunded_minor", "currency"),
    *("product", "creator", "score", "eligible", "covered", "approved", "not_own", "due"),
    *("file", "source_file", "source_row"),
)


def orders_of(reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
    """Every affiliate order of a month of some stores: its plan and rate, the plans that lost,
    the codes that it fails, and its commission.

    `place` says where it came from, `line` what pays it.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    found = month_of_orders(reader, edition, parameters, window, asked.subjects)
    if found is None:
        return []
    prefix = period_id(edition.program, asked.period)
    rows = found.ask("orders", COLUMNS, " ORDER BY store, created_at, order_id, item")
    return [_order(dict(zip(COLUMNS, row, strict=True)), found, prefix) for row in rows]


def without_rate(edition: Edition, sales: Iterable[OrderKind]) -> set[str]:
    """No category needs a rate: plans have them."""
    return set()


def _order(one: dict[str, Any], month: Month, prefix: str) -> dict[str, Any]:
    currency, store, creator = one["currency"], one["store"], one["creator"]
    met = (one["eligible"], one["covered"], one["approved"], one["not_own"])
    offers = month.plans.covering(store, one["product"], one["created_at"])
    plan = fact = None
    if one["score"] != NONE:
        plan, fact = month.plans.said_by(one["score"])
    lost = [offer for offer in offers if fact is None or offer.version.fact is not fact]
    return {
        "order_id": one["order_id"],
        **({"item": one["item"]} if one["item"] else {}),
        "store": store,
        "created_at": format_instant(one["created_at"]),
        "amount": Money(one["amount_minor"], currency).text,
        "refunded": Money(one["refunded_minor"], currency).text,
        "currency": currency,
        "product": one["product"],
        "creator": creator,
        "plan": plan.plan if plan else None,
        "kind": fact.event.kind if fact else None,
        "rate": rate_text(one["score"] // month.setting.versions) if fact else None,
        "lost": "; ".join(_lost(offer, one) for offer in lost),
        "unmet": ";".join(code for code, own in zip(CODES, met, strict=True) if not own),
        word: None if one["due"] is None else Money(one["due"], currency).text,
        "place": (one["file"], one["source_file"], one["source_row"]),
        "line": f"{prefix}/{store}/{creator}",
    }


def _lost(offer: Offer, one: dict[str, Any]) -> str:
    """A plan that covers the product and was not the one, in words."""
    event = offer.version.fact.event
    said = f"{event.plan} ({event.kind}) {offered_rate(event, one['product'])}"
    if offer.kind == "targeted" and one["creator"] not in event.creators:
        return f"{said}, of other creators"
    if offer.asks and not _approves(offer, one):
        return f"{said}, not approved"
    return said


def _approves(offer: Offer, one: dict[str, Any]) -> bool:
    approvals = offer.plan.approvals.get(one["creator"], ())
    return any(said.start <= one["created_at"] < said.end for said in approvals)
