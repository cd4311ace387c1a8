"""What programs read from archived orders: GMV per store and day, and a store's first order."""

import json
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.commands import DUEBOOK
from benchmarks.facts import PROGRAM
from benchmarks.measure import Figure, Took, in_turns, tell, timed, took
from benchmarks.orders import STORES, generate
from benchmarks.workshop import NOW, Workshop
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.store.order_lines import archive_of
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import published_edition, settle

GROWTH = "growth-2026-05"
MAY = 4
"""A generated month within the term, counted from January 2026."""
Fact = dict[str, Any]


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """Growth of 2,000 merchants; an explanation in a book with ten months of orders."""
    count = 2_000_000 if shop.facts >= 100_000 else 20_000
    if "growth-orders" in wanted:
        yield _growth(shop, count)
    if "explain-orders" in wanted:
        yield _explained(shop, count)


def _enrolled(number: int) -> Iterator[Fact]:
    store, merchant = f"S-{number:05d}", f"M-{number}"
    own = {"program": GROWTH, "merchant": merchant}
    yield {"type": "MerchantOnboarded", "at": "2026-01-03T10:00:00Z", "merchant": merchant} | {
        "store": store,
        "market": "US",
    }
    yield {"type": "MerchantInvited", "at": "2026-04-20T09:00:00Z", **own}
    yield {"type": "MerchantEnrolled", "at": "2026-04-21T09:00:00Z", **own, "store": store}


def _book_of(shop: Workshop, name: str, facts: Iterator[Fact]) -> Book:
    path = shop.folder / f"{name}.ndjson"
    path.write_text("".join(f"{json.dumps(fact)}\n" for fact in facts), encoding="utf-8")
    book, _ = init(str(shop.folder / f"{name}.db"), "platform")
    assert not record(book, [str(path)], now=NOW, by="benchmark").rejected
    return book


def _growth(shop: Workshop, count: int) -> Figure:
    """Settling from the archive, less settling the same sales from facts, against a bare sum."""
    month = shop.folder / "may.csv"
    generate(count, MAY, month)
    facts = [fact for number in range(STORES) for fact in _enrolled(number)]
    with_orders, without = (
        _book_of(shop, name, iter(facts)) for name in ("growth-orders", "growth-bare")
    )
    _tell_sales(shop, without, month)
    before = with_orders.head().position
    record_orders(with_orders, [str(month)], now=NOW, by="benchmark")
    events = with_orders.head().position - before
    with with_orders.reading() as connection:
        (file,) = archive_of(connection).folder.glob("*.parquet")
    acts = {
        "archive": lambda: _settled(with_orders),
        "facts": lambda: _settled(without),
        "sum": lambda: took(lambda: _summed(file)),
    }
    times = in_turns(max(shop.runs, 5), acts)
    added = Took(*(a - b for a, b in zip(times["archive"], times["facts"], strict=True)))
    ratio = added.seconds / times["sum"].seconds
    how = f"cpu {added.cpu / times['sum'].cpu:.2f}x; {STORES:,} merchants, {count:,} orders, "
    how += f"{events} events in the log; whole settle {times['archive'].text}"
    for book in (with_orders, without):
        book.close()
    reference = f"{times['sum'].text} DuckDB sum per store and day"
    return Figure("settle growth, orders", added.text, reference, ratio, "<= 3x", ratio <= 3, how)


def _tell_sales(shop: Workshop, book: Book, month: Path) -> None:
    """Records the sales of each store and day as facts, as a feed would report them."""
    import duckdb

    out = shop.folder / "sales.ndjson"
    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT 'GMVRecorded' AS type, '2026-06-02T00:00:00Z' AS at, store,"
            " substr(created_at, 1, 10) AS day, sum(amount - refunded)::VARCHAR AS amount,"
            " currency, 'placed' AS basis, count(*) AS orders FROM"
            f" read_csv('{month}', types = {{'amount': 'DECIMAL(18, 2)',"
            " 'refunded': 'DECIMAL(18, 2)', 'created_at': 'VARCHAR'})"
            f" GROUP BY ALL) TO '{out}' (FORMAT json)"
        )
    assert not record(book, [str(out)], now=NOW, by="benchmark").rejected


def _summed(file: Path) -> None:
    import duckdb

    with duckdb.connect() as database:
        database.execute(
            "SELECT store, created_at // 86400000000, sum(amount_minor - refunded_minor)"
            f" FROM read_parquet('{file}') GROUP BY ALL"
        ).fetchall()


def _settled(book: Book) -> Took:
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), book.head().position)
        edition = published_edition(connection, GROWTH, clocks)
        return took(lambda: settle(connection, edition, clocks))


def _introduced(number: int) -> Iterator[Fact]:
    store, merchant = f"S-{number:05d}", f"M-{number}"
    yield {"type": "MerchantOnboarded", "at": "2026-01-10T09:00:00+08:00", "store": store} | {
        "merchant": merchant,
        "market": "EU",
        "partner": "P-1",
    }
    yield {"type": "StoreVerified", "at": "2026-01-12T09:00:00+08:00", "store": store}


def _explained(shop: Workshop, count: int, months: int = 10) -> Figure:
    """A recruiting line, in a book with ten months of orders and in one without any."""
    facts = [{"type": "PartnerCertified", "at": "2025-12-01T09:00:00Z", "partner": "P-1"}]
    facts += [fact for number in range(1, 50) for fact in _introduced(number)]
    full, bare = (_book_of(shop, name, iter(facts)) for name in ("explain-orders", "explain-bare"))
    for number in range(months):
        tell(f"archiving month {number + 1} of {months}")
        path = shop.folder / "explain-month.csv"
        generate(count, number, path)
        record_orders(full, [str(path)], now=NOW + 10**15, by="benchmark")
    places = {"orders": full.location, "bare": bare.location}
    for book in (full, bare):
        book.close()
    both = in_turns(
        max(shop.runs, 5), {name: lambda at=at: _asked(at) for name, at in places.items()}
    )
    how = f"{months * count:,} orders in {months} calls; whole commands"
    return Figure.times("explain, orders", both["orders"], both["bare"], 2, how)


def _asked(location: str) -> Took:
    """The time of the whole command, as a user runs it."""
    words = ["explain", f"{PROGRAM}/S-00007", "--as-of", "2026-10-01", "--book", location]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = timed(lambda: subprocess.run([DUEBOOK, *words], capture_output=True, check=True))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(seconds, used)
