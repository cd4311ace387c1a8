"""`duebook journal` and `duebook balances`: the double entries and what they come to."""

import click

from cli.options import Ask, answering
from cli.progress import progress
from cli.talk import say

EXPORTS = ("beancount", "journal")


@click.command()
@click.option("--account", metavar="ACCOUNT", help="Only entries that touch it or are below it.")
@answering(clocks=True, also=EXPORTS)
def journal(account: str | None, ask: Ask) -> int:
    """Show the double entries, or write them for Beancount, hledger or a spreadsheet.

    \b
    duebook journal
    duebook journal --account Liabilities:Payable
    duebook journal -o book.beancount
    duebook journal -o book.journal
    """
    from projections.journal import journal as usecase

    where = ask.out
    with ask.opened() as found, progress() as told:
        at = ask.chosen_clocks(found)
        with usecase(found, account=account, clocks=at, progress=told) as answer:
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
    return 0


@click.command()
@click.argument("account", required=False)
@answering(clocks=True)
def balances(account: str | None, ask: Ask) -> int:
    """Show the balance of every account, or of one and those below it.

    Debits are positive, credits negative.

    \b
    duebook balances
    duebook balances Liabilities:Payable
    """
    from projections.journal import balances as usecase

    where = ask.out
    with ask.opened() as found, progress() as told:
        answer = usecase(found, account, ask.chosen_clocks(found), told)
    where.data(answer.rows, answer.rows)
    if where.is_table:
        say(f"Known at position {answer.clocks.known_at:,}. Debits positive, credits negative.")
    return 0
