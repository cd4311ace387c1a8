"""Samples and store balances: a month's freight for each store, and a decision per sample request.

Map: each store is assessed month by month from its own facts, each request from those of its
store, its creator and the other requests for the product; there is no reduce step. Source: seed
003, 2.1.
"""

from collections.abc import Iterator

from ledger.aggregates.sample import REQUEST
from ledger.aggregates.store_balance import BALANCE
from ledger.kernel.decision import Step
from ledger.kernel.instants import EARLIEST
from ledger.programs.contract import Answer, Asked, Obligation, Reader, in_chunks
from ledger.programs.decisions import decide, other_reports, told
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.months import Month
from ledger.programs.periods import month_asked, months_begun
from ledger.programs.store_samples.balance import Terms, balances, terms_of
from ledger.programs.store_samples.conditions import judge
from ledger.programs.store_samples.freight import freight, negative_balance
from ledger.programs.store_samples.gather import Case, cases_of
from ledger.programs.store_samples.parameters import HELD
from ledger.programs.store_samples.subjects import requests_of, stores_of


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """The freight of stores and the requests of a month that has begun, or of all months.

    With subjects only theirs; of a single request, without a period, the answer names its month.
    Raises `WrongPeriod`.
    """
    terms = terms_of(reader, asked.edition, asked.assume)
    lines: list[Line] = []
    owed: list[Obligation] = []
    for month in _months(reader, asked):
        for charged, obligation in _of_stores(reader, asked, terms, month):
            lines += [charged] if charged else []
            owed += [obligation] if obligation else []
    cases = list(_cases(reader, asked, terms))
    lines += [_decided(case, terms) for case in cases]
    alone = asked.subjects if len(asked.subjects or ()) == 1 else None
    instants = [case.at for case in cases]
    period = month_asked(asked.period, alone, instants, asked.edition.zone)
    lines.sort(key=lambda line: line.line)
    return Answer(lines, tuple(sorted(owed, key=lambda obligation: obligation.obligation)), period)


def months_of_balances(reader: Reader, edition: Edition) -> list[str]:
    """The months from the first fact that moves a balance to as-of."""
    as_of = reader.clocks.as_of
    names = {name for name, _ in reader.names(BALANCE, EARLIEST, as_of + 1)}
    first = min((at for _, at, _ in reader.located(BALANCE, names)), default=None)
    return [] if first is None else months_begun(edition, first, as_of)


def _months(reader: Reader, asked: Asked) -> Iterator[Month]:
    """The month asked for, if it has begun, or all months; none if only requests are asked for."""
    if asked.subjects is not None and not stores_of(asked.subjects):
        return
    names = [asked.period] if asked.period else months_of_balances(reader, asked.edition)
    for name in names:
        month = Month(asked._replace(period=name), reader.clocks.as_of)
        if month.begun:
            yield month


def _of_stores(
    reader: Reader, asked: Asked, terms: Terms, month: Month
) -> Iterator[tuple[Line | None, Obligation | None]]:
    """The month's freight for each store, and what it owes for a negative balance."""
    if asked.subjects is not None:
        stores = stores_of(asked.subjects)
    else:
        stores = {name for name, _ in reader.names(BALANCE, EARLIEST, month.cut + 1)}
    for chunk in in_chunks(stores):
        for balance in balances(reader, chunk, terms):
            yield freight(balance, month), negative_balance(balance, month)


def _cases(reader: Reader, asked: Asked, terms: Terms) -> Iterator[Case]:
    """The requests made in the month or, without one, on any day of the edition."""
    edition = asked.edition
    window = Month(asked, terms.as_of).window if asked.period else edition.window
    if asked.subjects is not None:
        names = requests_of(asked.subjects)
    else:
        names = {name for name, _ in reader.names(REQUEST.listed, *window)}
    for chunk in in_chunks(names):
        yield from cases_of(reader, chunk, window, terms)


def _decided(case: Case, terms: Terms) -> Line:
    edition, event, conditions = terms.edition, case.report.event, judge(case, terms)
    decision = decide(conditions, HELD)
    tree = Step(
        f"sample of {event.product} from store {event.store} for creator {event.creator}: "
        f"{decision.outcome}",
        required="every condition, at the instant of the request",
        observed=", ".join(decision.unmet or decision.held_for) or told(case.report, edition),
        clause=edition.cite.get("sample_request"),
        events=(case.report.position,),
        parts=(*conditions, *other_reports(case.report, case.state.reports, "request")),
    )
    return Line(
        f"{edition.program}/{case.state.request}",
        "sample_request",
        f"store:{event.store}",
        f"creator:{event.creator}",
        f"request:{case.state.request}",
        decision.outcome,
        None,
        decision.unmet,
        decision.held_for,
        tree,
    )
