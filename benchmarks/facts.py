"""A believable quarter of facts, the same for the same seed, as NDJSON in the order of time.

Each store is onboarded by a partner, verified, stocked in four countries, sells and reports
GMV; every second store's facts carry (source, id). Partners, rates and targetings are added, and
GMV facts make up the number asked for, about three per store.
"""

import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = "recruiting-eu-jp-2026q1"
SEED = 20260331
DAY = 86_400
ZONE = timezone(timedelta(hours=8))
QUARTER = int(datetime(2026, 1, 1, tzinfo=ZONE).timestamp())
LAST = int(datetime(2026, 6, 29, tzinfo=ZONE).timestamp())
RATE_DAYS = 166
COUNTRIES = ("DE", "ES", "FR", "IT")
PER_STORE = 7
"""Facts of a store other than GMV."""

Timed = tuple[int, dict[str, Any]]
"""Seconds since the epoch, and the fact without its `at`."""


class Quarter(NamedTuple):
    """A quarter: its program, when it starts, the number of its first store, days of rates."""

    program: str = PROGRAM
    start: int = QUARTER
    offset: int = 0
    rate_days: int = RATE_DAYS

    @property
    def last(self) -> int:
        """The latest instant at which a fact happened."""
        return self.start + LAST - QUARTER


FIRST = Quarter()


def write(path: Path, facts: int, stores: int) -> None:
    """Writes exactly that many facts of that many stores, ordered by `at`."""
    assert save(path, generate(facts, stores)) == facts


def save(path: Path, timed: Iterable[Timed]) -> int:
    """Writes facts ordered by `at`; returns how many."""
    lines = [(at, json.dumps(_dated(at, fact))) for at, fact in timed]
    lines.sort()
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for _, line in lines)
    return len(lines)


def generate(facts: int, stores: int) -> Iterator[Timed]:
    """The facts, store by store."""
    chance = random.Random(SEED)
    partners = partners_of(stores)
    background = [*certified(partners), *_rates(chance, FIRST), *_targetings(stores, FIRST)]
    yield from background
    gmv = facts - len(background) - PER_STORE * stores
    if gmv < 0:
        raise SystemExit(f"{facts} facts are too few for {stores} stores: about ten a store.")
    for number in range(stores):
        share = gmv // stores + (number < gmv % stores)
        yield from _named(number, _store(chance, number, partners, share, FIRST))


def quarter_facts(quarter: Quarter, stores: int, gmv: int) -> Iterator[Timed]:
    """A quarter's facts without the partners: `gmv` GMV facts per store, some stores closed."""
    chance = random.Random(SEED + quarter.offset)
    partners = partners_of(stores)
    yield from _rates(chance, quarter)
    yield from _targetings(stores, quarter)
    for number in range(quarter.offset, quarter.offset + stores):
        yield from _named(number, _store(chance, number, partners, gmv, quarter))
    yield from closures(quarter, stores)


def closures(quarter: Quarter, stores: int) -> Iterator[Timed]:
    """For every tenth partner, each twentieth store is closed as counterfeit before the term ends;
    for another tenth, closed by its owner."""
    partners = partners_of(stores)
    for number in range(quarter.offset, quarter.offset + stores):
        reason = {0: "counterfeit", 1: "voluntary"}.get(number % partners % 10)
        if reason and number // partners % 20 == 3:
            fact = {"type": "StoreClosed", "store": f"S-{number:06d}", "reason": reason}
            yield quarter.start + 88 * DAY + number % DAY, fact


def partners_of(stores: int) -> int:
    """How many partners bring that many stores."""
    return max(3, stores // 100)


def _named(number: int, timed: Iterator[Timed]) -> Iterator[Timed]:
    named = number % 2 == 0
    for ordinal, (at, fact) in enumerate(timed):
        if named:
            fact |= {"source": "shop-admin", "id": f"SA-{number:06d}-{ordinal}"}
        yield at, fact


def _dated(at: int, fact: dict[str, Any]) -> dict[str, Any]:
    instant = datetime.fromtimestamp(at, ZONE).isoformat()
    return {"type": fact["type"], "at": instant, **fact}


def certified(count: int, start: int = QUARTER) -> Iterator[Timed]:
    """Partners, certified some weeks before a quarter."""
    for number in range(count):
        yield (
            start - 45 * DAY + number,
            {
                "type": "PartnerCertified",
                "partner": f"P-{number:04d}",
                "name": f"Harbour Bridge Services {number}",
                "kind": "agency",
            },
        )


def _rates(chance: random.Random, quarter: Quarter) -> Iterator[Timed]:
    for number in range(quarter.rate_days):
        at = quarter.start + number * DAY + 18 * 3600
        yield (
            at,
            {
                "type": "RateQuoted",
                "base": "EUR",
                "quote": "CNY",
                "rate": f"{8.1 + chance.random() / 5:.4f}",
                "day": datetime.fromtimestamp(at, ZONE).date().isoformat(),
            },
        )


def _targetings(stores: int, quarter: Quarter) -> Iterator[Timed]:
    for number in range(0, stores, 4):
        yield (
            quarter.start - 12 * DAY + number,
            {
                "type": "MerchantTargeted",
                "program": quarter.program,
                "merchant": f"M-{quarter.offset + number:06d}",
                "mode": "targeted",
            },
        )


def _store(
    chance: random.Random, number: int, partners: int, gmv: int, quarter: Quarter
) -> Iterator[Timed]:
    store = f"S-{number:06d}"
    onboarded = quarter.start + chance.randrange(DAY, 84 * DAY)
    yield (
        onboarded,
        {
            "type": "MerchantOnboarded",
            "merchant": f"M-{number if number % 10 else max(quarter.offset, number - 1):06d}",
            "store": store,
            "market": "EU" if number % 5 else "JP",
            "brand": f"Brand-{number // 2}",
            "partner": f"P-{number % partners:04d}",
            "via": "exclusive_link",
        },
    )
    yield onboarded + chance.randrange(3600, 3 * DAY), {"type": "StoreVerified", "store": store}
    for country in COUNTRIES:
        at = onboarded + chance.randrange(DAY, 20 * DAY)
        yield at, {"type": "StockListed", "store": store, "country": country}
    sold = onboarded + chance.randrange(3 * DAY, 28 * DAY)
    order = f"576{chance.randrange(10**11):011d}"
    yield sold, {"type": "FirstSale", "store": store, "order": order}
    currency = "CNY" if chance.random() < 0.6 else "EUR"
    for ordinal in range(gmv):
        day = sold + ordinal * DAY
        yield (
            min(day + chance.randrange(2 * DAY, 14 * DAY), quarter.last - chance.randrange(DAY)),
            {
                "type": "GMVRecorded",
                "store": store,
                "day": datetime.fromtimestamp(day, ZONE).date().isoformat(),
                "amount": f"{chance.randrange(9_000, 90_000) / 100:.2f}",
                "currency": currency,
                "basis": "settled" if chance.random() < 0.9 else "placed",
                "orders": chance.randrange(1, 40),
            },
        )
