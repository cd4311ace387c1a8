"""Which archived orders changed a line."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.programs.contract import OfOrders
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.usecases.settling.orders_of_lines import orders_of_lines

ORDERS_MAX = 20
"""At most this many of the orders are listed; all are counted."""
PLACE = ("file", "row", "archived")
SAYS = ("amount", "refunded")
"""Fields of an order that can make a difference, besides what is due for it."""
Orders = list[dict[str, Any]]


def changed_orders(
    connection: Connection,
    edition: Edition,
    period: str | None,
    stated: Iterable[tuple[str, Clocks]],
    now: Clocks,
) -> dict[str, Orders]:
    """Per line, the orders that differ from when it was last stated, by store and id, with the
    position at which the version that counts was archived, `archived`. Empty where no line of
    the program depends on orders.

    Lines that were stated at the same clocks are looked up together.
    """
    program = program_of(edition.rules)
    asks = program.asks_of_orders(edition)
    if not asks & {OfOrders.EACH, OfOrders.GMV}:
        return {}
    by_clocks: dict[Clocks, set[str]] = defaultdict(set)
    for line, clocks in stated:
        by_clocks[clocks].add(line)
    lines = {line for own in by_clocks.values() for line in own}
    after = {} if not lines else orders_of_lines(connection, edition, lines, period, now)
    word = program.orders.word if program.orders else "net"
    by_line: dict[str, Orders] = {}
    for clocks, own in by_clocks.items():
        before = orders_of_lines(connection, edition, own, period, clocks)
        by_line |= {line: _changed(before[line], after[line], word) for line in own}
    return by_line


def told(orders: Orders) -> dict[str, Any]:
    """The orders as an answer lists them: the first `ORDERS_MAX`, and their number."""
    shown = [
        {name: value for name, value in order.items() if name != "archived"}
        for order in orders[:ORDERS_MAX]
    ]
    return {"orders": shown, "orders_changed": len(orders)}


def _changed(before: Orders, after: Orders, word: str) -> Orders:
    """The orders, or items of them, that differ or exist on one side only: what was and is due
    for each, its amounts, and the file and row of the version that counts."""
    was, now = ({_key(order): order for order in side} for side in (before, after))
    says, changed = (*SAYS, word), []
    for key in sorted({*was, *now}):
        old, new = was.get(key), now.get(key)
        if not (old and new and all(old.get(name) == new.get(name) for name in says)):
            sides = {"was": old or {}, "now": new or {}}
            _, order_id, item = key
            changed.append(
                {"order_id": order_id, "item": item}
                | {side: own.get(word) for side, own in sides.items()}
                | {f"{name}_{side}": own.get(name) for name in says for side, own in sides.items()}
                | {name: (new or old or {})[name] for name in ("currency", *PLACE)}
            )
    return changed


def _key(order: dict[str, Any]) -> tuple[str, str, str]:
    return order["store"], order["order_id"], order.get("item", "")
