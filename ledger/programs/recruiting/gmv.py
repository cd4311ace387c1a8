"""The condition on GMV: foreign amounts converted day by day, compared unrounded."""

from ledger.kernel.decision import DaySpan, Step
from ledger.kernel.money import Money
from ledger.programs.exchange import convert, left_out, two_feeds
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.steps import WINDOW_OPEN, Terms, step

GMV, THRESHOLD = "GMV", "GMV to be exceeded"
"""Measures of the condition."""


def gmv_over_threshold(case: Case, terms: Terms) -> Step:
    """GMV of the window's orders, converted day by day and compared unrounded, is over 1000."""
    parameters, edition = terms.parameters, terms.edition
    first_sale_window = parameters.gmv_window == "first_sale_window"
    days = terms.first_days(case.onboarding) if first_sale_window else edition.days
    facts = case.store.gmv_of(days, parameters.gmv_basis)
    counted = {id(fact) for fact in facts}  # sales of orders share the position of their call
    others = [fact for fact in case.store.gmv if id(fact) not in counted]
    threshold = Money.parse(parameters.gmv_over, edition.currency)
    required = (
        f"{parameters.gmv_basis} GMV of {days.first} to {days.last} "
        f"> {threshold.text} {threshold.currency}"
    )
    by_order_day = parameters.rate_day == "order"
    sum_ = convert(facts, terms.rates, edition, by_order_day=by_order_day)
    feeds = two_feeds(facts)
    parts = (*sum_.parts, *left_out(others, parameters.gmv_basis))
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
    based_on = (*facts, *sum_.quotes)
    judged = step(
        terms,
        "gmv_over_threshold",
        met,
        required,
        observed,
        *based_on,
        pending=pending,
        parts=parts,
    )
    known = met is not None or pending == WINDOW_OPEN
    return judged._replace(
        measures=((GMV, sum_.total), (THRESHOLD, threshold.decimal)) if known else (),
        spans=(DaySpan("GMV counted", days.first, days.last),),
    )
