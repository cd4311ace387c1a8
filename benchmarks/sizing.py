"""`python -m benchmarks.sizing`: what one of each thing costs, measured in one run, and what that
makes of ten million stores and a billion orders a day.

Seconds are those of the processor, of all processes together, so that other work on the machine
does not count; nothing is measured at the size that is worked out.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks import facts
from benchmarks.commands import DUEBOOK
from benchmarks.fees import MONTH, PROGRAM, made
from benchmarks.measure import machine, tell
from benchmarks.orders import generate
from benchmarks.workshop import AS_OF, Workshop

BILLION, MILLION = 10**9, 10**6
STORES = 10 * MILLION
ORDERS_A_DAY = BILLION
FACTS_A_STORE = 90
"""In a quarter: a GMV fact a day."""
PARTS = 64
DECIDED = ("--by", "benchmark", "--leave-open", "--reason", "benchmark", "--yes")


class Unit(NamedTuple):
    """What one of something takes: microseconds of the processor, and bytes that are kept."""

    name: str
    micros: float
    size: float = 0


def main() -> int:
    """Measures, and prints both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--orders", type=int, default=MILLION, help="how many (1000000)")
    parser.add_argument("--stores", type=int, default=20_000, help="of a quarter (20000)")
    given = parser.parse_args()
    shop = Workshop(given.stores * 10, given.stores, 1, 1)
    try:
        units = {unit.name: unit for unit in (*_orders(shop, given.orders), *_facts(shop))}
    finally:
        shop.remove()
    print(machine())
    print(f"{given.orders:,} orders of 2,000 stores; a quarter of {given.stores:,} stores")
    print()
    print("| one | processor | kept |")
    print("|---|---|---|")
    for unit in units.values():
        kept = f"{unit.size:,.1f} bytes" if unit.size else ""
        print(f"| {unit.name} | {unit.micros:,.2f} µs | {kept} |")
    print()
    print("| every | load | processor | kept |")
    print("|---|---|---|---|")
    for row in _worked_out(units):
        print(f"| {' | '.join(row)} |")
    return 0


def _orders(shop: Workshop, count: int) -> list[Unit]:
    """Order lines: archived, known again, and charged."""
    month = shop.folder / "month.csv"
    tell(f"writing {count:,} orders")
    generate(count, 0, month)
    book = made(shop, "orders.db")
    book.close()
    path = ["--book", str(shop.folder / "orders.db")]
    archived = _cpu([*path, "orders", str(month)])
    size = sum(
        file.stat().st_size for file in (shop.folder / "orders.db.orders").rglob("*.parquet")
    )
    known = _cpu([*path, "orders", str(month)])
    charged = _cpu([*path, "settle", PROGRAM, MONTH, "--as-of", "2026-03-01"])
    start = _cpu([*path, "programs"])
    return [
        Unit("order archived", (archived - start) / count * MILLION, size / count),
        Unit("order known again", (known - start) / count * MILLION),
        Unit("order charged", (charged - start) / count * MILLION),
    ]


def _facts(shop: Workshop) -> list[Unit]:
    """Facts of a quarter: recorded, settled, closed, verified."""
    book = shop.folder / "facts.db"
    shop.fresh_book(book.name).close()
    path = ["--book", str(book)]
    start = _cpu([*path, "programs"])
    recorded = _cpu([*path, "record", str(shop.file)])
    size = book.stat().st_size
    lines = shop.folder / "lines.csv"
    when = ["--as-of", AS_OF]
    settled = _cpu([*path, "settle", facts.PROGRAM, *when, "-o", str(lines)])
    closed = _cpu([*path, "close", facts.PROGRAM, *when, *DECIDED])
    verified = _cpu([*path, "verify"])
    grown = book.stat().st_size - size
    of = shop.facts
    return [
        Unit("fact recorded", (recorded - start) / of * MILLION, size / of),
        Unit("fact settled", (settled - start) / of * MILLION),
        Unit("line closed", (closed - start) / shop.stores * MILLION, grown / shop.stores),
        Unit("event verified", (verified - start) / of * MILLION),
    ]


def _worked_out(units: dict[str, Unit]) -> list[Sequence[str]]:
    def row(every: str, load: str, name: str, count: int, parts: int = 1) -> Sequence[str]:
        unit = units[name]
        kept = _bytes(unit.size * count) if unit.size else ""
        each = f"; in {parts} parts {_time(unit.micros * count / parts)} each" if parts > 1 else ""
        return every, load, f"{_time(unit.micros * count)}{each}", kept

    month, quarter = 30 * ORDERS_A_DAY, STORES * FACTS_A_STORE
    return [
        row("day", "a billion orders archived", "order archived", ORDERS_A_DAY, PARTS),
        row("day", "ten million facts of GMV recorded", "fact recorded", STORES, 16),
        row("month", "fees of 30 billion orders", "order charged", month, PARTS),
        row("quarter", "ten million stores settled, 90 facts each", "fact settled", quarter, PARTS),
        row("quarter", "ten million lines closed, ten facts each", "line closed", STORES, PARTS),
        row("quarter", "900 million events verified", "event verified", quarter, PARTS),
    ]


def _time(micros: float) -> str:
    seconds = micros / MILLION
    for least, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * least:
            return f"{seconds / least:,.1f} {unit}"
    return f"{seconds:,.0f} s"


def _bytes(count: float) -> str:
    return f"{count / BILLION:,.1f} GB"


def _cpu(words: Sequence[str]) -> float:
    """Processor seconds of a command, with those of its helpers."""
    tell(" ".join(words[2:5]))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(DUEBOOK), *words], check=True, capture_output=True, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
