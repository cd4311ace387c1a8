"""Exceptions around balances and samples: payouts beyond a balance, and approvals of declined or
unknown requests.

Each is judged at the clocks, so that a late or withdrawn fact makes an exception appear or go. An
edition judges the acts of its own days, those before the program, and the requests that it
decides. Source: seed 003.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.aggregates.sample import (
    REQUEST,
    REQUESTS_OF_CREATOR,
    REQUESTS_OF_STORE,
    SUBMITTED,
)
from ledger.aggregates.sample_state import RequestState
from ledger.aggregates.store_balance import PayoutMade
from ledger.aggregates.things import told
from ledger.kernel.instants import day_of, local
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.decisions import decide
from ledger.programs.edition import Edition
from ledger.programs.program import Judged, Names
from ledger.programs.store_samples.balance import Balance, Terms, balances, terms_of
from ledger.programs.store_samples.conditions import judge
from ledger.programs.store_samples.gather import Case, cases_of
from ledger.programs.store_samples.parameters import HELD


def judge_balances(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Movements of a balance must be on or after the program's first day and in its currency; a
    payout must not leave a balance below zero."""
    terms = terms_of(reader, edition)
    by_store: dict[str, list[Recorded]] = defaultdict(list)
    for fact in facts:
        if fact.at < edition.window.end:
            by_store[fact.event.store].append(fact)
    for chunk in in_chunks(by_store):
        for balance in balances(reader, chunk, terms):
            for fact in by_store[balance.store]:
                if (surprise := _judged(balance, fact)) is not None:
                    yield fact, surprise


def _judged(balance: Balance, fact: Recorded) -> Surprise | None:
    """The exception of a fact, if any. For a store with an amount in another currency it is not
    known whether a payout exceeds the balance."""
    terms = balance.terms
    if fact.at < terms.start:
        return _before_program(fact, terms)
    if terms.is_foreign(fact):
        return _another_currency(fact, terms)
    if not isinstance(fact.event, PayoutMade) or fact.at not in terms.edition.window:
        return None
    minor = balance.at(fact.at)
    if minor >= 0 or balance.foreign_by(terms.edition.window.end - 1):
        return None
    return _surprise(
        *(terms.edition, "payout_beyond_balance", fact.event.store),
        f"{fact.event.amount} {fact.event.currency} paid out to store {fact.event.store}: its "
        f"balance is {terms.text(minor)} after it.",
        "The store owes it: record the BalancePaid that covers it, or the proceeds that it lacks.",
    )


def _before_program(fact: Recorded, terms: Terms) -> Surprise:
    zone = terms.edition.zone
    return _surprise(
        *(terms.edition, "before_program", fact.event.store),
        f"{type(fact.event).__name__} of store {fact.event.store} at {local(fact.at, zone)} lies "
        f"before the program's first day, {day_of(terms.start, zone)}: it counts for nothing.",
        "Check the instant, or record what the balance was then as proceeds of the first day.",
    )


def _another_currency(fact: Recorded, terms: Terms) -> Surprise:
    edition, event = terms.edition, fact.event
    return _surprise(
        *(edition, "currency_differs", event.store),
        f"{event.amount} {event.currency} of store {event.store}: balances are kept in "
        f"{edition.currency}. Freight and sample requests of the store are held from then on.",
        "Withdraw the fact, and record it in the currency of the balance.",
    )


def judge_approvals(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """An approved request must be known and not declined. A request is approved once: only its
    first approval is judged."""
    names = {fact.event.request for fact in facts}
    states: dict[str, RequestState] = {}
    declined: dict[str, str] = {}
    terms = terms_of(reader, edition)
    for chunk in in_chunks(names):
        states |= reader.states("request", chunk, RequestState)
        for case in cases_of(reader, chunk, edition.window, terms):
            if (codes := _declined(case, terms)) is not None:
                declined[case.state.request] = codes
    for fact in facts:
        name, state = fact.event.request, states[fact.event.request]
        assert state.approval is not None, "this fact approves it itself"
        if fact.position != state.approval.position:
            continue
        if not state.reports and fact.at < edition.window.end:
            sentence = told(REQUEST.unknown_sentence, name)
            yield fact, _surprise(edition, REQUEST.unknown, name, sentence, REQUEST.until)
        elif name in declined:
            yield (
                fact,
                _surprise(
                    *(edition, "approved_though_declined", name),
                    f"sample request {name} is approved by the {fact.event.by} but declined: "
                    f"{declined[name]}.",
                    "Withdraw the approval where it is wrong, or record what the request lacks.",
                ),
            )


def _declined(case: Case, terms: Terms) -> str | None:
    """The unmet codes of a request, as text; None unless it is declined."""
    decision = decide(judge(case, terms), HELD)
    return ", ".join(decision.unmet) if decision.outcome == "declined" else None


def requests_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From changed creators to their requests, and from changed requests to all requests of the
    same stores: each approval counts for the others."""
    for streams in reader.named(REQUESTS_OF_CREATOR, changed.get("creator", ())).values():
        yield from streams
    names = changed.get("request", ())
    stores = {
        report.event.store
        for chunk in in_chunks(names)
        for state in reader.states("request", chunk, RequestState).values()
        for report in state.reports
    }
    counted = reader.named(SUBMITTED, stores)  # in other stores samples are not counted
    for streams in reader.named(REQUESTS_OF_STORE, counted).values():
        yield from streams


def _surprise(edition: Edition, code: str, name: str, sentence: str, hint: str) -> Surprise:
    return Surprise(code, sentence, hint, name, edition.program)
