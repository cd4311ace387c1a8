"""What must hold in a book with closed periods, recomputed from its events by other ways."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Fact
from ledger.aggregates.enrolment import FixedFeePaid
from ledger.aggregates.settlement import PaymentMade, StatementAdjusted, StatementIssued
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log, read_positions
from ledger.store.schema import withdrawn
from ledger.usecases.closing.adjust import Adjustment
from ledger.usecases.closing.correction import Correction
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.closed_periods import verify_closed
from ledger.usecases.verifying.verify import verify
from projections.catalogue import VIEWS
from projections.runner import looking_at
from projections.verify import verify_entries, verify_views

Key = tuple[str, str]
"""A statement and a commodity."""


@dataclass
class Sums:
    """A statement in one commodity, added up from the events, in minor units."""

    payee: str
    lines: int = 0
    brought: int = 0
    carried: int = 0
    paid: int = 0
    stated: bool = False

    @property
    def due(self) -> int:
        return self.lines + self.brought - self.carried

    @property
    def advance(self) -> int:
        """What was paid and is not due on the lines: beyond it, or the other way.

        What was carried is paid here and no more there.
        """
        paid = self.paid - self.brought + self.carried
        if paid * self.lines <= 0:
            return paid
        return paid - self.lines if abs(paid) > abs(self.lines) else 0


def expected_standings(book: Book) -> dict[Key, Sums]:
    """Every statement with all that was issued, adjusted, carried and paid."""
    with book.reading() as connection:
        lifted = {row.target for row in connection.execute(select(withdrawn))}
        events = [one.event for one in read_log(connection) if one.position not in lifted]
    found: dict[Key, Sums] = {}

    def at(statement: str, currency: str, payee: str) -> Sums:
        return found.setdefault((statement, currency), Sums(payee))

    for event in events:
        if isinstance(event, StatementIssued):
            for line in event.lines:
                own = at(event.statement, line.currency, event.payee)
                own.lines += Money.parse(line.amount, line.currency).minor
                own.stated = True
            for one in event.brought_forward:
                minor = Money.parse(one.amount, one.currency).minor
                at(event.statement, one.currency, event.payee).brought += minor
                at(one.statement, one.currency, event.payee).carried += minor
        elif isinstance(event, StatementAdjusted):
            for row in event.lines:
                own = at(event.statement, row.currency, event.payee)
                own.lines += Money.parse(row.difference, row.currency).minor
                own.stated = True
        elif isinstance(event, PaymentMade):
            minor = Money.parse(event.amount, event.currency).minor
            at(event.statement, event.currency, event.payee).paid += minor
        elif isinstance(event, FixedFeePaid):
            payee = f"merchant:{event.merchant}"
            minor = Money.parse(event.amount, event.currency).minor
            at(f"{event.program}/{payee}", event.currency, payee).paid -= minor
    return found


def assert_carried(found: ClosedPeriod, before: dict[Key, Sums]) -> int:
    """A close takes over exactly what its payees were paid beyond what was due; how often."""
    for issued in found.issued:
        expected = {
            (name, currency): Money(-one.advance, currency).text
            for (name, currency), one in before.items()
            if one.payee == issued.event.payee and one.stated and one.advance
        }
        carried = issued.event.brought_forward
        assert {(one.statement, one.currency): one.amount for one in carried} == expected
        assert len(carried) == len(expected)
    return sum(len(one.event.brought_forward) for one in found.issued)


def assert_taken_over(book: Book, found: ClosedPeriod) -> None:
    """What was carried leaves nothing behind, and moves nothing but from statement to statement."""
    sums = expected_standings(book)
    for issued in found.issued:
        for one in issued.event.brought_forward:
            assert sums[one.statement, one.currency].advance == 0
    _assert_parties(_rows(book, "balances"), sums)
    _assert_statements(_rows(book, "statements"), sums)


def assert_causes(connection: Connection, found: Adjustment, seen: Counter[str]) -> None:
    """Each row names what is new since the line was last stated; nothing only where time passed."""
    terms, clocks = found.terms.edition, found.clocks
    for one in found.corrections:
        since = last_told(found.period, one)
        for cause in read_positions(connection, one.because):
            assert isinstance(cause.event, Fact)
            assert cause.position <= clocks.known_at
            assert cause.position > since.known_at or cause.at > since.as_of, (one, cause)
        if one.because or one.filled:
            continue
        if clocks.as_of < since.as_of:
            # Where time is turned back, what no longer counts is no cause.
            seen["no cause: turned back"] += 1
            continue
        lines = settle(connection, terms, clocks._replace(known_at=since.known_at)).lines
        then = {(line.line, line.payee): line.said() for line in lines}
        now = one.change.now.said() if one.change.now else None
        key = (one.change.line.line, one.change.line.payee)
        assert then.get(key) == now, f"because of what? {one}"
        seen["no cause: time passed"] += 1


def last_told(period: ClosedPeriod, one: Correction) -> Clocks:
    """The clocks of the last statement or adjustment that said anything of a payee's line."""
    since = period.clocks
    for recorded in period.adjusted:
        event = recorded.event
        line = one.change.line
        if event.payee == line.payee and any(row.line == line.line for row in event.lines):
            since = Clocks(event.as_of, event.known_at)
    return since


def count_changes(found: Adjustment, standings: dict[Key, Sums], seen: Counter[str]) -> None:
    """Notes what kinds of change there were, so that a run can say what it has been through."""
    told = set(found.period.current)
    payees: dict[str, set[bool]] = defaultdict(set)
    changes = [one.change for one in found.corrections]
    for change in changes:
        payees[change.line.line].add(change.now is not None)
    for one, change in zip(found.corrections, changes, strict=True):
        was, now, name = change.was, change.now, change.line.line
        if len(payees[name]) == 2 and (was is None or now is None):
            seen["changes payee"] += now is None
        elif was is None or now is None:
            seen["appears" if name not in told else "vanishes"] += 1
        else:
            seen[f"{was.outcome} -> {now.outcome}"] += 1
        row = one.row()
        assert row.currency is not None
        assert row.difference is not None
        own = standings[f"{found.period.seal.program}/{change.line.payee}", row.currency]
        minor = Money.parse(row.difference, row.currency).minor
        if minor < 0 < own.paid:
            seen["clawback after payment"] += 1
            seen["clawback to recover"] += own.advance > 0
        seen["stated before by an adjustment"] += bool(
            was and found.period.current[name].clocks != found.period.clocks
        )


def assert_books_hold(book: Book, programs: list[str]) -> None:
    """The log, the closed periods, the entries, the views, and the sums among them."""
    sums = expected_standings(book)
    rows = {name: _rows(book, name) for name in ("statements", "entries", "balances")}
    checks = [
        *verify(book, [], _silent),
        *verify_closed(book, _silent),
        verify_entries(book, _silent),
        *verify_views(book, _silent),
    ]
    assert [one for one in checks if not one.ok] == []
    assert {f"closed {program}" for program in programs} <= {one.name for one in checks}
    assert {f"view {name}" for name in rows} <= {one.name for one in checks}
    _assert_current(book, programs, sums)
    _assert_statements(rows["statements"], sums)
    _assert_balanced(rows["entries"], rows["balances"])
    _assert_parties(rows["balances"], sums)
    for program in programs:
        _assert_statement_answer(book, program, sums)


def _silent(what: str, more: int) -> None:
    return None


def _rows(book: Book, name: str) -> list[Any]:
    with looking_at(book, VIEWS[name]) as sight:
        assert sight.parked == []
        return list(sight.connection.execute(select(sight.table)))


def _assert_current(book: Book, programs: list[str], sums: dict[Key, Sums]) -> None:
    """Differences add up to what the lines say in the end."""
    expected: Counter[Key] = Counter()
    with book.reading() as connection:
        head = head_of(connection).position
        for program in programs:
            for one in closed_period(connection, program, None, head).current.values():
                line = one.line
                assert line.amount is not None
                expected[f"{program}/{line.payee}", line.amount.currency] += line.amount.minor
    assert {key: one.lines for key, one in sums.items() if one.lines} == {
        key: minor for key, minor in expected.items() if minor
    }


def _assert_statements(rows: list[Any], sums: dict[Key, Sums]) -> None:
    """The view's dues are the lines with what was brought forward, less what was carried."""
    names = {name for (name, _), one in sums.items() if one.stated}
    found = {(row.statement, row.currency): row for row in rows}
    assert set(found) == {key for key in sums if key[0] in names}
    for key, row in found.items():
        own = sums[key]
        assert row.issued_minor + row.adjusted_minor == own.lines
        assert row.brought_forward_minor == own.brought
        assert row.carried_forward_minor == -own.carried
        assert (row.due_minor, row.paid_minor) == (own.due, own.paid)
        assert (row.open_minor, row.advance_minor) == (own.due - own.paid, own.advance)
        assert row.payee == own.payee


def _assert_balanced(entries: list[Any], balances: list[Any]) -> None:
    """Every entry, and every commodity, sums to zero; balances are the sums of entries."""
    by_entry: Counter[tuple[int, int, str]] = Counter()
    by_account: Counter[Key] = Counter()
    totals: Counter[str] = Counter()
    for row in entries:
        by_entry[row.position, row.seq, row.currency] += row.amount_minor
        by_account[row.account, row.currency] += row.amount_minor
    assert not any(by_entry.values())
    for row in balances:
        balance = row.debit_minor - row.credit_minor
        assert balance == by_account.pop((row.account, row.currency))
        totals[row.currency] += balance
    assert not by_account
    assert not any(totals.values())


def _assert_parties(balances: list[Any], sums: dict[Key, Sums]) -> None:
    """What a party's accounts come to is what its lines say less what it was paid.

    Whatever was carried from one statement to another makes no difference.
    """
    accounts: Counter[Key] = Counter()
    for row in balances:
        _kind, name, of = (*row.account.split(":", 2), "")[:3]
        if name in ("Payable", "Receivable", "Advances"):
            accounts[of, row.currency] -= row.debit_minor - row.credit_minor
    expected: Counter[Key] = Counter()
    for (_statement, currency), one in sums.items():
        expected[one.payee, currency] += one.lines - one.paid
    assert {key: n for key, n in accounts.items() if n} == {
        key: n for key, n in expected.items() if n
    }


def _assert_statement_answer(book: Book, program: str, sums: dict[Key, Sums]) -> None:
    """The use case adds up its own way and comes to the same; so does its running total."""
    with book.reading() as connection:
        found = statement(
            *(connection, program, None, None), Clocks(FOREVER, head_of(connection).position)
        )
    running = {(one["statement"], one["currency"]): one["open"] for one in found["running"]}
    for one in found["statements"]:
        key = (one["statement"], one["currency"])
        own, currency = sums[key], one["currency"]
        expected = [own.due, own.due - own.paid, own.advance, own.paid]
        said = [one["due"], one["open"], one["advance"], one["paid"]]
        assert said == [Money(minor, currency).text for minor in expected]
        assert running.pop(key, one["open"]) == one["open"]
    assert running == {}
