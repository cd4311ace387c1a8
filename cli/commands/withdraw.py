"""`duebook withdraw`: takes a wrong fact out of account."""

import click

from cli.options import POSITION_MAX, Ask, answering, by_option, not_empty, now


@click.command()
@click.argument("position", type=click.IntRange(1, POSITION_MAX))
@click.option(
    "--reason", required=True, metavar="TEXT", callback=not_empty, help="Why the fact was wrong."
)
@by_option
@answering(writes=True, own_reason=True)
def withdraw(position: int, reason: str, by: str, ask: Ask) -> None:
    """Withdraw the fact at a position: it counts for nothing from here on.

    Nothing is edited or deleted; a run known at an earlier position still sees it.

    \b
    duebook withdraw 123 --reason "the closure was another store's" --by lin
    """
    from ledger.usecases.recording.withdraw import withdraw as usecase

    where = ask.out
    with ask.opened() as found:
        answer = usecase(found, position, reason=reason, by=by, now=now())
    where.data(answer, [answer])
