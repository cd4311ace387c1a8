"""Deposits of stores: uses, returns, and whether the deposit suffices.

Map: each store is assessed month by month from its own facts; there is no reduce step. Up to four
lines per store and month, and the amount still to be topped up as an obligation. Source: seed 004,
rules of deposits.
"""

from collections.abc import Iterator

from ledger.aggregates.deposit import DEPOSIT
from ledger.aggregates.deposit_state import DepositState
from ledger.kernel.instants import EARLIEST, Instant
from ledger.programs.contract import Answer, Asked, Obligation, Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.months import Month
from ledger.programs.periods import months_begun
from ledger.programs.store_deposit.course import Course, terms_of
from ledger.programs.store_deposit.money_lines import giving_back, using
from ledger.programs.store_deposit.standing import standing, top_up


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """The lines of every store with a deposit, in a month that has begun.

    With subjects, ids of stores, only theirs. Raises `WrongPeriod`.
    """
    terms = terms_of(reader, asked.edition, asked.assume)
    month = Month(asked, terms.as_of)
    if not month.begun:
        return Answer([])
    subjects = asked.subjects
    if subjects is None:
        subjects = stores_with_deposit(reader, month.cut)
    lines: list[Line] = []
    owed: list[Obligation] = []
    for chunk in in_chunks(subjects):
        states = reader.states("store", chunk, DepositState, DepositState.TOPICS)
        for state in states.values():
            course = Course(state, terms)
            lines += _lines(course, month)
            owed += top_up(course, month)
    lines.sort(key=lambda line: line.line)
    return Answer(lines, tuple(sorted(owed, key=lambda obligation: obligation.obligation)))


def stores_with_deposit(reader: Reader, until: Instant) -> frozenset[str]:
    """Every store with a deposit or category fact up to an instant."""
    return frozenset(name for name, _ in reader.names(DEPOSIT, EARLIEST, until + 1))


def months_of_deposits(reader: Reader, edition: Edition) -> list[str]:
    """The months from the first deposit or category fact to as-of."""
    as_of = reader.clocks.as_of
    names = {name for name, _ in reader.names(DEPOSIT, EARLIEST, as_of + 1)}
    first = min((at for _, at, _ in reader.located(DEPOSIT, names)), default=None)
    return [] if first is None else months_begun(edition, first, as_of)


def _lines(course: Course, month: Month) -> Iterator[Line]:
    for line in (*using(course, month), giving_back(course, month), standing(course, month)):
        if line is not None:
            yield line
