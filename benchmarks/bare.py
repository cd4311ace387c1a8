"""The reference: bare `eventsourcing` aggregates, as in its documentation.

One aggregate per stream, one event per fact, the library's own SQLite module on a file.

python -m benchmarks.bare FILE BOOK     records a file of facts
"""

import json
import sys
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

BARE_AT_ONCE = 500
"""Facts a transaction."""


class Store(Aggregate):
    """A store: what was reported about it, in lists."""

    @event("MerchantOnboarded")
    def __init__(
        self,
        at: str,
        store: str,
        merchant: str,
        market: str,
        brand: str = "",
        partner: str = "",
        via: str = "other",
        source: str | None = None,
        fact_id: str | None = None,
    ) -> None:
        self.store, self.merchant, self.market = store, merchant, market
        self.brand, self.partner, self.via, self.onboarded_at = brand, partner, via, at
        self.verified_at: list[str] = []
        self.stock: list[tuple[str, str]] = []
        self.sales: list[tuple[str, str]] = []
        self.gmv: list[tuple[str, str, str, str, int]] = []

    @staticmethod
    def create_id(store: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/store/{store}")

    @event("StoreVerified")
    def verify(self, at: str, source: str | None = None, fact_id: str | None = None) -> None:
        self.verified_at.append(at)

    @event("StockListed")
    def list_stock(
        self, at: str, country: str, source: str | None = None, fact_id: str | None = None
    ) -> None:
        self.stock.append((at, country))

    @event("FirstSale")
    def sell(
        self, at: str, order: str, source: str | None = None, fact_id: str | None = None
    ) -> None:
        self.sales.append((at, order))

    @event("GMVRecorded")
    def report_gmv(
        self,
        at: str,
        day: str,
        amount: str,
        currency: str,
        basis: str,
        orders: int,
        source: str | None = None,
        fact_id: str | None = None,
    ) -> None:
        self.gmv.append((day, amount, currency, basis, orders))


class Partner(Aggregate):
    """A partner, certified."""

    @event("PartnerCertified")
    def __init__(self, at: str, partner: str, name: str, kind: str) -> None:
        self.partner, self.name, self.kind, self.certified_at = partner, name, kind, at

    @staticmethod
    def create_id(partner: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/partner/{partner}")


class Merchant(Aggregate):
    """A merchant on a program's list."""

    @event("MerchantTargeted")
    def __init__(self, at: str, merchant: str, program: str, mode: str) -> None:
        self.merchant, self.program, self.mode, self.targeted_at = merchant, program, mode, at

    @staticmethod
    def create_id(merchant: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/merchant/{merchant}")


class Rate(Aggregate):
    """A quote of one day."""

    @event("RateQuoted")
    def __init__(self, at: str, base: str, quote: str, rate: str, day: str) -> None:
        self.base, self.quote, self.rate, self.day, self.quoted_at = base, quote, rate, day, at

    @staticmethod
    def create_id(base: str, quote: str, day: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/rate/{base}-{quote}/{day}")


CREATED = {
    "MerchantOnboarded": Store,
    "PartnerCertified": Partner,
    "MerchantTargeted": Merchant,
    "RateQuoted": Rate,
}
REPORTED = {
    "StoreVerified": Store.verify,
    "StockListed": Store.list_stock,
    "FirstSale": Store.sell,
    "GMVRecorded": Store.report_gmv,
}
Call = tuple[str, str, dict[str, Any]]
"""Type of the fact, its store, and the arguments of the aggregate's method."""


def call_of(fact: dict[str, Any]) -> Call:
    """A parsed fact as the call that records it; not counted in the reference's time."""
    rest = {"fact_id" if name == "id" else name: value for name, value in fact.items()}
    kind = rest.pop("type")
    store = rest.get("store", "") if kind in CREATED else rest.pop("store")
    return kind, store, rest


def application(path: str) -> Application:
    """The library's application on its own SQLite module."""
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path}
    return Application(env)


def save(app: Application, calls: list[Call], at_once: int) -> set[UUID]:
    """Records every fact, `at_once` per transaction; returns the ids of all aggregates.

    The stores stay in memory: loading them again before each command would only be slower.
    """
    stores: dict[str, Any] = {}
    ids = set()
    for start in range(0, len(calls), at_once):
        touched: dict[UUID, Any] = {}
        for kind, store, arguments in calls[start : start + at_once]:
            if kind in CREATED:
                aggregate = CREATED[kind](**arguments)
                if store:
                    stores[store] = aggregate
            else:
                aggregate = stores[store]
                REPORTED[kind](aggregate, **arguments)
            touched[aggregate.id] = aggregate
        app.save(*touched.values())
        ids |= touched.keys()
    return ids


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as lines:
        parsed = [call_of(json.loads(line)) for line in lines]
    bare = application(sys.argv[2])
    save(bare, parsed, BARE_AT_ONCE)
    bare.close()
