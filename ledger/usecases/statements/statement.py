"""Issued statements with their adjustments and payments, and a running total."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Fact, Logged
from ledger.aggregates.settlement import period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchStatement
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.bookkeeping import Move, has_payers_statement
from ledger.programs.line import UNEXPLAINED
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.balances import moves
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, edition_of


def statement(
    connection: Connection,
    program: str,
    period: str | None,
    payee: str | None,
    clocks: Clocks,
) -> dict[str, Any]:
    """The statements of a closed period, or one payee's, as they stand at a pair of clocks.

    The lines are those that were issued, explained by working them out again at the clocks of
    the close. Raises `NotClosed`, `NoSuchStatement`.
    """
    known = closed_period(connection, program, period, clocks.known_at, clocks.as_of)
    edition = edition_of(connection, known.seal)
    run = settle(connection, edition, known.clocks, period=period)
    payees = _payees(known, payee)
    names = [f"{period_id(program, period)}/{one}" for one in payees]
    moved = sorted(moves(connection, names, clocks), key=lambda pair: pair[0].position)
    answer = run.head_json()
    lines = answer["lines"] = _lines(known, run, payee)
    answer["totals"] = _totals(lines)
    answer["decisions"] = dict(Counter(one["outcome"] for one in lines if not one["currency"]))
    answer["obligations"] = [
        one.as_json() for one in run.obligations if payee in (None, one.owed_to)
    ]
    answer["issued_at"] = format_instant(known.closed.at)
    answer["seal"] = _seal(known)
    answer["adjustments"] = _adjustments(known, payees)
    answer["payments"] = _payments(moved)
    answer["statements"] = _standings(known, payees, moved)
    answer["running"] = _running(moved)
    return answer


def _payees(known: ClosedPeriod, payee: str | None) -> list[str]:
    found = sorted({one.event.payee for one in (*known.issued, *known.adjusted)})
    if payee is None:
        return found
    if payee not in found:
        seal = known.seal
        raise NoSuchStatement(
            f"There is no statement of {payee!r} for {period_id(seal.program, seal.period)}.",
            f"There are statements of {', '.join(found[:10])}." if found else "There are none.",
        )
    return [payee]


def _totals(lines: list[dict[str, Any]]) -> dict[str, str]:
    """What was issued, per commodity: of one party as it stands on its statement, of a whole
    period once, seen from the payees."""
    amounts = [
        Money.parse(line["amount"], line["currency"])
        for line in lines
        if line["outcome"] == "payable" and line["currency"]
    ]
    return {code: money.text for code, money in sum_by_currency(amounts).items()}


def _lines(known: ClosedPeriod, run: Settlement, party: str | None) -> list[dict[str, Any]]:
    """Every line of a party's statement, on the payer's with the sign turned; of a whole period
    each line once, as its payee has it."""
    trees = {line.line: line.explanation for line in run.lines}
    rules, found = known.seal.rules, []
    for line in known.as_issued:
        line = line._replace(explanation=trees.get(line.line, UNEXPLAINED))
        if party in (None, line.payee):
            found.append(line.as_json())
        elif party == line.payer and has_payers_statement(rules, line):
            found.append(line.turned().as_json() | {"side": "payer"})
    return found


def _seal(known: ClosedPeriod) -> dict[str, Any]:
    seal = known.seal
    return {
        "position": known.closed.position,
        "hash": known.closed.hash.hex(),
        "by": known.closed.by,
        "system_user": seal.system_user,
        "digest": seal.digest,
        "as_of": format_instant(seal.as_of),
        "known_at": seal.known_at,
        "head": seal.head,
        "held": seal.held,
        "exceptions": seal.exceptions,
        "left_open": seal.left_open,
    }


def _adjustments(known: ClosedPeriod, payees: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "statement": recorded.event.statement,
            "position": recorded.position,
            "issued_at": format_instant(recorded.at),
            "by": recorded.by,
            "payee": row.payee or recorded.event.payee,
            "line": row.line,
            "was": row.was,
            "now": row.now,
            "difference": row.difference,
            "currency": row.currency,
            "outcome": row.outcome,
            "outcome_was": row.outcome_was,
            "because": list(row.because),
            "filled": list(row.filled),
            "reason": recorded.event.reason,
            **({"side": "payer"} if row.payee else {}),
        }
        for recorded in known.adjusted
        if recorded.event.payee in payees
        for row in recorded.event.lines
    ]


Moved = list[tuple[Logged, Move]]


def _payments(moved: Moved) -> list[dict[str, Any]]:
    return [
        {
            "statement": move.statement,
            "position": recorded.position,
            "paid_at": format_instant(recorded.at),
            "amount": move.amount.text,
            "currency": move.amount.currency,
            "ref": getattr(recorded.event, "ref", None),
            "by": recorded.by,
            "fact": isinstance(recorded.event, Fact),
        }
        for recorded, move in moved
        if move.what == "paid"
    ]


def _standings(known: ClosedPeriod, payees: list[str], moved: Moved) -> list[dict[str, Any]]:
    """Per statement and commodity: what it is made of, and how it stands."""
    name = period_id(known.seal.program, known.seal.period)
    standing = {
        (f"{name}/{recorded.event.payee}", line.currency): Standing()
        for recorded in known.issued
        if recorded.event.payee in payees
        for line in recorded.event.lines
        if line.currency
    }
    for _, move in moved:
        key = (move.statement, move.amount.currency)
        own = standing.get(key, Standing())
        standing[key] = own.moved(move.part, move.amount.minor)
    return [
        {
            "statement": statement_,
            "payee": statement_.rpartition("/")[2],
            "currency": currency,
            **own.texts(currency),
        }
        for (statement_, currency), own in sorted(standing.items())
    ]


def _running(moved: Moved) -> list[dict[str, Any]]:
    """Every movement in the order of the log, with how the statement stands after it."""
    standing: dict[tuple[str, str], Standing] = {}
    found = []
    for recorded, move in moved:
        key = (move.statement, move.amount.currency)
        own = standing.get(key, Standing())
        now = standing[key] = own.moved(move.part, move.amount.minor)
        found.append(
            {
                "position": recorded.position,
                "at": format_instant(recorded.at),
                "statement": move.statement,
                "what": move.what,
                "line": move.line,
                "narration": move.narration,
                "amount": move.amount.text,
                "currency": move.amount.currency,
                "open": Money(now.open, move.amount.currency).text,
            }
        )
    return found
