"""`duebook journal` and `duebook balances`: the double entries and what they come to."""

from typing import TYPE_CHECKING

import click

from cli.numbers import AFTER
from cli.options import Ask, answering
from cli.pictures import with_courses
from cli.progress import progress
from cli.talk import say
from cli.typed import DAY, completing

if TYPE_CHECKING:
    from datetime import date

    from projections.journal import Posted

EXPORTS = ("beancount", "journal")


FROM = click.option("--from", "first", type=DAY, metavar="DATE", help="Only from this day on.")
TO = click.option("--to", "last", type=DAY, metavar="DATE", help="Only up to this day.")


@click.command()
@click.option(
    "--account",
    metavar="ACCOUNT",
    shell_complete=completing("accounts"),
    help="Only entries of this account and its sub-accounts.",
)
@FROM
@TO
@click.option(
    "--after",
    type=AFTER,
    default=0,
    metavar="POSITION",
    help="Only what was recorded after it, such as since the last export.",
)
@answering(clocks=True, also=EXPORTS)
def journal(
    account: str | None, first: "date | None", last: "date | None", after: int, ask: Ask
) -> int:
    """Show the double entries, or write them for Beancount, hledger or a spreadsheet.

    Entries are of the day on which they are posted: of a close the period's last, of a payment
    the bank's.

    \b
    duebook journal
    duebook journal --account Liabilities:Payable
    duebook journal --from 2026-01-01 --to 2026q1
    duebook journal --after 1662 -o new.journal
    duebook journal -o book.beancount
    duebook journal -o book.journal
    """
    from projections.journal import journal as usecase

    where = ask.out
    with ask.opened() as book, progress() as report:
        at = ask.chosen_clocks(book)
        span = _span(first, last)._replace(after=after)
        with usecase(book, account=account, clocks=at, progress=report, span=span) as answer:
            title = f"{answer.entity}, known at {answer.clocks.known_at}"
            if where.format == "beancount":
                from projections.exporters import beancount

                where.export(beancount.lines(answer.entries(), title))
            elif where.format == "journal":
                from projections.exporters import hledger

                where.export(hledger.lines(answer.entries(), title))
            elif where.format == "csv":
                from projections.exporters import journal_csv

                where.export(journal_csv.lines(answer.entries(), title))
            else:
                rows = answer.rows() if where.format == "ndjson" else list(answer.rows())
                where.data(rows, rows)
    if after or where.destination is not None:
        say(f"Only what is new the next time: --after {answer.clocks.known_at}")
    return 0


def _span(first: "date | None", last: "date | None") -> "Posted":
    from projections.journal import Posted

    if first and last and first > last:
        raise click.UsageError(f"--from {first} is after --to {last}.")
    return Posted(first, last)


@click.command()
@click.argument("account", required=False, shell_complete=completing("accounts"))
@FROM
@TO
@click.option("--monthly", is_flag=True, help="A column for each month: what it moved.")
@click.option("--quarterly", is_flag=True, help="A column for each quarter: what it moved.")
@answering(clocks=True)
def balances(
    account: str | None,
    first: "date | None",
    last: "date | None",
    monthly: bool,
    quarterly: bool,
    ask: Ask,
) -> int:
    """Show the balance of every account, or of one and those below it.

    Debits are positive, credits negative. Up to a day (--to) it is the balance at its end; from a
    day on (--from), or month by month, what moved.

    \b
    duebook balances
    duebook balances Liabilities:Payable --to 2026-03-31
    duebook balances Income --from 2026-01-01 --to 2026-12-31 --quarterly
    """
    from projections.journal import balances as usecase
    from projections.journal import balances_by_day

    if monthly and quarterly:
        raise click.UsageError("--monthly or --quarterly, not both.")
    where, span = ask.out, _span(first, last)
    every = 1 if monthly else 3 if quarterly else None
    with ask.opened() as book, progress() as report:
        at = ask.chosen_clocks(book)
        if every or first or last:
            answer = balances_by_day(book, account, at, report, span=span, every=every)
        else:
            answer = usecase(book, account, at, report)
    where.data(answer.rows, answer.rows, pictured=with_courses if every else None)
    if where.is_table:
        what = "What moved" if every or first else f"At the end of {last}" if last else "Balances"
        say(
            f"{what}, known at position {answer.clocks.known_at:,}. Debits positive, credits "
            "negative."
        )
    return 0
