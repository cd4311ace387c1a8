"""What people type as arguments: days, and the names that the shell completes."""

from typing import TYPE_CHECKING, Any

import click

from cli.options import location, now

if TYPE_CHECKING:
    from datetime import date


class Day(click.ParamType[Any]):
    """A day as people write it; `today` is that of the zone in which instants are shown."""

    name = "day"

    def convert(self, value: Any, _parameter: Any, _context: Any) -> "date":
        from ledger.kernel.days import parse_day
        from ledger.kernel.instants import DEFAULT_ZONE, day_of

        return parse_day(value, day_of(now(), DEFAULT_ZONE)) if isinstance(value, str) else value


DAY = Day()


def complete_programs(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Ids of published editions, for the shell's completion."""
    from ledger.kernel.errors import Refusal
    from ledger.store.book import open_book
    from ledger.usecases.terms.editions import published

    try:
        book = open_book(location(context.params.get("book"), context), readonly=True)
        with book.reading() as connection:
            names = {one.event.program for one in published(connection, 2**62)}
    except Refusal:
        return []
    return sorted(name for name in names if name.startswith(typed))
