"""`duebook pay` and `duebook lock`: what was paid on a statement, and days that are shut."""

from datetime import date
from typing import Any

import click

from cli.deciding import Decision, deciding
from cli.options import Ask, answering, not_empty, now
from cli.output import Out
from cli.talk import say
from cli.typed import DAY, completing
from ledger.kernel.counted import grouped


@click.command()
@click.argument("statement", shell_complete=completing("statements"))
@click.option("--amount", required=True, metavar="A", help="What was paid; negative: by the payee.")
@click.option("--currency", required=True, metavar="C", help="Such as CNY, or USD.AD.")
@click.option(
    "--ref", required=True, metavar="R", callback=not_empty, help="The payment's reference."
)
@click.option("--on", type=DAY, metavar="DATE", help="The bank's day, past or today [today].")
@deciding
@answering(writes=True)
def pay(
    statement: str,
    amount: str,
    currency: str,
    ref: str,
    on: date | None,
    decision: Decision,
    ask: Ask,
) -> int:
    """Record that a statement was paid. The same reference again is recorded once.

    The statement may be named by its party, where that means one: P-01, or 2020-05/store:S-1.
    On a terminal it shows the statement's balance afterwards, and asks. A payment that increases
    the open balance needs --yes, also in a script.

    \b
    duebook pay recruiting-eu-jp-2026q1/partner:P-01 --amount 28000.00 --currency CNY \\
        --ref bank-20260510-7 --on 2026-05-10 --by lin
    """
    from ledger.usecases.looking.short_names import statement_meant
    from ledger.usecases.statements.pay import pay as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [plan])
        _talk(plan)

    with ask.opened() as book:
        with book.reading() as connection:
            meant = statement_meant(connection, statement, book.head().position)
        answer = usecase(
            *(book, meant),
            amount=amount,
            currency=currency,
            ref=ref,
            by=decision.by,
            now=now(),
            on=on,
            may_raise_open=decision.yes or decision.looks,
            agree=decision.agree("Record this payment?", show),
        )
    decision.answer(where, answer, [answer])
    if where.is_table and not decision.shown:
        _talk(answer)
    return decision.ended(where)


def _talk(answer: dict[str, Any]) -> None:
    currency = answer["currency"]
    if not answer["recorded"] and answer["open_before"] is None:
        say(f"The payment {answer['ref']!r} was recorded before, at position {answer['position']}.")
    if answer["raises_open"]:
        say(
            f"Careful: {grouped(answer['open_before'])} {currency} was open, and this payment "
            "increases the open balance. What the payee pays is negative. To take it back, "
            "record the opposite amount under a reference of its own."
        )
    elif answer["advance"].strip("-0."):
        say(
            f"{grouped(answer['advance'])} {currency} is paid beyond what is due and stands "
            "as an advance."
        )


@click.command()
@click.argument("through", type=DAY, metavar="DATE")
@click.option("--reason", metavar="TEXT", callback=not_empty, help="Why.")
@deciding
@answering(writes=True, own_reason=True)
def lock(through: date, reason: str | None, decision: Decision, ask: Ask) -> int:
    """Lock the books up to and including a day: nothing can be posted on those days any more.

    What is posted on them keeps its day. What is recorded later and has such a day is posted on the
    first day after, its own day in the description; a decision with such a --posting-date or --on
    is refused. A lock never goes back.

    \b
    duebook lock 2026-03-31 --by lin
    duebook lock 2026q1 --by lin --reason "filed with the tax office"
    """
    from ledger.usecases.statements.lock import lock as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [plan])
        _talk_locked(where, plan)

    with ask.opened() as book:
        answer = usecase(
            *(book, through),
            by=decision.by,
            now=now(),
            reason=reason,
            agree=decision.agree(f"Lock the days up to {through}?", show),
        )
    decision.answer(where, answer, [answer])
    if where.is_table and not decision.shown:
        _talk_locked(where, answer, would=decision.dry_run)
    return decision.ended(where)


def _talk_locked(where: Out, answer: dict[str, Any], *, would: bool = False) -> None:
    if answer["was"] == answer["through"]:
        say(f"The days up to {answer['through']} were locked before.")
        return
    before = f"; before, those up to {answer['was']} were" if answer["was"] else ""
    posted = "would be posted" if would else "can be posted"
    say(f"Nothing {posted} on or before {answer['through']} any more{before}.")
