"""Amounts in foreign currency, converted day by day at quoted rates. Shared by all programs.

The last quote for a pair on or before the day counts, if it is not too old; of two for one day
the one with the later `at`. Inverse and cross rates are not used. Source: domain.md, 0.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded, order_key
from ledger.aggregates.orders import SOURCE as ORDERS
from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import EXACT
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition

FIRST_DAY = date(1, 1, 1)
MARGIN = timedelta(days=62)
BASE_LENGTH = len("EUR-")


class Rates:
    """Quoted rates into the edition's currency. The index lists the quotes; only those that are
    used are read."""

    def __init__(
        self, reader: Reader, edition: Edition, age_days_max: int, *, at_once: bool = False
    ) -> None:
        """`at_once` reads all of a pair's quotes in the edition's term together, for many lines."""
        self._at_once = at_once
        self._reader = reader
        self._currency = edition.currency
        self._age = timedelta(days=age_days_max)
        self._edition = edition
        self._pairs: dict[str, _Pair] = {}
        self._read: dict[str, list[Recorded]] | None = None
        """The quotes that were read together, by currency."""

    def into(self, currency: str, day: date) -> tuple[Decimal, Recorded] | None:
        """The rate that converts a currency on a day, or None where none is quoted in time."""
        quote = self._pair(currency, day).last_on(day)
        if quote is None or day - quote.event.day > self._age:
            return None
        return Decimal(quote.event.rate), quote

    def looked_at(self, currency: str, day: date) -> tuple[int, ...]:
        """Positions of the quotes considered for a day; one of them counts."""
        return self._pair(currency, day).looked_at(day)

    def last(self, currency: str, day: date) -> Recorded | None:
        """The last quote for a day on or before this one, however old."""
        fact = self._pair(currency, day).last_on(day)
        if fact is None:  # outside what was looked up: for messages only, never calculated with
            pair = f"{currency}-{self._currency}"
            fact = _Pair.listed(self._reader, pair, FIRST_DAY, day).last_on(day)
        return fact

    def missing(self, currency: str, day: date) -> str:
        """Which rate is missing, and the last quote, which is too old to be used."""
        wanted = f"no rate {currency} to {self._currency} for {day}"
        last = self.last(currency, day)
        if last is None:
            return f"{wanted}: none is quoted by then"
        old = (day - last.event.day).days
        return (
            f"{wanted}: the last quote, of {last.event.day}, is {old} days old; "
            f"at most {self._age.days}"
        )

    def _pair(self, currency: str, day: date) -> "_Pair":
        pair = self._pairs.get(currency)
        if pair is None or not pair.first + self._age <= day <= pair.last:
            first, last = self._around(day, pair)
            name = f"{currency}-{self._currency}"
            if self._at_once and pair is None and self._covers(day):
                pair = _Pair.of(self._quotes_at_once().get(currency, []), *self._usual)
            else:
                pair = _Pair.listed(self._reader, name, first, last)
                if self._at_once:
                    pair.read_all()
            self._pairs[currency] = pair
        return pair

    def _around(self, day: date, known: "_Pair | None") -> tuple[date, date]:
        """The days to look quotes up for, wide enough for the edition and a day."""
        first, last = self._usual
        days = [day - self._age, *([known.first] if known else [])]
        return min(first, *days), max(last, day, *([known.last] if known else []))

    @property
    def _usual(self) -> tuple[date, date]:
        edition = self._edition
        return edition.first - self._age, (edition.last or edition.first) + MARGIN

    def _covers(self, day: date) -> bool:
        """Whether a day lies in the edition's term; an open-ended one is never read at once."""
        first, last = self._usual
        return self._edition.last is not None and first + self._age <= day <= last

    def _quotes_at_once(self) -> dict[str, list[Recorded]]:
        """Every quote into the edition's currency in its term, read in one go."""
        if self._read is None:
            self._read = defaultdict(list)
            first, last = (f"{self._currency}/{day}" for day in self._usual)
            for quote in self._reader.listed_by_end("quote", BASE_LENGTH, first, last):
                self._read[quote.event.base].append(quote)
        return self._read


class _Pair:
    """The quoted days of a currency pair, from `first` to `last`."""

    def __init__(self, first: date, last: date, positions: dict[date, list[int]]) -> None:
        self.first, self.last = first, last
        self._positions = positions
        self._days = sorted(positions)
        self._chosen: dict[date, Recorded] = {}
        self._reader: Reader | None = None

    @classmethod
    def listed(cls, reader: Reader, pair: str, first: date, last: date) -> "_Pair":
        """Quotes that the index lists; they are read when first needed."""
        positions: dict[date, list[int]] = {}
        for name, position in reader.under("quote", f"{pair}/{first}", f"{pair}/{last}"):
            day = date.fromisoformat(name.rpartition("/")[2])
            positions.setdefault(day, []).append(position)
        listed = cls(first, last, positions)
        listed._reader = reader
        return listed

    @classmethod
    def of(cls, quotes: Iterable[Recorded], first: date, last: date) -> "_Pair":
        """Quotes that have been read already."""
        by_day: dict[date, list[Recorded]] = {}
        for quote in quotes:
            by_day.setdefault(quote.event.day, []).append(quote)
        pair = cls(first, last, {d: [fact.position for fact in own] for d, own in by_day.items()})
        pair._chosen = {day: max(own, key=order_key) for day, own in by_day.items()}
        return pair

    def last_on(self, day: date) -> Recorded | None:
        """The quote of the last quoted day on or before this one."""
        place = bisect_right(self._days, day)
        return self._of(self._days[place - 1]) if place else None

    def read_all(self) -> None:
        """Reads every quote between the days in one go."""
        assert self._reader is not None, "quotes that were read are all known"
        by_day: dict[date, list[Recorded]] = {}
        for fact in self._reader.at_positions(
            p for day in self._days for p in self._positions[day]
        ):
            by_day.setdefault(fact.event.day, []).append(fact)
        self._chosen = {day: max(quotes, key=order_key) for day, quotes in by_day.items()}

    def looked_at(self, day: date) -> tuple[int, ...]:
        """Positions of every quote of the last quoted day on or before this one."""
        place = bisect_right(self._days, day)
        return tuple(self._positions[self._days[place - 1]]) if place else ()

    def _of(self, day: date) -> Recorded:
        fact = self._chosen.get(day)
        if fact is None:
            assert self._reader is not None, "quotes that were read are all known"
            quotes = self._reader.at_positions(self._positions[day])
            fact = self._chosen[day] = max(quotes, key=order_key)
        return fact


class Addend(NamedTuple):
    """A GMV fact and the rate that it was converted at, if it was."""

    fact: Recorded
    factor: Decimal | None = None
    quote: Recorded | None = None
    looked_at: tuple[int, ...] = ()
    """Positions of the quotes considered; one of them counts."""

    def told(self, currency: str) -> Step:
        """The step of the fact in a sum in a currency."""
        event = self.fact.event
        observed = f"{event.amount} {event.currency}"
        positions: tuple[int, ...] = (self.fact.position,)
        if self.factor is not None and self.quote is not None:
            amount = EXACT.multiply(Decimal(event.amount), self.factor)
            observed += f" x {self.factor} (rate of {self.quote.event.day}) = {amount:f} {currency}"
            positions = tuple(sorted((self.fact.position, *self.looked_at)))
        step = Step(f"orders of {event.day}", observed=observed, events=positions)
        if event.source == ORDERS and not self.fact.version:  # summed from the archive
            step = step._replace(orders=event.orders, sold=(event.store, event.day))
        return step


class Converted(NamedTuple):
    """The sum in a currency, or the missing rate that prevents it, with what was added up."""

    total: Decimal
    missing: str | None
    addends: tuple[Addend, ...]
    currency: str

    @property
    def quotes(self) -> tuple[Recorded, ...]:
        """The quotes that facts were converted at, each once."""
        quotes = (addend.quote for addend in self.addends if addend.quote is not None)
        return tuple({quote.position: quote for quote in quotes}.values())

    @property
    def parts(self) -> tuple[Step, ...]:
        """A step for each fact."""
        return tuple(addend.told(self.currency) for addend in self.addends)


def convert(
    facts: Iterable[Recorded], rates: Rates, edition: Edition, *, by_order_day: bool = True
) -> Converted:
    """Adds up GMV facts, foreign amounts at the rate of their day, unrounded."""
    total, currency = Decimal(0), edition.currency
    addends: list[Addend] = []
    for fact in facts:
        event = fact.event
        amount = Decimal(event.amount)
        if event.currency == currency:
            addend = Addend(fact)
        else:
            day = event.day if by_order_day else day_of(fact.at, edition.zone)
            rate = rates.into(event.currency, day)
            if rate is None:
                missing = rates.missing(event.currency, day)
                return Converted(total, missing, tuple(addends), currency)
            amount = EXACT.multiply(amount, rate[0])
            addend = Addend(fact, *rate, rates.looked_at(event.currency, day))
        total = EXACT.add(total, amount)
        addends.append(addend)
    return Converted(total, None, tuple(addends), currency)


def two_feeds(facts: Iterable[Recorded]) -> str | None:
    """The first day for which two sources report GMV, as neither may be preferred; None without
    one."""
    sources: dict[date, str] = {}
    for fact in facts:
        source = fact.event.source or ""
        if sources.setdefault(fact.event.day, source) != source:
            return f"{fact.event.day} is reported by {sources[fact.event.day]!r} and {source!r}"
    return None


def _between(days: list[date]) -> str:
    first, last = min(days), max(days)
    return str(first) if first == last else f"{first} to {last}"


def left_out(others: list[Recorded], basis: str) -> tuple[Step, ...]:
    """A step for reports of other days or on the other basis, so that nobody misses them."""
    if not others:
        return ()
    days = [other.event.day for other in others]
    return (
        Step(
            f"not counted: other days, or not {basis}",
            observed=f"{counted(len(others), 'report')} of orders of {_between(days)}",
            events=tuple(sorted(other.position for other in others)),
        ),
    )
