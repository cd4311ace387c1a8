"""The condition on GMV: foreign amounts converted day by day, compared unrounded."""

from ledger.kernel.decision import DaySpan, Step
from ledger.programs.exchange import convert, left_out, two_feeds
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.steps import WINDOW_OPEN, Judged, Terms, step

GMV, THRESHOLD = "GMV", "GMV to be exceeded"
"""Measures of the condition."""


CODE = "gmv_over_threshold"
MISSING, FEEDS = "fx_rate_missing", "two_feeds"


def gmv_over_threshold(case: Case, terms: Terms) -> Judged:
    """GMV of the window's orders, converted day by day and compared unrounded, is over 1000."""
    parameters, edition = terms.parameters, terms.edition
    days = case.days if parameters.gmv_window == "first_sale_window" else edition.days
    facts = case.store.gmv_of(days, parameters.gmv_basis)
    threshold = terms.gmv_over
    sum_ = convert(facts, terms.rates, edition, by_order_day=parameters.rate_day == "order")
    feeds = two_feeds(facts)
    met: bool | None = None
    pending: str | None = None
    if sum_.missing:
        pending = MISSING
    elif feeds:
        pending = FEEDS
    else:
        met = sum_.total > threshold.decimal
        pending = WINDOW_OPEN if not met and terms.as_of < days.window.end else None

    def tell() -> Step:
        counted = {id(fact) for fact in facts}  # sales of orders share the position of their call
        others = [fact for fact in case.store.gmv if id(fact) not in counted]
        required = (
            f"{parameters.gmv_basis} GMV of {days.first} to {days.last} "
            f"> {threshold.text} {threshold.currency}"
        )
        parts = (*sum_.parts, *left_out(others, parameters.gmv_basis))
        if sum_.missing and feeds:
            parts = (*parts, Step("two feeds", observed=feeds, pending=FEEDS))
        observed = sum_.missing or feeds or f"{sum_.total:f} {edition.currency}"
        based_on = (*facts, *sum_.quotes)
        how = step(terms, CODE, met, required, observed, *based_on, pending=pending, parts=parts)
        known = met is not None or pending == WINDOW_OPEN
        return how._replace(
            measures=((GMV, sum_.total), (THRESHOLD, threshold.decimal)) if known else (),
            spans=(DaySpan("GMV counted", days.first, days.last),),
        )

    also = FEEDS if sum_.missing and feeds else None
    return Judged.of(CODE, met, tell, pending=pending, also=also)
