"""Making up for content that fell short: owed by a day that the published terms have fixed."""

from datetime import timedelta

from ledger.kernel.instants import midnight
from ledger.programs.contract import Obligation
from ledger.programs.growth.measures import Content, Terms


def make_up(name: str, owed_to: str, found: Content, terms: Terms) -> Obligation:
    """The missing count, and what was delivered after the term up to as-of, uncapped.

    Fulfilled when what came later reaches the missing count: in time up to the end of the due
    day. Making up does not undo the compensation.
    """
    due = terms.parameters.make_up_due
    assert due is not None, "published terms carry the day"
    end = midnight(due + timedelta(days=1), terms.edition.zone)
    made_up, reached = 0, None
    for fact in found.later:
        made_up += fact.event.count
        if reached is None and made_up >= found.short:
            reached = fact.at
    if reached is not None:
        state = "fulfilled" if reached < end else "fulfilled_late"
    else:
        state = "overdue" if terms.as_of >= end else "open"
    events = tuple(sorted(one.position for one in found.later)) + found.step.events
    positions = tuple(sorted(set(events)))
    return Obligation(name, owed_to, due, state, positions, found.short, made_up)
