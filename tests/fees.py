"""A month of orders for tests: stores, order lines as files, and a book that is told both."""

import csv
import json
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.duck import PLAIN
from ledger.kernel.instants import EARLIEST, parse_instant
from ledger.kernel.money import Money
from ledger.kernel.orderlines import COLUMNS
from ledger.kernel.period import Days, Window
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.order_lines import OrderLines
from ledger.store.reader import LogReader
from ledger.usecases.archiving.archive_orders import OrdersAnswer, record_orders
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying.order_archive import verify_orders
from tests.quarter import edition, silent

PROGRAM = "technical-fee-2020"
MAY = "2020-05"
NOW = parse_instant("2026-11-21T12:00:00Z")
AFTER_MAY = parse_instant("2020-07-01T00:00:00+08:00")
RATES = [
    {"category": "apparel", "rate": "0.05"},
    {"category": "apparel", "scene": "ad", "rate": "0.06"},
    {"category": "apparel", "scene": "selected_alliance", "rate": "0.04"},
    {"category": "digital", "rate": "0.02"},
]
USUAL = {
    "store": "S-1",
    "created_at": "2020-05-20T12:00:00+08:00",
    "amount": "100.00",
    "currency": "CNY",
    "traffic": "ordinary",
    "channel": "other",
    "payment": "online",
    "category": "apparel",
}
Row = dict[str, str]
Day = tuple[str, str, str, str, int]


def order(name: str, /, **more: str) -> Row:
    """A usual order of S-1 with other values."""
    return {"order_id": name, **USUAL, **more}


def onboarded(store: str, at: str = "2020-05-06T10:00:00+08:00") -> dict[str, Any]:
    """A store of a merchant of its own."""
    own = {"merchant": f"M-{store}", "store": store, "market": "CN"}
    return {"type": "MerchantOnboarded", "at": at, **own}


def revoked(store: str, at: str = "2020-05-20T10:00:00+08:00") -> dict[str, Any]:
    """The store's discounts are taken away."""
    own = {"store": store, "program": PROGRAM, "reason": "fake orders"}
    return {"type": "DiscountRevoked", "at": at, **own}


def written(path: Path, rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> Path:
    """A CSV of order lines."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


class Fees:
    """A book with order lines."""

    def __init__(self, book: Book, folder: Path, calls: int = 1) -> None:
        self.book, self.folder = book, folder
        self.calls = count(calls)

    def tell(self, *facts: dict[str, Any]) -> int:
        """Records facts; answers the position."""
        path = self.folder / f"told-{next(self.calls)}.ndjson"
        path.write_text("".join(json.dumps(one) + "\n" for one in facts), encoding="utf-8")
        answer = record(self.book, [str(path)], now=NOW, by="test")
        assert (answer.recorded, answer.rejected) == (len(facts), [])
        return answer.position

    def rates(self, **changed: Any) -> None:
        """Publishes a version with rates."""
        number = next(self.calls)
        made = edition(PROGRAM, publisher="acme", version=number, **{"rates": RATES} | changed)
        publish(self.book, made, "lin")

    def file(self, *rows: Row) -> str:
        """The path of a CSV of order lines."""
        return str(written(self.folder / f"orders-{next(self.calls)}.csv", list(rows)))

    def archive(self, *rows: Row, **options: Any) -> OrdersAnswer:
        """Archives rows as one file."""
        return self.archive_files(self.file(*rows), **options)

    def archive_files(self, *paths: str, **options: Any) -> OrdersAnswer:
        """Archives files in one call."""
        return record_orders(self.book, list(paths), now=NOW, by="test", **options)

    def settle(self, period: str = MAY, as_of: int = AFTER_MAY) -> Settlement:
        """The month under the published terms."""
        with self.book.reading() as connection:
            clocks = Clocks(as_of, self.book.head().position)
            terms = published_edition(connection, PROGRAM, clocks)
            return settle(connection, terms, clocks, period=period)

    def amounts(self, period: str = MAY, as_of: int = AFTER_MAY) -> dict[str, str]:
        """The amount of every store's line."""
        found = self.settle(period, as_of).lines
        return {one.subject.removeprefix("store:"): one.amount.text for one in found}

    def facts(self, *topics: str) -> list[Recorded]:
        """The events of some topics."""
        with self.book.reading() as connection:
            return list(read_log(connection, topics=topics))

    def days(self, zone: str = "Asia/Shanghai", as_of: int = NOW) -> list[Day]:
        """What the orders sum to: store, day, amount, currency, orders."""
        days = Days(date(1970, 1, 1), date(2100, 1, 1), zone)
        sums: dict[tuple[str, str, str], list[int]] = {}
        with self.book.reading() as connection:
            reader = LogReader(connection, Clocks(as_of, self.book.head().position))
            for one in (found.event for found in reader.sales_of_orders(self.stores, days)):
                own = sums.setdefault((one.store, one.day.isoformat(), one.currency), [0, 0])
                own[0] += Money.parse(one.amount, one.currency).minor
                own[1] += one.orders
        return [
            (store, day, Money(net, code).text, code, orders)
            for (store, day, code), (net, orders) in sorted(sums.items())
        ]

    def first_orders(self, as_of: int = NOW) -> list[tuple[str, str | None, int]]:
        """Store, order and instant of the first order of each store."""
        with self.book.reading() as connection:
            reader = LogReader(connection, Clocks(as_of, self.book.head().position))
            found = reader.first_orders(self.stores)
            return [(one.event.store, one.event.order, one.at) for one in found]

    @property
    def stores(self) -> list[str]:
        """Every store that some order is of."""
        clocks = Clocks(FOREVER, self.book.head().position)
        with self.book.reading() as connection:
            lines = OrderLines.at(connection, clocks)
            with lines.opened(Window(EARLIEST, FOREVER), None) as database:
                found = database.execute("SELECT DISTINCT store FROM orders").fetchall()
        return sorted(store for (store,) in found)

    def checks(self) -> dict[str, tuple[bool, str]]:
        """What `verify` says of the archive."""
        return {one.name: (one.ok, one.detail) for one in verify_orders(self.book, silent)}

    @property
    def archive_folder(self) -> Path:
        """Where the files lie."""
        from ledger.store.order_lines import archive_of

        with self.book.reading() as connection:
            return archive_of(connection).folder

    def names(self) -> list[str]:
        """Every file of the archive's folder, temporary ones too."""
        folder = self.archive_folder
        return sorted(one.name for one in folder.glob("*.*")) if folder.exists() else []


def everything(known_at: int) -> Clocks:
    """All that has happened and is known at a position."""
    return Clocks(NOW, known_at)


def parquet_of(path: Path, csv_path: str) -> str:
    """The same rows as Parquet, every column a text."""
    from ledger.store.archive.connection import connect

    database = connect(path.parent / "spill")
    database.execute(
        f"COPY (SELECT * FROM read_csv('{csv_path}', {PLAIN}, all_varchar = true)) TO '{path}'"
        " (FORMAT parquet)"
    )
    database.close()
    return str(path)
