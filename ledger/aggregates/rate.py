"""Exchange rates as quoted, day by day; inverse and cross rates are never derived."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from ledger.aggregates.base import Fact, Recorded, Reference, order_key
from ledger.aggregates.fields import Currency, Text


class RateQuoted(Fact):
    """One unit of `base` is `rate` units of `quote` on that day."""

    TOPIC = "rate-quoted.v1"
    ORDER = 160
    RATES = ("rate",)
    EXAMPLE: ClassVar = {
        "type": "RateQuoted",
        "at": "2026-01-12T18:00:00+08:00",
        "base": "EUR",
        "quote": "CNY",
        "rate": "8.1402",
        "day": "2026-01-12",
    }

    base: Annotated[Currency, Field(description="the currency that is converted")]
    quote: Annotated[Currency, Field(description="the currency it is converted into")]
    rate: Annotated[str, Field(description="decimal string above zero: quote units per base unit")]
    day: Annotated[date, Field(description="the day that the rate is for")]
    quoted_by: Annotated[Text | None, Field(description="who quotes it")] = None

    @model_validator(mode="after")
    def _two_currencies(self) -> "RateQuoted":
        if self.base == self.quote:
            raise ValueError("base and quote are two currencies")
        return self

    @property
    def stream(self) -> str:
        return f"rate:{self.base}-{self.quote}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("quote", f"{self.base}-{self.quote}/{self.day.isoformat()}"),)


class RateState:
    """The quotes of one pair; of two for one day the one with the later `at` counts."""

    def __init__(self, pair: str) -> None:
        self.pair = pair
        self.quotes: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one quote into its timeline."""
        if isinstance(recorded.event, RateQuoted):
            self.quotes.append(recorded)
            self.__dict__.pop("_by_day", None)

    @cached_property
    def _by_day(self) -> tuple[list[date], dict[date, Recorded]]:
        chosen: dict[date, Recorded] = {}
        for quote in self.quotes:
            rival = chosen.get(quote.event.day)
            if rival is None or order_key(rival) < order_key(quote):
                chosen[quote.event.day] = quote
        return sorted(chosen), chosen

    def on(self, day: date, age_days_max: int) -> tuple[Decimal, Recorded] | None:
        """The last rate on or before a day, at most `age_days_max` days old; None without one."""
        quote = self.last_on(day)
        if quote is None or (day - quote.event.day).days > age_days_max:
            return None
        return Decimal(quote.event.rate), quote

    def last_on(self, day: date) -> Recorded | None:
        """The last quote for a day on or before this one, however old."""
        days, chosen = self._by_day
        place = bisect_right(days, day)
        return chosen[days[place - 1]] if place else None


def describe_rate(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """The rates of a pair after these facts, day by day."""
    state = RateState(name)
    for recorded in facts:
        state.apply(recorded)
    days = sorted({quote.event.day for quote in state.quotes})
    rates = {}
    for day in days:
        quoted = state.on(day, 0)
        assert quoted is not None
        rates[day.isoformat()] = f"{quoted[0]:f}"
    return {"pair": name, "rates": rates}


STATES = {"rate": describe_rate}
