"""Issued statements with their adjustments and payments, and a running total."""

from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Fact, Logged
from ledger.aggregates.settlement import PeriodClosed, StatementIssued, period_id, sides_of
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchStatement
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.period import Days
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, UNEXPLAINED
from ledger.programs.moves import Move, stands_on
from ledger.programs.program import Pot
from ledger.programs.registry import program_of
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.balances import moves
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, edition_of

UNPAID = ("paid", "open", "advance")
"""What a statement of a pot does not have: facts pay what is held, and none of them a statement."""


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
    own = _own_statements(known, payee)
    names = sorted({one.event.statement for one in own})
    moved = sorted(moves(connection, names, clocks), key=lambda pair: pair[0].position)
    pot = program_of(edition.rules).pot
    answer = run.head_json()
    lines = answer["lines"] = _lines(known, run, payee)
    answer["totals"] = _totals(lines)
    answer["decisions"] = dict(Counter(one["outcome"] for one in lines if not one["currency"]))
    answer["obligations"] = [
        one.as_json() for one in run.obligations if payee in (None, one.owed_to, one.owed_by)
    ]
    answer["issued_at"] = format_instant(known.closed.at)
    answer["seal"] = _seal(known)
    answer["adjustments"] = _adjustments(known, own)
    answer["payments"] = _payments(moved)
    answer["statements"] = _standings(own, moved, unpaid=UNPAID if pot else ())
    answer["running"] = [] if pot else _running(moved)
    if pot:
        reader = LogReader(connection, known.clocks)
        payees = {one.event.payee for one in own}
        parties = sorted(one for one in payees if one.partition(":")[0] == pot.party)
        answer["pots"] = _pots(pot, reader, edition, parties, known.seal)
    return answer


def _own_statements(known: ClosedPeriod, party: str | None) -> list[Logged]:
    """The statements that a party is a side of, with their adjustments; or all.

    Raises `NoSuchStatement`.
    """
    every = [*known.issued, *known.adjusted]
    if party is None:
        return every
    own = [one for one in every if party in one.event.sides]
    if not own:
        found = sorted({side for one in every for side in one.event.sides if side})
        seal = known.seal
        raise NoSuchStatement(
            f"There is no statement of {party!r} for {period_id(seal.program, seal.period)}.",
            f"There are statements of {', '.join(found[:10])}." if found else "There are none.",
        )
    return own


def _pots(
    pot: Pot, reader: LogReader, edition: Edition, parties: list[str], seal: PeriodClosed
) -> list[dict[str, Any]]:
    """How the money that is held stood at the month's start and at its cut, per party: facts
    move it, and no payment of a statement does."""
    window = Days(
        date.fromisoformat(seal.first), date.fromisoformat(seal.last), edition.zone
    ).window
    cut = min(window.end - 1, seal.as_of)
    at = {"at_start": window.start - 1, "at_cut": cut}
    stood = {name: pot.stands(reader, edition, parties, one) for name, one in at.items()}
    return [
        {"payee": party}
        | {
            name: {
                "instant": format_instant(at[name]),
                **{part: money.text for part, money in found[party].items()},
            }
            for name, found in stood.items()
            if party in found
        }
        for party in parties
    ]


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
    """Every line of a party's statements, on the payer's own with the sign turned; of a whole
    period each line once, as its payee has it."""
    trees = {
        line.line: line.explanation.for_payee() if party else line.explanation for line in run.lines
    }
    rules, found = known.seal.rules, []
    for line in known.as_issued:
        line = line._replace(explanation=trees.get(line.line, UNEXPLAINED))
        for place in stands_on(rules, line):
            if not place.to_payer and (party is None or party in place.sides):
                found.append(line.as_json())
            elif place.to_payer and party == place.sides.payee:
                found.append(line.turned().as_json() | {"side": "payer"})
    return found


def _seal(known: ClosedPeriod) -> dict[str, Any]:
    seal = known.seal
    return {
        "position": known.closed.position,
        "hash": known.closed.hash.hex(),
        "by": known.closed.by,
        "system_user": seal.actor.account if seal.actor else seal.system_user,
        "actor": seal.actor and seal.actor.model_dump(exclude_none=True),
        "digest": seal.digest,
        "as_of": format_instant(seal.as_of),
        "known_at": seal.known_at,
        "head": seal.head,
        "held": seal.held,
        "exceptions": seal.exceptions,
        "left_open": seal.left_open,
        "clock_is_right": seal.clock_is_right and seal.clock_is_right.model_dump(),
    }


def _adjustments(known: ClosedPeriod, own: list[Logged]) -> list[dict[str, Any]]:
    statements = {one.event.statement for one in own}
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
        if recorded.event.statement in statements
        for row in recorded.event.lines
    ]


Moved = list[tuple[Logged, Move]]


def _payments(moved: Moved) -> list[dict[str, Any]]:
    return [
        {
            "statement": move.statement,
            "position": recorded.position,
            "paid_at": format_instant(recorded.at),
            "on": _posting_date(recorded),
            "amount": move.amount.text,
            "currency": move.amount.currency,
            "ref": getattr(recorded.event, "ref", None),
            "by": recorded.by,
            "fact": isinstance(recorded.event, Fact),
        }
        for recorded, move in moved
        if move.what == "paid"
    ]


def _standings(own: list[Logged], moved: Moved, *, unpaid: tuple[str, ...]) -> list[dict[str, Any]]:
    """Per statement and commodity: what it is made of, and how it stands."""
    standing = {
        (recorded.event.statement, line.currency): Standing()
        for recorded in own
        if isinstance(recorded.event, StatementIssued)
        for line in recorded.event.lines
        if line.currency
    }
    for _, move in moved:
        key = (move.statement, move.amount.currency)
        standing[key] = standing.get(key, Standing()).moved(move.part, move.amount.minor)
    return [
        {
            "statement": statement_,
            "payee": sides_of(statement_).payee,
            "payer": sides_of(statement_).payer or PLATFORM,
            "currency": currency,
            **one.texts(currency),
            **dict.fromkeys(unpaid),
        }
        for (statement_, currency), one in sorted(standing.items())
    ]


def _posting_date(recorded: Logged) -> str | None:
    """The day that a decision gives its entries, a payment the bank's; facts have their own."""
    return getattr(recorded.event, "posting_date", None)


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
                "on": None if move.what == "carried" else _posting_date(recorded),
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
