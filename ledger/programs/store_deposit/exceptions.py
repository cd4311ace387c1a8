"""Exceptions around a deposit: uses beyond it, and money given back too soon.

Each is judged at the clocks, so that a late or withdrawn fact makes an exception appear or go. An
edition judges the acts of its own days, and those before the program. Source: seed 004.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ledger.aggregates.base import Recorded
from ledger.aggregates.deposit import DepositReturned
from ledger.aggregates.deposit_state import DepositState
from ledger.aggregates.judge import Surprise
from ledger.kernel.instants import day_of, local
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Judged
from ledger.programs.store_deposit.course import (
    USES,
    Course,
    Terms,
    counts,
    is_foreign,
    terms_of,
)


def judge_deposits(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """For a store with an amount in another currency, only that is judged, as its balance is not
    known."""
    terms = terms_of(reader, edition)
    by_store: dict[str, list[Recorded]] = defaultdict(list)
    for fact in facts:
        if fact.at < edition.window.end:
            by_store[fact.event.store].append(fact)
    for chunk in in_chunks(by_store):
        states = reader.states("store", chunk, DepositState, DepositState.TOPICS)
        for store, state in states.items():
            course = Course(state, terms)
            for fact in by_store[store]:
                yield from ((fact, surprise) for surprise in _judged(course, fact))


def _judged(course: Course, fact: Recorded) -> Iterator[Surprise]:
    terms = course.terms
    if course.foreign_by(terms.edition.window.end - 1):
        if is_foreign(fact, terms.edition) and counts(fact, terms.start):
            yield _another_currency(fact, terms)
    elif not counts(fact, terms.start):
        yield _before_program(fact, terms)
    elif fact.at not in terms.edition.window:
        return  # an act on a day of an earlier edition
    elif isinstance(fact.event, USES):
        yield from _uncovered(course, fact)
    elif isinstance(fact.event, DepositReturned):
        yield from _given_back(course, fact)


def _another_currency(fact: Recorded, terms: Terms) -> Surprise:
    edition, event = terms.edition, fact.event
    return _surprise(
        *(terms, fact, "currency_differs"),
        f"{event.amount} {event.currency} of store {event.store}: deposits are kept in "
        f"{edition.currency}. Every line of the store is held.",
        "Withdraw the fact, and record it in the currency of the deposit.",
    )


def _before_program(fact: Recorded, terms: Terms) -> Surprise:
    edition = terms.edition
    return _surprise(
        *(terms, fact, "before_program"),
        f"{type(fact.event).__name__} of store {fact.event.store} at "
        f"{local(fact.at, edition.zone)} is before the program's first day, "
        f"{day_of(terms.start, edition.zone)}: it counts for nothing.",
        "Check the instant, or record what was held then as paid in on the first day.",
    )


def _uncovered(course: Course, fact: Recorded) -> Iterator[Surprise]:
    """A use after which more has been used than the deposit covers."""
    terms, uncovered = course.terms, course.at(fact.at).uncovered
    if uncovered:
        yield _surprise(
            *(terms, fact, "deposit_uncovered"),
            f"{fact.event.amount} {fact.event.currency} used of store {fact.event.store}'s "
            f"deposit: {terms.text(uncovered)} of what was used by then is not covered.",
            "The store owes it: record the DepositPaid that covers it.",
        )


def _given_back(course: Course, fact: Recorded) -> Iterator[Surprise]:
    """Money given back to an open store, or more of it than has been released."""
    terms, now = course.terms, course.at(fact.at)
    back = f"{fact.event.amount} {fact.event.currency} given back to store {fact.event.store}"
    if not now.closed:
        yield _surprise(
            *(terms, fact, "returned_while_open"),
            f"{back}, which is open.",
            "Record the StoreClosed that it lacks, or withdraw the return.",
        )
    if terms.parameters.return_after_days is not None and now.returned > now.released:
        yield _surprise(
            *(terms, fact, "returned_beyond_due"),
            f"{back}: {terms.text(now.returned)} by then, of {terms.text(now.released)} due.",
            "What was given back early counts towards what falls due later.",
        )


def _surprise(terms: Terms, fact: Recorded, code: str, sentence: str, hint: str) -> Surprise:
    return Surprise(code, sentence, hint, fact.event.store, terms.edition.program)
