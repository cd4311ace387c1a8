"""Issued statements with their adjustments and payments, and a running total."""

from typing import Any

from sqlalchemy import Connection

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import StatementIssued, period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchStatement
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.programs.bookkeeping import PAYING, Move
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
    answer["totals"] = _totals(known, payees)
    answer["lines"] = _lines(known, run, payees)
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


def _totals(known: ClosedPeriod, payees: list[str]) -> dict[str, str]:
    """What was issued to these payees, per commodity."""
    sums: dict[str, int] = {}
    for one in known.as_issued:
        if one.payee in payees and one.outcome == "payable":
            sums[one.amount.currency] = sums.get(one.amount.currency, 0) + one.amount.minor
    return {code: Money(minor, code).text for code, minor in sorted(sums.items())}


def _lines(known: ClosedPeriod, run: Settlement, payees: list[str]) -> list[dict[str, Any]]:
    trees = {(one.line, one.payee): one.explanation for one in run.lines}
    found = []
    for one in known.as_issued:
        if one.payee in payees:
            tree = trees.get((one.line, one.payee))
            found.append(
                {
                    "line": one.line,
                    "kind": one.kind,
                    "payee": one.payee,
                    "subject": one.subject,
                    "outcome": one.outcome,
                    "amount": one.amount.text,
                    "currency": one.amount.currency,
                    "unmet": list(one.unmet),
                    "held_for": list(one.held_for),
                    "explanation": tree.as_json() if tree else {},
                }
            )
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
            "payee": recorded.event.payee,
            "line": one.line,
            "was": one.was,
            "now": one.now,
            "difference": one.difference,
            "currency": one.currency,
            "outcome": one.outcome,
            "because": list(one.because),
            "filled": list(one.filled),
            "reason": recorded.event.reason,
        }
        for recorded in known.adjusted
        if recorded.event.payee in payees
        for one in recorded.event.lines
    ]


Moved = list[tuple[Logged, Move]]
PARTS = ("issued", "adjusted", "brought_forward", "carried_forward", "paid")
"""What a statement is made of, each from the payee's side."""


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
            "fact": type(recorded.event) in PAYING,
        }
        for recorded, move in moved
        if move.what == "paid"
    ]


def _standings(known: ClosedPeriod, payees: list[str], moved: Moved) -> list[dict[str, Any]]:
    """Per statement and commodity: what it is made of, and how it stands."""
    name = period_id(known.seal.program, known.seal.period)
    all_ = {(f"{name}/{one.payee}", one.amount.currency) for one in known.as_issued}
    sums: dict[tuple[str, str], dict[str, int]] = {
        key: dict.fromkeys(PARTS, 0) for key in all_ if key[0].rpartition("/")[2] in payees
    }
    for recorded, move in moved:
        key = (move.statement, move.amount.currency)
        held = sums.setdefault(key, dict.fromkeys(PARTS, 0))
        what = move.what
        if what == "carried":
            own = isinstance(recorded.event, StatementIssued)
            mine = own and recorded.event.statement == move.statement
            what = "brought_forward" if mine else "carried_forward"
        # What is carried over moves what was paid; a statement shows it from the payee's side.
        held[what] += -move.amount.minor if move.what == "carried" else move.amount.minor
    found = []
    for (statement_, currency), held in sorted(sums.items()):
        carried = held["brought_forward"] + held["carried_forward"]
        stated = held["issued"] + held["adjusted"]
        standing = Standing(stated, held["paid"] - carried)
        due = stated + carried
        parts = {what: Money(amount, currency).text for what, amount in held.items()}
        found.append(
            {
                "statement": statement_,
                "payee": statement_.rpartition("/")[2],
                "currency": currency,
                **parts,
                "due": Money(due, currency).text,
                "open": Money(standing.open, currency).text,
                "advance": Money(standing.advance, currency).text,
            }
        )
    return found


def _running(moved: Moved) -> list[dict[str, Any]]:
    """Every movement in the order of the log, with how the statement stands after it."""
    standing: dict[tuple[str, str], Standing] = {}
    found = []
    for recorded, move in moved:
        key = (move.statement, move.amount.currency)
        now = standing[key] = standing.get(key, Standing()).moved(**move.change)
        found.append(
            {
                "position": recorded.position,
                "at": format_instant(recorded.at),
                "statement": move.statement,
                "what": move.what,
                "line": move.line,
                "narration": move.narration,
                "amount": (move.amount.negated() if move.what == "carried" else move.amount).text,
                "currency": move.amount.currency,
                "open": Money(now.open, move.amount.currency).text,
            }
        )
    return found
