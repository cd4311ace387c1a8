"""`duebook upgrade` and `duebook export`: books of older versions, and facts for another book."""

import click

from cli.options import Ask, answering, by_option
from cli.talk import say


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@by_option
@answering(writes=True)
def upgrade(dry_run: bool, by: str, ask: Ask) -> None:
    """Let this version write a book of an older one, which that one cannot read any more then.

    Nothing that is recorded changes; reading needs no upgrade.

    \b
    duebook upgrade --by lin --dry-run
    duebook upgrade --by lin
    """
    from ledger.usecases.verifying.upgrade import upgrade as usecase

    where = ask.out
    with ask.opened() as found:
        answer = usecase(found, by=by, dry_run=dry_run)
    where.data(answer, [answer])
    if where.is_table and answer["was"] == answer["format"]:
        say("It is of this version already: nothing was changed.")


@click.command()
@click.argument("what", type=click.Choice(["facts"]))
@answering(clocks=True, formats=("ndjson",))
def export(what: str, ask: Ask) -> None:
    """Write every fact that counts, as it is told: `duebook record` takes the file.

    What was withdrawn is left out; terms, decisions and orders are no facts.

    \b
    duebook export facts -o facts.ndjson
    duebook export facts --as-of 2026-03-31 -o first-quarter.ndjson
    """
    from ledger.usecases.looking.exported import exported_facts

    where = ask.out
    where.format = "ndjson"
    with ask.opened() as found, found.reading() as connection:
        where.data(None, exported_facts(connection, ask.clocks(connection)))
