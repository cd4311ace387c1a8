"""Making up for missing content: owed by a day fixed in the published terms."""

from datetime import timedelta

from ledger.kernel.instants import midnight
from ledger.programs.contract import Obligation
from ledger.programs.growth.measures import Content, Terms


def make_up(name: str, owed_to: str, measured: Content, terms: Terms) -> Obligation:
    """The missing count, and the count delivered after the term up to as-of, uncapped.

    Fulfilled when later deliveries reach the missing count, in time if by the end of the due day.
    Making up does not undo the compensation.
    """
    due = terms.parameters.make_up_due
    assert due is not None, "published terms carry the day"
    end = midnight(due + timedelta(days=1), terms.edition.zone)
    made_up, reached = 0, None
    for fact in measured.later:
        made_up += fact.event.count
        if reached is None and made_up >= measured.short:
            reached = fact.at
    if reached is not None:
        state = "fulfilled" if reached < end else "fulfilled_late"
    else:
        state = "overdue" if terms.as_of >= end else "open"
    events = tuple(sorted(fact.position for fact in measured.later)) + measured.step.events
    positions = tuple(sorted(set(events)))
    return Obligation(name, owed_to, due, state, positions, measured.short, made_up)
