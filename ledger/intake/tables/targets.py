"""The columns that a file can be read into: those of orders, of a comparison, or of a fact."""

from collections.abc import Mapping as Names
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from ledger.aggregates.catalogue import FACTS
from ledger.intake.rows import id_fields
from ledger.intake.tables.mapping import Kind
from ledger.intake.tables.refusals import BadMapping
from ledger.kernel.near import did_you_mean
from ledger.kernel.orderlines import COLUMNS, IDS, OPTIONAL

ORDERS, RECONCILE = "orders", "reconcile"
FACTS_OF_ANY_TYPE = "facts"
"""The target of files with our own headers in which each row names its type."""


class Target(NamedTuple):
    """What a file is read for: its columns by name, and those that every row needs."""

    name: str
    kinds: Names[str, Kind]
    needed: tuple[str, ...]
    currency_of: Names[str, str] = MappingProxyType({})
    """The currency column of each amount whose currency is not the column `currency`."""
    nested: bool = False
    """Whether further columns may be parts of one, written with a dot."""


def _of_orders() -> Target:
    kinds: dict[str, Kind] = dict.fromkeys(COLUMNS, "text")
    kinds |= dict.fromkeys(IDS, "id")
    kinds |= {"created_at": "instant", "updated_at": "instant"}
    kinds |= {"amount": "amount", "refunded": "amount", "currency": "currency"}
    return Target(ORDERS, kinds, tuple(name for name in COLUMNS if name not in OPTIONAL))


def _of_comparison() -> Target:
    """What is compared; and what is shown of rows without an order: their own id, type, days, the
    order that they are about."""
    kinds: dict[str, Kind] = dict.fromkeys(
        ("line", "kind", "payer", "outcome", "type", "statement"), "text"
    )
    kinds |= dict.fromkeys(("order_id", "store", "item", "id", "related"), "id")
    kinds |= {"amount": "amount", "settlement": "amount", "currency": "currency"}
    kinds |= {"created": "day", "settled": "day"}
    return Target(RECONCILE, kinds, ())


def _of_fact(name: str) -> Target:
    fact = FACTS[name]
    ids = set(id_fields(fact))
    amounts = {pair[0] for pair in fact.AMOUNTS} | set(fact.RATES)
    currencies = {code for pair in fact.AMOUNTS for code in pair[1:]}
    kinds: dict[str, Kind] = {"at": "instant", "by": "text"}
    for field, info in fact.model_fields.items():
        kind: Kind = "text"
        if field in ids:
            kind = "id"
        elif field in amounts:
            kind = "amount"
        elif field in currencies or field in ("base", "quote"):
            kind = "currency"
        elif info.annotation in (date, date | None):
            kind = "day"
        kinds[field] = kind
    needed = tuple(field for field, info in fact.model_fields.items() if info.is_required())
    codes = {amount: code for amount, code, *_ in fact.AMOUNTS}
    return Target(name, kinds, ("at", *needed), codes, nested=True)


@cache
def target_named(name: str) -> Target:
    """What a mapping is `for`. Raises `BadMapping`."""
    if name == ORDERS:
        return _of_orders()
    if name == RECONCILE:
        return _of_comparison()
    if name == FACTS_OF_ANY_TYPE:
        fields = {field for fact in FACTS.values() for field in fact.model_fields}
        kinds: dict[str, Kind] = dict.fromkeys(sorted({"type", "by", *fields}), "text")
        return Target(FACTS_OF_ANY_TYPE, {**kinds, "at": "instant"}, ("type", "at"), nested=True)
    if name in FACTS:
        return _of_fact(name)
    near = did_you_mean(name, [ORDERS, RECONCILE, *FACTS])
    raise BadMapping(
        f"for = {name!r}: expected {ORDERS!r}, {RECONCILE!r} or a type of fact.",
        f"{near}List the types: duebook facts",
    )
