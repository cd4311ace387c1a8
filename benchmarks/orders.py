"""Order files of any size, the same every time, and what reading and archiving them costs.

python -m benchmarks.orders generate ORDERS MONTH OUT.csv
python -m benchmarks.orders figures [--runs 5] [--large 20000000]
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import timed, took
from ledger.intake.orders.reading import read
from ledger.kernel.instants import parse_instant
from ledger.store.archive import write as archive_write
from ledger.store.archive.connection import connect
from ledger.store.archive.folder import ArchivedFile
from ledger.store.archive.write import write

NOW = parse_instant("2030-01-01T00:00:00Z")
ORDERS, STORES = 2_000_000, 2_000
EVENTS_SAMPLED = 20_000


def generate(orders: int, month: int, path: Path) -> None:
    """One month of orders, `month` counted from January 2026; ids of 18 digits in no order."""
    import duckdb

    def drawn(salt: int, below: int) -> str:
        mixed = f"(i * {1_103_515_245 + salt * 1_000_003} + {month * 7919 + salt}) % 2147483647"
        return f"({mixed} * 48271 % 2147483647 % {below})"

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"""COPY (SELECT
                576000000000000000 + {month} * 1000000000000 + i * 7919 % {orders} AS order_id,
                'S-' || lpad({drawn(1, STORES)}::VARCHAR, 5, '0') AS store,
                strftime(TIMESTAMP '2026-01-01' + INTERVAL ({month}) MONTH
                    + to_seconds({drawn(2, 2419200)}::BIGINT), '%Y-%m-%dT%H:%M:%S+08:00')
                    AS created_at,
                CAST(({drawn(3, 50000)} + 100) // 100 AS VARCHAR) || '.'
                    || lpad((({drawn(3, 50000)} + 100) % 100)::VARCHAR, 2, '0') AS amount,
                'CNY' AS currency,
                CASE WHEN i % 10 < 3 THEN 'ad' ELSE 'ordinary' END AS traffic,
                CASE WHEN i % 7 < 3 THEN 'selected_alliance' ELSE 'other' END AS channel,
                CASE WHEN i % 5 < 4 THEN 'online' ELSE 'cod' END AS payment,
                'category-' || (i % 40) AS category,
                CASE WHEN i % 25 = 0 THEN '1.00' ELSE '0.00' END AS refunded
            FROM range({orders}) AS t(i)) TO '{path}' (HEADER)"""
        )


def bare(path: Path, out: Path) -> float:
    """Seconds of DuckDB alone: read, sort, write; nothing checked, nothing durable."""
    import duckdb

    started = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{path}') ORDER BY store, created_at) TO '{out}'"
            " (FORMAT parquet)"
        )
    return time.perf_counter() - started


def archive(path: Path, folder: Path, history: list[ArchivedFile]) -> tuple[float, ArchivedFile]:
    """Seconds of a whole call, and the file that it added."""
    started = time.perf_counter()
    with TemporaryDirectory(dir=folder.parent) as spill, connect(Path(spill)) as connection:
        checked = read(connection, [path], NOW)
        assert not checked.rejected, checked.rejections[0]
        written = write(connection, folder, checked.relation, history, checked.repeats)
    seconds = time.perf_counter() - started
    assert written.file is not None
    file = written.file
    return seconds, ArchivedFile(file.digest, file.revises, file.first, file.last, file.columns)


def figures(runs: int, large: int, work: Path) -> None:
    """Prints the table."""
    months = [work / f"month-{number}.csv" for number in range(13)]
    history = []
    full, empty = work / "full.orders", work / "empty.orders"
    for number, path in enumerate(months):
        generate(ORDERS, number, path)
        if number < 12:
            history.append(archive(path, full, history)[1])
            path.unlink()
    generate(ORDERS, 0, months[0])
    times: dict[str, list[float]] = {"bare": [], "first": [], "thirteenth": []}
    for _ in range(runs):
        times["bare"].append(bare(months[0], work / "bare.parquet"))
        shutil.rmtree(empty, ignore_errors=True)
        times["first"].append(archive(months[0], empty, [])[0])
        seconds, added = archive(months[12], full, history)
        times["thirteenth"].append(seconds)
        (full / f"{added.digest}.parquet").unlink()
    middle = {name: median(taken) for name, taken in times.items()}
    size = months[0].stat().st_size / 1e6
    print(f"2,000,000 orders, {size:.0f} MB; medians of {runs} interleaved runs")
    for name, seconds in middle.items():
        print(f"{name:12} {seconds:6.2f} s")
    print(f"first month against bare DuckDB    {middle['bare'] / middle['first']:.2f} x speed")
    print(f"thirteenth month against the first {middle['thirteenth'] / middle['first']:.2f} x time")
    if large:
        for path in months:
            path.unlink(missing_ok=True)
        generate(large, 0, work / "large.csv")
        command = [sys.executable, "-m", "benchmarks.orders", "once", str(work / "large.csv")]
        subprocess.run(command, check=True)


def once(path: Path) -> None:
    """A file, and the same with a row of every hundred revised, in a process of their own, for its
    peak memory: of both calls, and of looking for known orders and comparing them."""
    searches = []

    def sort_out(*given: Any) -> Any:
        _reset_peak()
        began = took(lambda: searches.append(searching(*given)))
        print(f"  of it known orders {began.text}, peak memory {_peak():.2f} GiB")
        return searches[-1]

    patched: Any = archive_write
    searching, patched.sort_out = patched.sort_out, sort_out
    again = path.with_name("again.csv")
    revise(path, again)
    with TemporaryDirectory(dir=path.parent) as work:
        history: list[ArchivedFile] = []
        for file in (path, again):

            def call(file: Path = file) -> None:
                history.append(archive(file, Path(work, "orders"), history)[1])

            _reset_peak()
            whole, size = took(call), file.stat().st_size / 1e6
            print(f"{file.name}: {size:,.0f} MB in {whole.text}, peak memory {_peak():.2f} GiB")
    again.unlink()


def revise(path: Path, out: Path) -> None:
    """The same orders, of which one in a hundred was refunded more."""
    import duckdb

    with duckdb.connect() as connection:
        refunded = "CASE WHEN order_id::BIGINT % 100 = 7 THEN '0.50' ELSE refunded END"
        connection.execute(
            f"COPY (SELECT * REPLACE ({refunded} AS refunded)"
            f" FROM read_csv('{path}', all_varchar = true)) TO '{out}' (HEADER)"
        )


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    """The largest memory since the last reset, in GiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024**2


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("generate")
    making.add_argument("orders", type=int)
    making.add_argument("month", type=int)
    making.add_argument("out", type=Path)
    measuring = commands.add_parser("figures")
    measuring.add_argument("--runs", type=int, default=5)
    measuring.add_argument("--large", type=int, default=0)
    single = commands.add_parser("once")
    single.add_argument("path", type=Path)
    given = parser.parse_args()
    if given.command == "generate":
        generate(given.orders, given.month, given.out)
    elif given.command == "once":
        once(given.path)
    else:
        with TemporaryDirectory(dir=os.environ.get("BENCH", ".")) as work:
            figures(given.runs, given.large, Path(work).absolute())


def one_event_per_order(month: Path, path: Path) -> float:
    """Orders of the same file per second, one event each, through the bare library.

    One aggregate per store, kept in memory, in a new book at `path`; read with the standard
    library, saved 500 at a time.
    """
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Shop(Aggregate):
        @event("Opened")
        def __init__(self, store: str) -> None:
            self.store = store

        @event("Ordered")
        def order(
            self,
            order_id: str,
            created_at: str,
            amount: str,
            currency: str,
            traffic: str,
            channel: str,
            payment: str,
            category: str,
            refunded: str,
        ) -> None:
            pass  # fmt: skip

    app: Any = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    )
    shops: dict[str, Any] = {}

    def work() -> None:
        with month.open(newline="") as file:
            rows = csv.DictReader(file)
            for _ in range(EVENTS_SAMPLED // 500):
                dirty = {}
                for row in islice(rows, 500):
                    store = row.pop("store")
                    if store not in shops:
                        shops[store] = Shop(store=store)
                    shops[store].order(**row)
                    dirty[store] = shops[store]
                app.save(*dirty.values())

    seconds = timed(work)
    app.close()
    return EVENTS_SAMPLED / seconds


if __name__ == "__main__":
    main()
