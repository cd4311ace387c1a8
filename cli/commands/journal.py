"""`duebook journal` and `duebook balances`: the double entries and what they come to."""

from typing import TYPE_CHECKING

import click

from cli.options import (
    answer_options,
    book_option,
    chosen_clocks,
    clock_options,
    opened,
    out,
)
from cli.output import say
from cli.progress import progress

if TYPE_CHECKING:
    pass

EXPORTS = ("beancount", "journal")


@click.command()
@click.option("--account", metavar="ACCOUNT", help="Only entries that touch it or are below it.")
@clock_options
@book_option
@answer_options
def journal(
    account: str | None,
    as_of: str | None,
    known_at: str | None,
    book: str | None,
    format_: str | None,
    output: str | None,
) -> int:
    """Show the double entries, or write them for Beancount, hledger or a spreadsheet.

    \b
    duebook journal
    duebook journal --account Liabilities:Payable
    duebook journal -o book.beancount
    duebook journal -o book.journal
    """
    from projections.reports.journal import journal as usecase

    where = out(format_, output, also=EXPORTS)
    with opened(book) as found, progress() as told:
        at = chosen_clocks(found, as_of, known_at)
        with usecase(found, account=account, clocks=at, progress=told) as answer:
            title = f"{answer.entity}, known at {answer.clocks.known_at}"
            if where.format == "beancount":
                from projections.exporters import beancount

                where.text(beancount.lines(answer.entries(), title))
            elif where.format == "journal":
                from projections.exporters import hledger

                where.text(hledger.lines(answer.entries(), title))
            elif where.format == "csv":
                from projections.exporters import journal_csv

                where.text(journal_csv.lines(answer.entries(), title))
            else:
                rows = answer.rows() if where.format == "ndjson" else list(answer.rows())
                where.data(rows, rows)
    return 0


@click.command()
@click.argument("account", required=False)
@clock_options
@book_option
@answer_options
def balances(
    account: str | None,
    as_of: str | None,
    known_at: str | None,
    book: str | None,
    format_: str | None,
    output: str | None,
) -> int:
    """Show the balance of every account, or of one and those below it.

    Debits are positive, credits negative.

    \b
    duebook balances
    duebook balances Liabilities:Payable
    """
    from projections.reports.journal import balances as usecase

    where = out(format_, output)
    with opened(book) as found, progress() as told:
        answer = usecase(found, account, chosen_clocks(found, as_of, known_at), told)
    where.data(answer.rows, answer.rows)
    if where.is_table:
        say(f"Known at position {answer.clocks.known_at:,}. Debits positive, credits negative.")
    return 0
