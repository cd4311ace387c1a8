"""`duebook init`: makes a book."""

import click

from cli.destination import INPUT
from cli.options import Ask, answering, location, now
from cli.progress import progress
from cli.talk import said_done, say

SQL = "sql"
PLATFORM = "platform"


@click.command()
@click.option("--demo", is_flag=True, help="Fill it with the shipped example quarter.")
@click.option(
    "--entity",
    default=PLATFORM,
    metavar="E",
    help="Whose side it keeps: platform, or a party such as partner:P-01 [platform].",
)
@click.option(
    "--archive",
    type=INPUT,
    metavar="FOLDER|URL",
    help="Where order lines are kept: a folder, or s3://BUCKET/PREFIX [next to the book].",
)
@click.option(
    "--roles",
    is_flag=True,
    help="Make nothing: print the SQL of PostgreSQL roles with least rights.",
)
@answering(writes=True, also=(SQL,))
def init(demo: bool, entity: str, archive: str | None, roles: bool, ask: Ask) -> None:
    """Make a book and publish the shipped editions in it.

    \b
    duebook init
    duebook init --demo --book demo.db
    duebook init --book postgresql://user@host/books --entity partner:P-01
    duebook init --archive s3://bucket/europe
    duebook init --roles | psql books
    """
    if roles:
        if demo or archive or entity != PLATFORM:
            raise click.UsageError("--roles only prints a script: make the book in another call.")
        _print_roles(ask)
        return
    if ask.out.format == SQL:
        raise click.UsageError("Only --roles answers in SQL.")
    from ledger.usecases import init as usecase

    where = ask.out
    with progress() as report:
        filled = usecase.Demo(now(), report) if demo else None
        place = location(ask.book)
        made, answer = usecase.init(place, entity, archive, ask.clock_is_right, demo=filled)
    said_done(answer["position"])
    made.close()
    where.data(answer, [answer])
    named = f" --book {answer['book']}" if ask.book else ""
    if demo:
        nexts = [f"duebook settle {usecase.demo_question()}{named}"]
    else:
        nexts = [f"duebook record FACTS.ndjson{named}", f"duebook programs{named}"]
    say("Next:  " + "   ".join(nexts))


def _print_roles(ask: Ask) -> None:
    """Prints the script for the schema of the book's URL, if it names one."""
    from ledger.store.book import is_url
    from ledger.store.roles import roles_script

    if ask.book is not None and not is_url(ask.book):
        raise click.UsageError(
            f"--roles is for books in PostgreSQL; {ask.book} is a file: who may read or write it, "
            "its mode says."
        )
    if ask.out.format not in (SQL, "table"):
        raise click.UsageError("--roles prints SQL: leave --format out, or write -o roles.sql.")
    ask.out.text(roles_script(location(ask.book)).splitlines())
