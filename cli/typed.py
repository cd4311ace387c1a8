"""What people type as arguments: days, and the names that the shell completes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cli.options import now

if TYPE_CHECKING:
    from datetime import date


class Day(click.ParamType[Any]):
    """A day as people write it; `today` is the day in the zone in which instants are shown."""

    name = "day"

    def convert(self, value: Any, _parameter: Any, _context: Any) -> "date":
        from ledger.kernel.days import parse_day
        from ledger.kernel.instants import DEFAULT_ZONE, day_of

        return parse_day(value, day_of(now(), DEFAULT_ZONE)) if isinstance(value, str) else value


DAY = Day()


def completing(names: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Shell completion by the name of a function of `cli.completion`, which is imported only when
    the shell asks."""

    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
        from cli import completion

        offered: list[str] = getattr(completion, names)(context, parameter, typed)
        return offered

    return complete
