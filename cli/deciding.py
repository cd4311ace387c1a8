"""What decision commands have in common: they show what they will do, ask, and then do it."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

import click

from cli.options import not_empty
from cli.output import Out
from cli.talk import is_terminal, say
from ledger.kernel.counted import counted, grouped

F = TypeVar("F", bound=Callable[..., Any])
NOTHING = "Nothing was recorded."
Plan = dict[str, Any]
REFUSED = 1


@dataclass
class Decision:
    """Who decides, and whether a decision is only shown, confirmed first, or made at once."""

    by: str
    dry_run: bool
    yes: bool
    shown: bool = field(default=False, init=False)
    """Whether the decision was shown and the user was asked."""
    declined: bool = field(default=False, init=False)
    """Whether the user was asked and said no."""

    @property
    def looks(self) -> bool:
        """Whether a user sees the decision before it is recorded."""
        return self.dry_run or (not self.yes and is_terminal())

    def agree(self, question: str, show: Callable[[Plan], None]) -> Callable[[Plan], bool]:
        """The function that a use case calls with what it would record, before it does.

        With `--dry-run` nothing is recorded; where nobody is asked it is decided at once, under
        the lock if necessary.
        """
        from ledger.usecases.record_decisions import at_once

        if not self.looks:
            return at_once

        def agreed(plan: Plan) -> bool:
            if self.dry_run:
                return False
            show(plan)
            self.shown = True
            self.declined = not click.confirm(question, err=True)
            return not self.declined

        return agreed

    def answer(self, where: Out, answer: Any, rows: list[dict[str, Any]]) -> None:
        """Writes the answer, unless the same table was shown on the same terminal just before."""
        if not (self.shown and where.is_table and where.destination is None and _is_screen()):
            where.data(answer, rows)

    def ended(self, where: Out) -> int:
        """Says so if nothing was recorded; returns the exit code."""
        if self.declined:
            say(NOTHING)
            return REFUSED
        if self.dry_run and where.is_table:
            say(f"{NOTHING} Leave --dry-run out to do it.")
        return 0


def _is_screen() -> bool:
    with suppress(AttributeError, ValueError):
        return sys.stdout.isatty()
    return False


def deciding(command: F) -> F:
    """Adds `--by NAME`, `--dry-run` and `--yes`; the command gets them as one `decision`."""

    @wraps(command)
    def decided(*given: Any, **more: Any) -> Any:
        by, dry_run = more.pop("by"), more.pop("dry_run")
        if by is None and not dry_run:
            raise click.UsageError(
                "Missing option '--by': who decides this. Or look with --dry-run."
            )
        decision = Decision(by or "", dry_run, more.pop("yes"))
        return command(*given, decision=decision, **more)

    for option in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Show what would be done; record nothing."),
        click.option("--by", metavar="NAME", callback=not_empty, help="Who decides this."),
    ):
        decided = option(decided)
    return cast(F, decided)


def say_moves(plan: Plan) -> None:
    """Says what a decision moves in open periods, if that was worked out."""
    for move in plan.get("moves", ()):
        name = " ".join(filter(None, [move["program"], move["period"]]))
        sums = ", ".join(f"{grouped(text)} {code}" for code, text in move["difference"].items())
        say(
            f"{name}: {counted(move['lines'], 'line')} would change, in all {sums or 'by nothing'}."
        )
        for line in move["changes"]:
            say(
                f"  {line['line']} ({line['payee']}): {line['was_outcome'] or 'none'} "
                f"{line['was'] or ''} -> {line['now_outcome'] or 'none'} {line['now'] or ''} "
                f"{line['currency'] or ''}"
            )
    if plan.get("moves") == []:
        say("No line of an open period changes.")
    if plan.get("months_left_out"):
        say(
            f"Of each program the last {plan['months_worked_out']} open months were worked out; "
            f"{plan['months_left_out']:,} earlier ones were not."
        )
