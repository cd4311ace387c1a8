"""What moved statements, as shown in answers: payments, balances, the running total."""

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
    """The payments, each with the bank's day."""
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
    """Per statement and commodity, the components of the balance and the balance itself."""
    by_key = {
        (recorded.event.statement, line.currency): Standing()
        for recorded in own
        if isinstance(recorded.event, StatementIssued)
        for line in recorded.event.lines
        if line.currency
    }
    for _, move in moved:
        key = (move.statement, move.amount.currency)
        by_key[key] = by_key.get(key, Standing()).moved(move.part, move.amount.minor)
    return [
        {
            "statement": name,
            "payee": sides_of(name).payee,
            "payer": sides_of(name).payer or PLATFORM,
            "currency": currency,
            **standing.texts(currency),
            **dict.fromkeys(unpaid),
        }
        for (name, currency), standing in sorted(by_key.items())
    ]


def _posting_date(recorded: Logged) -> str | None:
    """The posting date of a decision, for a payment the bank's day; None for facts."""
    return getattr(recorded.event, "posting_date", None)


def running(moved: Moved) -> list[dict[str, Any]]:
    """Every movement in the order given, with the open balance of its statement after it."""
    by_key: dict[tuple[str, str], Standing] = {}
    rows = []
    for recorded, move in moved:
        key = (move.statement, move.amount.currency)
        own = by_key.get(key, Standing())
        now = by_key[key] = own.moved(move.part, move.amount.minor)
        rows.append(
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
    return rows
