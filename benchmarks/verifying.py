"""`verify` and `rebuild` of a marketplace's book, by several checkouts in turns.

67,000 GMV facts, 112,650 order lines in eight closed months of fees, a closed quarter.

python -m benchmarks.verifying make BOOK.db          writes the book, its views built
python -m benchmarks.verifying run BOOK.db OLD NEW   both commands, by the code in these folders
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import facts
from benchmarks.facts import DAY, ZONE, Timed
from benchmarks.fees import PROGRAM, terms
from benchmarks.measure import tell
from benchmarks.workshop import AS_OF, discard
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.closing.close import close
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.runner import rebuild

NOW = parse_instant("2026-11-21T12:00:00Z")
GMV, OTHERS = 67_000, 10_000
ORDERS, MONTHS = 112_650, 8
STORES, RECRUITED = 1_600, 300
"""Stores that are charged for orders, and others that partners introduced."""
GMV_RECRUITED = 20
SELLING = 650
"""How many of the stores sell in a month: as many statements are issued for it."""


def make(path: Path, share: int = 1) -> None:
    """Writes the book; `share` divides the numbers of facts, stores and orders."""
    discard(path)
    shutil.rmtree(f"{path}.orders", ignore_errors=True)
    book, _ = init(str(path), "platform")
    publish(book, terms(), "benchmark")
    stores, recruited = STORES // share, RECRUITED // share
    with TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / "facts.ndjson"
        tell("recording")
        facts.save(file, _facts(stores, recruited, GMV // share))
        answer = record(book, [str(file)], now=NOW, by="benchmark", helped=True)
        assert not answer.rejected, answer.rejected[:3]
        for number in range(MONTHS):
            _month(book, Path(folder) / "orders.csv", number, share)
    close(book, facts.PROGRAM, by="benchmark", now=NOW, as_of=parse_instant(AS_OF), leave_open="-")
    for view in VIEWS.values():
        tell(f"building {view.NAME}")
        rebuild(book, view)
    tell("")
    print(f"{book.head().position:,} events")
    book.close()


def _facts(stores: int, recruited: int, gmv: int) -> Iterator[Timed]:
    yield from facts.certified(facts.partners_of(recruited))
    yield from facts.quarter_facts(facts.FIRST, recruited, GMV_RECRUITED)
    own = gmv - recruited * GMV_RECRUITED
    start = int(datetime(2025, 12, 1, tzinfo=ZONE).timestamp())
    for number in range(stores):
        store = f"F-{number:05d}"
        yield (
            start + number,
            {"type": "MerchantOnboarded", "merchant": f"MF-{number}", "store": store}
            | {"market": "CN"},
        )
        for ordinal in range(own // stores + (number < own % stores)):
            at = start + (32 + ordinal * 5 + number % 5) * DAY + number
            yield (
                at + DAY,
                {
                    "type": "GMVRecorded",
                    "store": store,
                    "day": datetime.fromtimestamp(at, ZONE).date().isoformat(),
                    "amount": f"{(number * 7919 + ordinal * 104_729) % 90_000 / 100:.2f}",
                    "currency": "CNY",
                    "basis": "settled",
                    "orders": 1 + ordinal % 9,
                    "source": "shop-admin",
                    "id": f"{store}-{ordinal}",
                },
            )


def _month(book: Book, path: Path, number: int, share: int) -> None:
    """Archives a month's orders and closes it."""
    import duckdb

    tell(f"month {number + 1} of {MONTHS}")
    first = date(2026, 1 + number, 1)
    count = (ORDERS // MONTHS + (number < ORDERS % MONTHS)) // share
    with duckdb.connect() as database:
        database.execute(
            f"""COPY (SELECT 'O-{number}-' || i AS order_id,
                printf('F-%05d', ((i * 31 % {SELLING // share} + {number} * 97)
                    % {STORES // share})::BIGINT) AS store,
                strftime(TIMESTAMP '{first} 00:00:00' + to_seconds((i * 104729 % 2419200)::BIGINT),
                    '%Y-%m-%dT%H:%M:%S+08:00') AS created_at,
                printf('%.2f', (100 + i * 7919 % 50000) / 100) AS amount, 'CNY' AS currency,
                CASE WHEN i % 10 < 3 THEN 'ad' ELSE 'ordinary' END AS traffic,
                CASE WHEN i % 7 < 3 THEN 'selected_alliance' ELSE 'other' END AS channel,
                CASE WHEN i % 5 < 4 THEN 'online' ELSE 'cod' END AS payment,
                'category-' || (i % 40) AS category,
                CASE WHEN i % 25 = 0 THEN '1.00' ELSE '0.00' END AS refunded
            FROM range({count}) AS t(i)) TO '{path}' (HEADER)"""
        )
    record_orders(book, [str(path)], now=NOW, by="benchmark")
    end = datetime.combine(first, datetime.min.time(), ZONE) + timedelta(days=50)
    as_of = parse_instant(end.isoformat())
    close(book, PROGRAM, f"{first:%Y-%m}", by="benchmark", now=NOW, as_of=as_of, leave_open="-")


def run(path: Path, folders: list[str], runs: int = 5) -> None:
    """Prints medians of wall and processor seconds and of the peak memory, whole commands."""
    for command in ("verify", "rebuild"):
        taken: dict[str, list[tuple[float, float, float]]] = {folder: [] for folder in folders}
        for _ in range(runs):
            for folder in folders:
                taken[folder].append(_once(folder, command, path))
        for folder, samples in taken.items():
            wall, cpu, peak = map(median, zip(*samples, strict=True))
            print(f"{command:8} {folder:20} {wall:6.2f} s, cpu {cpu:6.2f} s, {peak:5.0f} MiB")


def _once(folder: str, command: str, path: Path) -> tuple[float, float, float]:
    words = [sys.executable, "-c", "from cli.main import main; main()", command]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*words, "--book", str(path.resolve())],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    assert not status, f"{folder}: {command} failed"
    wall = time.perf_counter() - started
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        run(Path(sys.argv[2]), sys.argv[3:])
