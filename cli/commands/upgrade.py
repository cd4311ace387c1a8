"""`duebook upgrade` and `duebook export`: books of older versions, and facts for another book."""

from typing import Any

import click

from cli.deciding import Decision, deciding
from cli.options import Ask, answering
from cli.talk import say


@click.command()
@deciding
@answering(writes=True)
def upgrade(decision: Decision, ask: Ask) -> int:
    """Let this version write a book of an older one, which that one cannot read any more then.

    Nothing that is recorded changes; reading needs no upgrade.

    \b
    duebook upgrade --by lin --dry-run
    duebook upgrade --by lin
    """
    from ledger.usecases.verifying.upgrade import upgrade as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [plan])

    question = "Let this version write it, and no earlier one read it any more?"
    with ask.opened() as book:
        answer = usecase(book, by=decision.by, agree=decision.agree(question, show))
    decision.answer(where, answer, [answer])
    if answer["was"] == answer["format"]:
        if where.is_table:
            say("The book is of this version already: nothing was changed.")
        return 0
    return decision.ended(where)


@click.command()
@click.argument("what", type=click.Choice(["facts"]))
@answering(clocks=True, formats=("ndjson",))
def export(what: str, ask: Ask) -> None:
    """Write every fact that counts, as it was recorded: `duebook record` takes the file.

    What was withdrawn is left out; terms, decisions and orders are not facts.

    \b
    duebook export facts -o facts.ndjson
    duebook export facts --as-of 2026-03-31 -o first-quarter.ndjson
    """
    from ledger.usecases.looking.export_facts import exported_facts

    where = ask.out
    where.format = "ndjson"
    with ask.opened() as book, book.reading() as connection:
        where.data(None, exported_facts(connection, ask.clocks(connection)))
