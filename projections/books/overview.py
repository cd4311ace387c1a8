"""The programs of a book at a glance: their terms, how many periods are closed and open, and what
their closes issued. Nothing is settled for it."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.periods import months_begun
from ledger.programs.registry import program_names, program_of
from ledger.usecases.statements.closed_period import closed_periods
from ledger.usecases.terms.editions import last_editions
from projections.cells import PerCurrency

Row = dict[str, Any]


def programs_at(connection: Connection, clocks: Clocks) -> list[Row]:
    """A row for each program that has lines and terms at the clocks.

    `closed_periods` and `open_periods` count periods that have begun; `issued` is what the closes
    stated, per currency, before adjustments.
    """
    closes = [
        close.event
        for close in closed_periods(connection, clocks.known_at)
        if close.at <= clocks.as_of
    ]
    rows = []
    for edition in last_editions(connection, clocks.known_at, program_names()):
        if not program_of(edition.rules).lines:
            continue
        own = [close for close in closes if close.program == edition.program]
        amounts = [Money.parse(text, code) for close in own for code, text in close.totals.items()]
        sums = sum_by_currency(amounts)
        begun = _begun(edition, clocks)
        rows.append({
            "program": edition.program,
            "terms": f"{edition.publisher} version {edition.version}",
            "from": str(edition.first),
            "to": str(edition.last) if edition.last else None,
            "closed_periods": len(own),
            "open_periods": len(begun - {close.period for close in own}),
            "issued": PerCurrency({code: amount.text for code, amount in sums.items()}),
        })  # fmt: skip
    return rows


def _begun(edition: Edition, clocks: Clocks) -> set[str | None]:
    start = edition.window.start
    if program_of(edition.rules).periods.by_month:
        return set(months_begun(edition, start, clocks.as_of))
    return {None} if start <= clocks.as_of else set()
