"""Creators' commissions per order: settled and reconciled, against a bare DuckDB join."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.child import peak_mib
from benchmarks.fees import cleared
from benchmarks.measure import Figure, in_turns, tell, took
from benchmarks.workshop import NOW, Workshop
from ledger.kernel.clocks import Clocks
from ledger.programs.affiliate_commission.order_side import order_side
from ledger.programs.contract import Asked, OrderTables
from ledger.programs.edition import Edition
from ledger.store.book import Book, open_book
from ledger.store.order_lines import OrderLines, archive_of, load_tables
from ledger.store.reader import LogReader
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import published_edition, settle

PROGRAM, MONTH = "affiliate-us-2024", "2026-01"
STORES, CREATORS, OF_STORE, PRODUCTS = 2_000, 5_000, 50, 20
"""Stores, creators in all, creators that sell for one store, and products of a store."""
WRONG_EVERY = 20
Fact = dict[str, Any]


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """A month of two million orders, with twenty thousand versions of plans."""
    count = 2_000_000 if shop.facts >= 100_000 else 20_000
    book = made(shop, count)
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        edition = published_edition(connection, PROGRAM, clocks)
        if "affiliate" in wanted:
            yield _settled(shop, connection, edition, clocks, count)
            yield _peak(book.location)
        if "reconcile-affiliate" in wanted:
            yield _reconciled(shop, connection, edition, clocks)
    book.close()


def made(shop: Workshop, count: int) -> Book:
    """A book with stores, creators, plans, bonds, and the month of orders."""
    path = shop.folder / "affiliate.db"
    cleared(path)
    book, _ = init(str(path), "platform")
    facts_file = shop.folder / "affiliate.ndjson"
    tell("telling stores, creators and plans")
    facts_file.write_text("".join(f"{json.dumps(fact)}\n" for fact in _facts()), encoding="utf-8")
    assert not record(book, [str(facts_file)], now=NOW, by="benchmark").rejected
    orders = shop.folder / "affiliate.parquet"
    tell(f"archiving {count:,} orders")
    _write_orders(orders, count)
    assert not record_orders(book, [str(orders)], now=NOW, by="benchmark").rejected
    return book


def _facts() -> Iterator[Fact]:
    for number in range(STORES):
        yield {"type": "MerchantOnboarded", "at": "2025-06-03T10:00:00Z"} | {
            "merchant": f"M-{number}",
            "store": f"S-{number:05d}",
            "market": "US",
        }
    for number in range(CREATORS):
        young = number % 97 == 0
        yield {"type": "CreatorRegistered", "at": "2025-06-05T10:00:00Z"} | {
            "creator": f"C-{number:05d}",
            "country": "US",
            "age": 17 if young else 25,
            "followers": 9000,
        }
    for number in range(STORES):
        yield from _plans_of(number)


def _plans_of(number: int) -> Iterator[Fact]:
    """Ten reports of five plans: the shop's, three open ones of which one requires approval, and a
    targeted one; each is changed within the month."""
    store, own = f"S-{number:05d}", {"type": "AffiliatePlanSet"}
    products = [f"K-{product}" for product in range(PRODUCTS)]
    creators = creators_of(number)
    changed = f"2026-01-{2 + number % 27:02d}T12:00:00Z"
    for version, at in enumerate(("2025-07-01T00:00:00Z", changed)):
        step = version * 0.01 + number % 7 / 1000
        plan = own | {"at": at, "store": store}
        yield plan | {"plan": f"{store}-shop", "kind": "shop", "rate": f"{0.1 + step:.3f}"}
        for nth in range(3):
            yield plan | {
                "plan": f"{store}-open-{nth}",
                "kind": "open",
                "rate": f"{0.12 + nth / 100 + step:.3f}",
                "products": products[nth * 4 : nth * 4 + 5],
                "approval": nth == 2,
            }
        yield plan | {
            "plan": f"{store}-targeted",
            "kind": "targeted",
            "rate": f"{0.2 + step:.3f}",
            "products": products[::5],
            "creators": creators[:10],
        }
    for creator in creators[10:25]:
        yield {"type": "CreatorApproved", "at": f"2026-01-{1 + number % 9:02d}T08:00:00Z"} | {
            "plan": f"{store}-open-2",
            "creator": creator,
        }
    yield {"type": "AccountBound", "at": "2026-01-10T08:00:00Z", "store": store} | {
        "account": creators[-1],
        "role": "channel",
    }


def creators_of(number: int) -> list[str]:
    """The creators that sell for a store."""
    return [f"C-{(number * 37 + nth * 101) % CREATORS:05d}" for nth in range(OF_STORE)]


def _write_orders(path: Path, count: int) -> None:
    import duckdb

    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT 'O-' || n AS order_id, printf('S-%05d', s) AS store,"
            " make_timestamptz(1767196800000000 + (hash(n + 1) % 2678400)::BIGINT * 1000000)"
            " AS created_at, ((hash(n + 2) % 30000) / 100.0)::DECIMAL(12, 2) AS amount,"
            " 'USD' AS currency, 'ordinary' AS traffic, 'other' AS channel, 'online' AS payment,"
            " 'jewellery' AS category,"
            " CASE WHEN hash(n + 3) % 20 = 0 THEN ((hash(n + 2) % 30000) // 2 / 100.0) ELSE 0 END"
            "::DECIMAL(12, 2) AS refunded, 'K-' || (hash(n + 4) % 24)::BIGINT AS product,"
            f" printf('C-%05d', (s * 37 + (hash(n + 5) % {OF_STORE})::BIGINT * 101) % {CREATORS})"
            f" AS creator FROM (SELECT n, (hash(n) % {STORES})::BIGINT AS s"
            f" FROM range({count}) t(n)))"
            f" TO '{path}' (FORMAT parquet)"
        )


def _bare(file: Path, tables: OrderTables) -> None:
    """Only the join and the sum: no share is rounded, and nothing is explained."""
    import duckdb

    with duckdb.connect() as database:
        load_tables(database, tables)
        database.execute(f"CREATE VIEW orders AS SELECT * FROM read_parquet('{file}')")
        database.execute(
            "SELECT o.store, o.creator, count(*), sum(amount_minor * coalesce(n.score, p.best,"
            " s.best)) FROM orders o JOIN stores ON store = shop"
            " JOIN creators c ON c.registered = creator AND created_at >= c.starts"
            " AND created_at < c.ends LEFT JOIN shop_plans s ON s.of_store = o.store"
            " AND created_at >= s.starts AND created_at < s.ends"
            " LEFT JOIN open_plans p ON p.of_store = o.store AND p.of_product = product"
            " AND created_at >= p.starts AND created_at < p.ends"
            ' LEFT JOIN (SELECT * FROM to_some JOIN audience USING ("group")) n'
            " ON n.of_store = o.store AND n.of_product = product AND n.member = creator"
            " AND created_at >= n.starts AND created_at < n.ends GROUP BY ALL"
        ).fetchall()


def _settled(
    shop: Workshop, connection: Any, edition: Edition, clocks: Clocks, count: int
) -> Figure:
    (file,) = archive_of(connection).folder.glob("*.parquet")
    side = order_side(LogReader(connection, clocks), Asked(edition, MONTH))
    tables, lines = side.tables, 0

    def ours() -> None:
        nonlocal lines
        lines = len(settle(connection, edition, clocks, period=MONTH).lines)

    acts = {"settle": lambda: took(ours), "join": lambda: took(lambda: _bare(file, tables))}
    both = in_turns(max(shop.runs, 5), acts)
    mine, theirs = both["settle"], both["join"]
    speed = theirs.seconds / mine.seconds
    versions = STORES * 10
    how = f"cpu {theirs.cpu / mine.cpu:.2f}x; {count:,} orders, {versions:,} versions of plans, "
    how += f"{lines:,} lines"
    return Figure(
        "settle, affiliate", mine.text, f"{theirs.text} DuckDB join and sum", speed, ">= 0.1x",
        speed >= 0.1, how,
    )  # fmt: skip


def _peak(location: str) -> Figure:
    """The peak memory of a settle in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.affiliates", location]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    peak = float(done.stdout)
    shown = f"{peak:,.0f} MiB"
    return Figure("affiliate, memory", shown, "1 GiB", peak / 1024, "< 1x", peak < 1024, "its peak")


def _reconciled(shop: Workshop, connection: Any, edition: Edition, clocks: Clocks) -> Figure:
    """A file in which one order in a hundred is wrong, each for one of eight causes."""
    path = shop.folder / "commissions.csv"
    wrong = platform_file(connection, edition, clocks, path)
    results: list[Any] = []

    def work() -> None:
        results.append(reconcile_file(connection, PROGRAM, MONTH, str(path), clocks))

    times = in_turns(3, {"reconcile": lambda: took(work)})["reconcile"]
    breaks, named, invented = results[-1].breaks, 0, 0
    orders = {(order.store, order.order_id): order.group for order in results[-1].orders or ()}
    for (store, order_id), cause in wrong.items():
        group = orders.get((store, order_id))
        because = (
            {likely.because for likely in breaks[group].likely} if group is not None else set()
        )
        named += cause in because or (cause is None and not because)
        invented += cause is None and bool(because)
    total = sum(break_.count or 0 for break_ in breaks)
    met = total == len(wrong) == named and not invented
    how = f"{total:,} breaks of {len(wrong):,} wrong commissions, {named:,} named rightly, "
    how += f"{invented:,} invented"
    return Figure("reconcile, affiliate", times.text, "-", None, "all named", met, how)


CAUSES = (
    *("creator_eligible", "not_own_account", "creator_approved", "plan", "rate"),
    *("refund_ignored", "zone", None),
)


def platform_file(
    connection: Any, edition: Edition, clocks: Clocks, path: Path
) -> dict[tuple[str, str], str | None]:
    """Writes the platform's file; returns which orders of it are wrong, and for which cause (None:
    for none that anybody could name)."""
    side = order_side(LogReader(connection, clocks), Asked(edition, MONTH))
    variants = list(side.variants())
    with OrderLines.at(connection, clocks).opened(side.window, None) as database:
        load_tables(database, side.tables)
        database.execute(f"CREATE TABLE said AS {side.sql}")
        columns = "store VARCHAR, order_id VARCHAR, cause VARCHAR, due BIGINT"
        database.execute(f"CREATE TABLE wrong ({columns})")
        for number, variant in enumerate(variants):
            for name, table in variant.tables.items():
                database.execute(f'DROP TABLE IF EXISTS "{name}"')
                load_tables(database, {name: table})
            slot = f"hash(s.order_id) % {WRONG_EVERY * len(variants)} = {number}"
            database.execute(
                f"INSERT INTO wrong SELECT s.store, s.order_id, '{variant.because}', v.due"
                f" FROM said s JOIN ({variant.sql}) v USING (store, order_id)"
                f" WHERE v.due <> coalesce(s.due, 0) AND {slot}"
            )
        database.execute(
            "INSERT INTO wrong SELECT store, order_id, NULL, due + 70001 FROM said"
            f" WHERE due > 0 AND hash(order_id) % {WRONG_EVERY * 10} = {WRONG_EVERY * 10 - 1}"
            " AND (store, order_id) NOT IN (SELECT (store, order_id) FROM wrong)"
        )
        database.execute(
            "COPY (SELECT order_id, store, printf('%.2f', coalesce(w.due, s.due, 0) / 100.0)"
            " AS amount, 'USD' AS currency FROM said s LEFT JOIN wrong w USING (store, order_id))"
            f" TO '{path}' (HEADER)"
        )
        rows = database.execute("SELECT store, order_id, cause FROM wrong").fetchall()
    return {(store, order_id): cause for store, order_id, cause in rows}


def _child(location: str) -> None:
    book = open_book(location)
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        edition = published_edition(connection, PROGRAM, clocks)
        lines = settle(connection, edition, clocks, period=MONTH).lines
    assert lines
    print(peak_mib())


if __name__ == "__main__":
    _child(sys.argv[1])
