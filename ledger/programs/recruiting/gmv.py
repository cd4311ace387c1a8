"""The condition on GMV: foreign amounts converted day by day, compared unrounded."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import EXACT, Money
from ledger.kernel.period import Days
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.steps import WINDOW_OPEN, Terms, step


class Converted(NamedTuple):
    """The sum in the edition's currency, or what keeps it from being made, and how it came."""

    total: Decimal
    missing: str | None
    quotes: tuple[Recorded, ...]
    parts: tuple[Step, ...]


def gmv_over_threshold(case: Case, terms: Terms) -> Step:
    """GMV of the window's orders, converted day by day and compared unrounded, is over 1000."""
    parameters, edition = terms.parameters, terms.edition
    first_sale_window = parameters.gmv_window == "first_sale_window"
    days = terms.first_days(case.onboarding) if first_sale_window else edition.days
    found = case.store.gmv_of(days, parameters.gmv_basis)
    threshold = Money.parse(parameters.gmv_over, edition.currency)
    required = (
        f"{parameters.gmv_basis} GMV of {days.first} to {days.last} "
        f"> {threshold.text} {threshold.currency}"
    )
    sum_ = _convert(found, terms)
    feeds = _two_feeds(found)
    parts = (*sum_.parts, *_left_out(case, days, parameters.gmv_basis))
    met: bool | None = None
    pending: str | None = None
    if sum_.missing:
        observed, pending = sum_.missing, "fx_rate_missing"
        if feeds:
            parts = (*parts, Step("two feeds", observed=feeds, pending="two_feeds"))
    elif feeds:
        observed, pending = feeds, "two_feeds"
    else:
        observed = f"{sum_.total:f} {edition.currency}"
        met = sum_.total > threshold.decimal
        pending = WINDOW_OPEN if not met and terms.as_of < days.window.end else None
    rests_on = (*found, *sum_.quotes)
    return step(
        terms,
        "gmv_over_threshold",
        met,
        required,
        observed,
        *rests_on,
        pending=pending,
        parts=parts,
    )


def _convert(found: list[Recorded], terms: Terms) -> Converted:
    """Adds up what was reported, foreign amounts at the rate of their day."""
    total, currency = Decimal(0), terms.edition.currency
    quotes: dict[int, Recorded] = {}
    parts: list[Step] = []
    by_order = terms.parameters.rate_day == "order"
    for one in found:
        event = one.event
        amount = Decimal(event.amount)
        sum_ = f"{event.amount} {event.currency}"
        rests_on: tuple[int, ...] = (one.position,)
        if event.currency != currency:
            day = event.day if by_order else day_of(one.at, terms.edition.zone)
            rate = terms.rates.into(event.currency, day)
            if rate is None:
                return Converted(
                    total,
                    _missing(event.currency, day, terms),
                    tuple(quotes.values()),
                    tuple(parts),
                )
            factor, quote = rate
            quotes[quote.position] = quote
            amount = EXACT.multiply(amount, factor)
            sum_ += f" x {factor} (rate of {quote.event.day}) = {amount:f} {currency}"
            rests_on = tuple(sorted((one.position, quote.position)))
        total = EXACT.add(total, amount)
        parts.append(Step(f"orders of {event.day}", observed=sum_, events=rests_on))
    return Converted(total, None, tuple(quotes.values()), tuple(parts))


def _missing(currency: str, day: date, terms: Terms) -> str:
    """Which rate is missing, and the nearest one that may not be used."""
    wanted = f"no rate {currency} to {terms.edition.currency} for {day}"
    last = terms.rates.last(currency, day)
    if last is None:
        return f"{wanted}: none is quoted by then"
    age, limit = (day - last.event.day).days, terms.parameters.rate_max_age_days
    return f"{wanted}: the last quote, of {last.event.day}, is {age} days old; at most {limit}"


def _left_out(case: Case, days: Days, basis: str) -> tuple[Step, ...]:
    """What was reported of other days or on the other basis, so that nobody looks for it."""
    other = [
        one.event for one in case.store.gmv if one.event.basis != basis or one.event.day not in days
    ]
    if not other:
        return ()
    first, last = min(one.day for one in other), max(one.day for one in other)
    observed = f"{len(other)} reports of orders of {first} to {last}"
    return (Step(f"not counted: other days, or not {basis}", observed=observed),)


def _two_feeds(found: list[Recorded]) -> str | None:
    """The first day for which two sources report GMV: neither may be chosen for the payee."""
    sources: dict[date, str] = {}
    for one in found:
        source = one.event.source or ""
        if sources.setdefault(one.event.day, source) != source:
            return f"{one.event.day} is reported by {sources[one.event.day]!r} and {source!r}"
    return None
