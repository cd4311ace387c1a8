"""Columns that programs add to built-in reports, worked out at the clocks of the report."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.programs.registry import declaring, program_of
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import last_editions


def columns_of(report: str) -> tuple[str, ...]:
    """The columns that programs add to a report, in the order of the programs' names."""
    added = (
        program.figures[report].columns
        for program in declaring("figures").values()
        if report in program.figures
    )
    return tuple(dict.fromkeys(name for columns in added for name in columns))


def figures_of(
    connection: Connection, report: str, names: Collection[str], clocks: Clocks
) -> dict[str, dict[str, Any]]:
    """Per name the figures of the published editions: numbers summed, the first of the texts."""
    rules = [name for name, program in declaring("figures").items() if report in program.figures]
    reader, by_name = LogReader(connection, clocks), dict[str, dict[str, Any]]()
    for edition in last_editions(connection, clocks.known_at, rules):
        for name, values in program_of(edition.rules).figures[report].of(reader, edition, names):
            own = by_name.setdefault(name, {})
            for column, value in values.items():
                if isinstance(value, int):
                    own[column] = own.get(column, 0) + value
                else:
                    own[column] = min(own.get(column, value), value)
    return by_name
