"""Orders by the million: archived, charged and reconciled, against bare DuckDB and the library."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.commands import DUEBOOK
from benchmarks.measure import Act, Figure, Took, in_turns, interleaved, tell, timed, took
from benchmarks.orders import STORES, bare, generate, one_event_per_order
from benchmarks.workshop import NOW, Workshop
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import format_instant
from ledger.programs.contract import Asked
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, shipped
from ledger.programs.technical_fee.order_side import order_side
from ledger.store.book import Book, open_book
from ledger.store.order_lines import OrderLines, archive_of, load_tables
from ledger.store.reader import LogReader
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.publish import publish

PROGRAM, MONTH = "technical-fee-2020", "2026-01"
HISTORY = 12
WRONG_EVERY = 100
UNRESOLVED = 3
"""The exit code of a comparison that found breaks."""
EXACT_CAUSE = "discount_not_applied"


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """All figures over one month of orders; the thirteenth month after twelve others."""
    count = 2_000_000 if shop.facts >= 100_000 else 20_000
    month = shop.folder / "month-0.csv"
    tell(f"writing {count:,} orders")
    generate(count, 0, month)
    if wanted & {"orders", "fees", "reconcile-orders"}:
        first = made(shop, "orders.db")
        yield from _archived(shop, first, month, count)
        yield from _charged(shop, first, wanted)
        first.close()
    if "thirteenth" in wanted:
        yield _thirteenth(shop, month, count)


def made(shop: Workshop, name: str) -> Book:
    """A book with the stores onboarded and rates published."""
    path = shop.folder / name
    cleared(path)
    book, _ = init(str(path), "platform")
    facts = shop.folder / "shops.ndjson"
    facts.write_text(
        "\n".join(
            json.dumps(
                {
                    "type": "MerchantOnboarded",
                    "at": f"2025-12-{10 + number % 20:02d}T10:00:00+08:00",
                    "merchant": f"M-{number}",
                    "store": f"S-{number:05d}",
                    "market": "CN",
                }
            )
            for number in range(STORES)
        )
    )
    record(book, [str(facts)], now=NOW, by="benchmark")
    publish(book, terms(), "benchmark")
    return book


def terms() -> Edition:
    """The shipped edition with a rate for every category of the generated orders."""
    edition = next(edition for edition in shipped() if edition.program == PROGRAM)
    rates = [
        {"category": f"category-{number}", "rate": f"0.0{1 + number % 9}"} for number in range(40)
    ]
    rates += [
        {"category": f"category-{number}", "scene": "ad", "rate": "0.06"} for number in range(40)
    ]
    terms = {**edition.terms, "rates": rates}
    return checked(edition.model_copy(update={"terms": terms, "publisher": "acme"}))


def cleared(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".receipts", ".orders"):
        part = Path(f"{path}{suffix}")
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def _archived(shop: Workshop, book: Book, month: Path, count: int) -> Iterator[Figure]:
    out = shop.folder / "bare.parquet"
    fresh = shop.folder / "fresh.db"

    def ours() -> Took:
        own = made(shop, fresh.name)
        measured = took(lambda: record_orders(own, [str(month)], now=NOW, by="benchmark"))
        own.close()
        return measured

    both = in_turns(shop.runs, {"orders": ours, "bare": lambda: took(lambda: bare(month, out))})
    mine, theirs = both["orders"], both["bare"]
    speed = theirs.seconds / mine.seconds
    how = f"cpu {theirs.cpu / mine.cpu:.2f}x; {count:,} orders, {month.stat().st_size / 1e6:.0f} MB"
    yield Figure(
        "orders", mine.text, f"{theirs.text} DuckDB COPY", speed, ">= 0.7x", speed >= 0.7, how
    )
    library = shop.folder / "library.db"
    cleared(library)
    rate = one_event_per_order(month, library)
    yield Figure.rate("orders, by event", count / mine.seconds, "library", rate, 25, "500 a time")
    record_orders(book, [str(month)], now=NOW, by="benchmark")
    cleared(fresh)


def _charged(shop: Workshop, book: Book, wanted: set[str]) -> Iterator[Figure]:
    import duckdb

    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        edition = terms()
        (file,) = archive_of(connection).folder.glob("*.parquet")

        def summed() -> None:
            with duckdb.connect() as database:
                sql = f"SELECT store, sum(amount_minor) FROM read_parquet('{file}') GROUP BY 1"
                database.execute(sql).fetchall()

        acts = {
            "settle": lambda: took(lambda: settle(connection, edition, clocks, period=MONTH)),
            "sum": lambda: took(summed),
        }
        both = in_turns(max(shop.runs, 5), acts)
        speed = both["sum"].seconds / both["settle"].seconds
        yield Figure(
            "settle, fees", both["settle"].text, f"{both['sum'].text} DuckDB sum", speed,
            ">= 0.1x", speed >= 0.1, f"cpu {both['sum'].cpu / both['settle'].cpu:.2f}x",
        )  # fmt: skip
        if "reconcile-orders" in wanted:
            yield _reconciled(shop, connection, edition, clocks, both["settle"])
    if "reconcile-orders" in wanted:
        yield _by_command(shop, book.location)


def _reconciled(
    shop: Workshop, connection: Any, edition: Edition, clocks: Clocks, settled: Took
) -> Figure:
    """A file in which one order in a hundred is wrong: half with a cause, half invented."""
    path = shop.folder / "platform.csv"
    caused, invented = platform_file(connection, edition, clocks, path)
    results: list[Any] = []

    def work() -> None:
        results.append(reconcile_file(connection, PROGRAM, MONTH, str(path), clocks))

    times = in_turns(3, {"reconcile": lambda: took(work)})["reconcile"]
    breaks = results[-1].breaks
    orders = sum(break_.count or 0 for break_ in breaks)
    named = sum(
        break_.count or 0
        for break_ in breaks
        if any(cause.because == EXACT_CAUSE for cause in break_.likely)
    )
    wrong = sum(break_.count or 0 for break_ in breaks if break_.likely) - named
    how = (
        f"{orders:,} breaks of {caused + invented:,} wrong fees; {named:,} of {caused:,} causes "
        f"named; {wrong:,} of {invented:,} invented fees given a cause"
    )
    complete = orders == caused + invented and named == caused
    figure = Figure.times("reconcile, orders", times, settled, 3, how)
    return figure._replace(met=bool(figure.met and complete))


def _by_command(shop: Workshop, location: str) -> Figure:
    """Reconcile and settle as whole commands, which load what they need and write their answers."""
    asked = [PROGRAM, MONTH, "--book", location, "--as-of", format_instant(NOW)]
    against = ["--against", str(shop.folder / "platform.csv")]
    out = ["-o", str(shop.folder / "answer.txt"), "--overwrite"]
    words = {
        "reconcile": [str(DUEBOOK), "reconcile", *asked, *against, *out],
        "settle": [str(DUEBOOK), "settle", *asked, *out],
    }
    both = interleaved(max(shop.runs, 5), {name: _whole(each) for name, each in words.items()})
    ratio = both["reconcile"] / both["settle"]
    shown = (f"{both[name]:.2f} s" for name in ("reconcile", "settle"))
    how = "start, work, table of the answer; the comparison is recorded"
    return Figure(
        "reconcile, command", next(shown), f"{next(shown)} settle", ratio, "< 3x", ratio < 3, how
    )


def _whole(words: list[str]) -> Act:
    def run() -> None:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode not in (0, UNRESOLVED):
            raise SystemExit(f"{' '.join(words)} failed: {done.stderr}")

    return lambda: timed(run)


def platform_file(connection: Any, edition: Edition, clocks: Clocks, path: Path) -> tuple[int, int]:
    """Writes the platform's file; returns how many fees are wrong with a cause, and invented."""
    side = order_side(LogReader(connection, clocks), Asked(edition, MONTH))
    with OrderLines.at(connection, clocks).opened(side.window, None) as database:
        load_tables(database, side.tables)
        database.execute(
            "CREATE TABLE said AS SELECT *, CASE"
            f" WHEN discount >= 0 AND hash(order_id) % {WRONG_EVERY} = 1 THEN"
            " ((net * base * 2 + 1000000) // 2000000)"
            f" WHEN discount < 0 AND hash(order_id) % {WRONG_EVERY * 2} = 2 THEN fee + 70001"
            f" ELSE fee END AS theirs FROM ({side.sql})"
        )
        database.execute(
            "COPY (SELECT order_id, store, printf('%.2f', -theirs / 100.0) AS amount,"
            f" 'CNY' AS currency FROM said) TO '{path}' (HEADER)"
        )
        row = database.execute(
            "SELECT count(*) FILTER (theirs <> fee AND discount >= 0),"
            " count(*) FILTER (theirs <> fee AND discount < 0) FROM said"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


def _thirteenth(shop: Workshop, month: Path, count: int) -> Figure:
    """A month into a book that holds twelve, against the same month into an empty one."""
    full = made(shop, "full.db")
    for number in range(1, HISTORY + 1):
        path = shop.folder / f"month-{number}.csv"
        tell(f"archiving month {number} of {HISTORY}")
        generate(count, number, path)
        record_orders(full, [str(path)], now=NOW + 10**15, by="benchmark")
        path.unlink()
    kept, location = full.head(), full.location
    full.close()
    taken: dict[str, list[Took]] = {"first": [], "thirteenth": []}
    for run in range(shop.runs):
        tell(f"thirteenth: run {run + 1} of {shop.runs}")
        empty = made(shop, "empty13.db")
        taken["first"].append(
            took(lambda: record_orders(empty, [str(month)], now=NOW, by="benchmark"))  # noqa: B023
        )
        empty.close()
        copy = shop.folder / "copy13.db"
        cleared(copy)
        shutil.copy(location, copy)
        shutil.copytree(f"{location}.orders", f"{copy}.orders")
        book = open_book(str(copy))
        assert book.head() == kept
        taken["thirteenth"].append(
            took(lambda: record_orders(book, [str(month)], now=NOW, by="benchmark"))  # noqa: B023
        )
        book.close()
        cleared(copy)
    both = {name: sorted(tooks)[len(tooks) // 2] for name, tooks in taken.items()}
    how = f"{HISTORY} x {count:,} orders in the book"
    return Figure.times("thirteenth month", both["thirteenth"], both["first"], 1.2, how)
