"""What moved statements, as their answers tell it: payments, standings, the running total."""

from typing import Any

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Fact, Logged
from ledger.aggregates.settlement import StatementIssued, sides_of
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.programs.line import PLATFORM
from ledger.programs.moves import Move

Moved = list[tuple[Logged, Move]]


def payments(moved: Moved) -> list[dict[str, Any]]:
    """The payments, with the day that the bank had each on."""
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


def standings(own: list[Logged], moved: Moved, *, unpaid: tuple[str, ...]) -> list[dict[str, Any]]:
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
            **standing.texts(currency),
            **dict.fromkeys(unpaid),
        }
        for (statement_, currency), standing in sorted(standing.items())
    ]


def _posting_date(recorded: Logged) -> str | None:
    """The day that a decision gives its entries, a payment the bank's; facts have their own."""
    return getattr(recorded.event, "posting_date", None)


def running(moved: Moved) -> list[dict[str, Any]]:
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
