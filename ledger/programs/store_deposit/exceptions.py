"""Acts around a deposit that do not fit: uses beyond it, and money given back too soon.

Each is judged at the clocks, so that a late or withdrawn fact makes it come or go. An edition
speaks of the acts of its own days, and of what came before the program. Source: seed 004.
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
    """Of a store with an amount in another currency only that is judged: nothing can be told of
    its balance."""
    terms = terms_of(reader, edition)
    by_store: dict[str, list[Recorded]] = defaultdict(list)
    for one in facts:
        if one.at < edition.window.end:
            by_store[one.event.store].append(one)
    for chunk in in_chunks(by_store):
        states = reader.states("store", chunk, DepositState, DepositState.TOPICS)
        for store, state in states.items():
            course = Course(state, terms)
            for one in by_store[store]:
                yield from ((one, surprise) for surprise in _judged(course, one))


def _judged(course: Course, one: Recorded) -> Iterator[Surprise]:
    terms = course.terms
    if course.foreign_by(terms.edition.window.end - 1):
        if is_foreign(one, terms.edition) and counts(one, terms.start):
            yield _another_currency(one, terms)
    elif not counts(one, terms.start):
        yield _before_program(one, terms)
    elif one.at not in terms.edition.window:
        return  # an act of the days of an earlier edition
    elif isinstance(one.event, USES):
        yield from _uncovered(course, one)
    elif isinstance(one.event, DepositReturned):
        yield from _given_back(course, one)


def _another_currency(one: Recorded, terms: Terms) -> Surprise:
    edition, event = terms.edition, one.event
    return _surprise(
        *(terms, one, "currency_differs"),
        f"{event.amount} {event.currency} of store {event.store}: deposits are kept in "
        f"{edition.currency}. Every line of the store is held.",
        "Withdraw the fact, and record it in the currency of the deposit.",
    )


def _before_program(one: Recorded, terms: Terms) -> Surprise:
    edition = terms.edition
    return _surprise(
        *(terms, one, "before_program"),
        f"{type(one.event).__name__} of store {one.event.store} at "
        f"{local(one.at, edition.zone)} lies before the program's first day, "
        f"{day_of(terms.start, edition.zone)}: it counts for nothing.",
        "Check the instant, or record what was held then as paid in on the first day.",
    )


def _uncovered(course: Course, one: Recorded) -> Iterator[Surprise]:
    """A use after which more has been used than was kept."""
    terms, uncovered = course.terms, course.at(one.at).uncovered
    if uncovered:
        yield _surprise(
            *(terms, one, "deposit_uncovered"),
            f"{one.event.amount} {one.event.currency} used of store {one.event.store}'s deposit: "
            f"{terms.text(uncovered)} of what was used by then is not covered.",
            "The store owes it: record the DepositPaid that covers it.",
        )


def _given_back(course: Course, one: Recorded) -> Iterator[Surprise]:
    """Money given back to an open store, or more of it than has been released."""
    terms, now = course.terms, course.at(one.at)
    back = f"{one.event.amount} {one.event.currency} given back to store {one.event.store}"
    if not now.closed:
        yield _surprise(
            *(terms, one, "returned_while_open"),
            f"{back}, which is open.",
            "Record the StoreClosed that it lacks, or withdraw the return.",
        )
    if terms.parameters.return_after_days is not None and now.returned > now.released:
        yield _surprise(
            *(terms, one, "returned_beyond_due"),
            f"{back}: {terms.text(now.returned)} by then, of {terms.text(now.released)} due.",
            "What was given back early counts towards what falls due later.",
        )


def _surprise(terms: Terms, one: Recorded, code: str, sentence: str, hint: str) -> Surprise:
    return Surprise(code, sentence, hint, one.event.store, terms.edition.program)
