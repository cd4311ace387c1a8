"""Reports that programs add to the built-in ones, worked out at the clocks of the report."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.programs.registry import declaring, program_of
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import last_editions

Rows = Callable[[Connection, Clocks], list[dict[str, Any]]]


def of_programs() -> dict[str, tuple[Rows, str]]:
    """Every such report by name, with what it shows."""
    return {
        name: (partial(_rows, name), report.about)
        for program in declaring("reports").values()
        for name, report in program.reports.items()
    }


def _rows(name: str, connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """The rows of every published edition whose program has the report, edition by edition."""
    reader = LogReader(connection, clocks)
    rules = [rules for rules, program in declaring("reports").items() if name in program.reports]
    return [
        row
        for edition in last_editions(connection, clocks.known_at, rules)
        for row in program_of(edition.rules).reports[name].rows(reader, edition)
    ]
