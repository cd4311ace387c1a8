"""`duebook init`: makes a book."""

import click

from cli.destination import INPUT
from cli.options import Ask, answering, location, now
from cli.progress import progress
from cli.talk import said_done, say


@click.command()
@click.option("--demo", is_flag=True, help="Fill it with the shipped example quarter.")
@click.option(
    "--entity",
    default="platform",
    metavar="E",
    help="Whose side it keeps: platform, or a party such as partner:P-01 [platform].",
)
@click.option(
    "--orders", type=INPUT, metavar="FOLDER", help="Where order lines are kept [beside the book]."
)
@answering(writes=True)
def init(demo: bool, entity: str, orders: str | None, ask: Ask) -> None:
    """Make a book and publish the shipped editions in it.

    \b
    duebook init
    duebook init --demo --book demo.db
    duebook init --book postgresql://user@host/books --entity partner:P-01
    """
    from ledger.usecases import init as usecase

    where = ask.out
    with progress() as told:
        filled = usecase.Demo(now(), told) if demo else None
        place = location(ask.book)
        made, answer = usecase.init(place, entity, orders, ask.clock_is_right, demo=filled)
    said_done(answer["position"])
    made.close()
    where.data(answer, [answer])
    named = f" --book {answer['book']}" if ask.book else ""
    if demo:
        nexts = [f"duebook settle {usecase.demo_question()}{named}"]
    else:
        nexts = [f"duebook record FACTS.ndjson{named}", f"duebook programs{named}"]
    say("Next:  " + "   ".join(nexts))
