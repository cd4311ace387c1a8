"""`duebook statement` and `duebook pay`: what was issued to a payee, and paying it."""

from typing import Any

import click

from cli.options import (
    answer_options,
    book_option,
    by_option,
    complete_programs,
    not_empty,
    opened,
    out,
)
from cli.output import grouped, say


@click.command()
@click.argument("program", shell_complete=complete_programs)
@click.argument("period", required=False)
@click.option("--payee", metavar="PAYEE", help="Only this payee's, such as partner:P-01.")
@click.option("--known-at", metavar="INSTANT|POSITION", help="As the book knew it then.")
@book_option
@answer_options
def statement(
    program: str,
    period: str | None,
    payee: str | None,
    known_at: str | None,
    book: str | None,
    format_: str | None,
    output: str | None,
) -> None:
    """Show the issued statements of a period, their adjustments and payments.

    \b
    duebook statement recruiting-eu-jp-2026q1 --payee partner:P-01
    duebook statement recruiting-eu-jp-2026q1 --payee partner:P-01 -o P-01.xlsx
    """
    from ledger.usecases.clock import known_position
    from ledger.usecases.statement import statement as usecase

    where = out(format_, output, also=("xlsx",))
    with opened(book) as found, found.reading() as connection:
        position = known_position(connection, known_at)
        answer = usecase(connection, program, period, payee, position)
    if where.format == "xlsx":
        from projections.exporters.xlsx import write

        with where.binary() as file:
            write(answer, file)
        return
    where.data(answer, answer["running"] if where.is_table else answer["lines"])
    if where.is_table:
        _talk(answer)


def _talk(answer: dict[str, Any]) -> None:
    say("")
    for one in answer["statements"]:
        said = f"{one['statement']}: due {grouped(one['due'])}, paid {grouped(one['paid'])}, "
        said += f"open {grouped(one['open'])} {one['currency']}"
        if one["advance"].strip("-0."):
            said += f"; paid beyond what is due: {grouped(one['advance'])}"
        say(said)
    seal = answer["seal"]
    say(
        f"Issued {answer['issued_at']} by {seal['by']}, as of {seal['as_of']}, known at "
        f"{seal['known_at']}, seal {seal['digest'][:23]}..."
    )


@click.command()
@click.argument("statement")
@click.option("--amount", required=True, metavar="A", help="What was paid; negative: by the payee.")
@click.option("--currency", required=True, metavar="C", help="Such as CNY, or USD.AD.")
@click.option(
    "--ref", required=True, metavar="R", callback=not_empty, help="The payment's reference."
)
@by_option
@book_option
@answer_options
def pay(
    statement: str,
    amount: str,
    currency: str,
    ref: str,
    by: str,
    book: str | None,
    format_: str | None,
    output: str | None,
) -> None:
    """Record that a statement was paid. The same reference again is recorded once.

    \b
    duebook pay recruiting-eu-jp-2026q1/partner:P-01 --amount 28000.00 --currency CNY \\
        --ref bank-20260510-7 --by lin
    """
    from ledger.usecases.pay import pay as usecase

    where = out(format_, output)
    with opened(book) as found:
        answer = usecase(found, statement, amount=amount, currency=currency, ref=ref, by=by)
    where.data(answer, [answer])
    if where.is_table:
        if not answer["recorded"]:
            say(f"The payment {ref!r} was recorded before, at position {answer['position']}.")
        if answer["advance"].strip("-0."):
            say(
                f"{grouped(answer['advance'])} {currency} is paid beyond what is due and stands "
                "as an advance."
            )
