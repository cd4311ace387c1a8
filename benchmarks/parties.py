"""Settling deposits and agreements: per fact no slower than recruiting."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.facts import PROGRAM
from benchmarks.measure import Figure, Took, in_turns, took
from benchmarks.workshop import AS_OF, Workshop
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.usecases.settling.settle import published_edition, settle

Fact = dict[str, Any]
CREATORS = 4
"""Agreements with one creator: that many agencies share a pool."""


class Asked(NamedTuple):
    """A book, and the run over it that is timed."""

    book: Path
    program: str
    period: str | None
    as_of: str


def deposits(stores: int) -> Iterator[Fact]:
    """Ten facts per store: required, paid in twice, used three times, closed, returned."""
    for number in range(stores):
        own = {"store": f"D-{number:06}"}
        money = {"currency": "CNY", **own}
        day = f"2020-05-{number % 28 + 1:02}"
        yield {"type": "MerchantOnboarded", "at": "2020-01-02T00:00:00Z", "market": "CN", **own} | {
            "merchant": f"M-{number:06}"
        }
        yield {"type": "StoreCategoriesSet", "at": "2020-01-03T00:00:00Z", **own} | {
            "categories": ["apparel", "beauty"]
        }
        yield {"type": "DepositRequired", "at": "2020-01-04T00:00:00Z", "amount": "2000", **money}
        for at in ("2020-01-05", "2020-03-05"):
            yield {"type": "DepositPaid", "at": f"{at}T00:00:00Z", "amount": "1000", **money}
        for amount in ("10.50", "0.01"):
            used = {"type": "DepositCompensated", "at": f"{day}T03:00:00Z", "amount": amount}
            yield used | money
        deducted = {"type": "DepositDeducted", "at": f"{day}T05:00:00Z", "amount": "25"}
        yield deducted | money | {"reason": "penalty"}
        yield {"type": "StoreClosed", "at": f"{day}T06:00:00Z", "reason": "voluntary", **own}
        yield {"type": "DepositReturned", "at": "2020-05-30T06:00:00Z", "amount": "5", **money}


def agreements(count: int) -> Iterator[Fact]:
    """Half of them with merchants, a fee each; half share the commissions of a creator."""
    for number in range(count):
        name, partner = f"AG-{number:06}", f"P-{number % 500:03}"
        signed = {"type": "AgreementSigned", "at": "2026-04-01T00:00:00Z", "agreement": name}
        signed |= {"partner": partner, "currency": "CNY", "from": "2026-05-15"}
        if number % 2:
            fee = {"merchant": f"M-{number:06}", "flat": "3000.00", "per": "month"}
            yield signed | fee
        else:
            creator = f"C-{number // (2 * CREATORS):06}"
            yield signed | {"creator": creator, "share": "0.2", "of": "commission"}
            for day in ("2026-05-14", "2026-05-20", "2026-05-31"):
                yield {"type": "CommissionEarned", "at": f"{day}T10:00:00Z", "day": day} | {
                    "creator": creator,
                    "amount": f"{number % 97}.37",
                    "currency": "CNY",
                    "id": f"{name}-{day}",
                }


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """Seconds per fact read, against recruiting in the same run."""
    reference = Asked(shop.recorded, PROGRAM, None, AS_OF)
    if "deposits" in wanted:
        book = _made(shop, "deposits", deposits(shop.stores))
        asked = Asked(book, "deposit-2020", "2020-05", "2020-12-01T00:00:00+08:00")
        yield _per_fact(shop, "deposits", asked, reference)
    if "agreements" in wanted:
        book = _made(shop, "agreements", agreements(shop.stores))
        asked = Asked(book, "service-agreements-2022", "2026-05", "2026-08-01T00:00:00+08:00")
        yield _per_fact(shop, "agreements", asked, reference)


def _made(shop: Workshop, name: str, facts: Iterator[Fact]) -> Path:
    path = shop.folder / f"{name}.ndjson"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(fact)}\n" for fact in facts)
    return shop.made_book(path, f"{name}.db")


def _per_fact(shop: Workshop, name: str, asked: Asked, reference: Asked) -> Figure:
    read: dict[str, tuple[int, int]] = {}
    acts = {
        name: lambda: _settled(asked, read, name),
        "recruiting": lambda: _settled(reference, read, "recruiting"),
    }
    times = in_turns(shop.runs, acts)
    each = {
        side: Took(t.seconds / read[side][0], t.cpu / read[side][0]) for side, t in times.items()
    }
    ours, other = each[name], each["recruiting"]
    ratio = ours.cpu / other.cpu
    facts, lines = read[name]
    how = f"cpu a fact; {facts:,} facts read, {lines:,} lines; in the time of the clock "
    how += f"{ours.seconds / other.seconds:.2f}x; reference {read['recruiting'][0]:,} facts read"
    texts = [f"{1 / took.cpu:,.0f} facts/s" for took in (ours, other)]
    return Figure(f"settle {name}", *texts, ratio, "<= 1x", ratio <= 1, how)


def _settled(asked: Asked, read: dict[str, tuple[int, int]], name: str) -> Took:
    book = open_book(str(asked.book))
    clocks = Clocks(parse_instant(asked.as_of), book.head().position)
    with book.reading() as connection:
        edition = published_edition(connection, asked.program, clocks)

        def run() -> None:
            settlement = settle(connection, edition, clocks, period=asked.period)
            read[name] = (settlement.events_read, len(settlement.lines))

        taken = took(run)
    book.close()
    return taken
