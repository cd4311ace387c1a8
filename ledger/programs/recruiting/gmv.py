"""The condition on GMV: foreign amounts converted day by day, compared unrounded."""

from decimal import Decimal

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import EXACT, Money
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.steps import WINDOW_OPEN, Terms, step


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
    feeds = _two_feeds(found)
    total, missing, used = _convert(found, terms)
    if unjudged := missing or feeds:
        pending = "fx_rate_missing" if missing else "two_feeds"
        found_step = step(
            terms, "gmv_over_threshold", None, required, unjudged, *found, *used, pending=pending
        )
        return found_step if not (missing and feeds) else found_step._replace(parts=(_also(feeds),))
    met = total > threshold.decimal
    waiting = WINDOW_OPEN if not met and terms.as_of < days.window.end else None
    observed = f"{total:f} {edition.currency}"
    return step(
        terms, "gmv_over_threshold", met, required, observed, *found, *used, pending=waiting
    )


def _convert(found: list[Recorded], terms: Terms) -> tuple[Decimal, str | None, list[Recorded]]:
    """The sum in the edition's currency, what has no rate, and the quotes that were used."""
    total = Decimal(0)
    used: dict[int, Recorded] = {}
    by_order = terms.parameters.rate_day == "order"
    for one in found:
        event = one.event
        amount = Decimal(event.amount)
        if event.currency != terms.edition.currency:
            day = event.day if by_order else day_of(one.at, terms.edition.zone)
            rate = terms.rates.into(event.currency, day)
            if rate is None:
                missing = f"no rate {event.currency} to {terms.edition.currency} for {day}"
                return total, missing, list(used.values())
            used[rate[1].position] = rate[1]
            amount = EXACT.multiply(amount, rate[0])
        total = EXACT.add(total, amount)
    return total, None, list(used.values())


def _two_feeds(found: list[Recorded]) -> str | None:
    """The first day for which two sources report GMV: neither may be chosen for the payee."""
    sources: dict[object, str] = {}
    for one in found:
        source = one.event.source or ""
        if sources.setdefault(one.event.day, source) != source:
            return f"{one.event.day} is reported by {sources[one.event.day]!r} and {source!r}"
    return None


def _also(feeds: str) -> Step:
    return Step("gmv_over_threshold", observed=feeds, pending="two_feeds")
