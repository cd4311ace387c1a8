"""`duebook close` and `duebook adjust`: finishing a period, and what is learned afterwards."""

from typing import TYPE_CHECKING, Any

import click

from cli.deciding import Decision, deciding
from cli.options import JOBS, Ask, answering, not_empty, now
from cli.output import Out
from cli.signing import checkpoint_of_close, signing_key
from cli.talk import say
from cli.typed import DAY, completing
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

DIFFERENCES = 3


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("open_months"))
@click.option("--leave-open", is_flag=True, help="Close although lines are held; needs --reason.")
@click.option("--reason", metavar="TEXT", callback=not_empty, help="Why it is closed nevertheless.")
@click.option(
    "--as-of", metavar="INSTANT|DATE", help="Only what had happened by then [now]; never later."
)
@click.option(
    "--posting-date", type=DAY, metavar="DATE", help="The day of its entries [the period's last]."
)
@JOBS
@deciding
@answering(writes=True, own_reason=True)
def close(
    program: str,
    period: str | None,
    leave_open: bool,
    reason: str | None,
    posting_date: "date | None",
    jobs: int,
    decision: Decision,
    ask: Ask,
) -> int:
    """Issue the statements of a period, one per payee, and seal it.

    On a terminal it shows them and asks. What arrives later is recorded all the same and belongs
    to the next `adjust`.

    \b
    duebook close recruiting-eu-jp-2026q1 --dry-run
    duebook close recruiting-eu-jp-2026q1 --by lin
    duebook close recruiting-eu-jp-2026q1 --by lin --leave-open --reason "ratios come in May"
    """
    from ledger.usecases.closing.close import close as usecase
    from ledger.usecases.settling.processes import processes

    alone = reason is None if leave_open else reason is not None and ask.clock_is_right is None
    if alone:
        raise click.UsageError("--leave-open and --reason go together: say why it is left open.")
    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, _issued(plan))
        _talk_closed(where, plan)

    key = signing_key()
    with ask.opened() as book, processes(book, jobs) as working:
        with book.reading() as connection:
            at = decision_as_of(ask, connection, program)
        answer = usecase(
            book,
            program,
            period,
            by=decision.by,
            now=now(),
            as_of=at,
            leave_open=reason if leave_open else None,
            posting_date=posting_date,
            agree=decision.agree(f"Close {program}{f' {period}' if period else ''}?", show),
            processes=working,
        )
        if answer["recorded"]:
            checkpoint_of_close(book, key, answer)
    decision.answer(where, answer, _issued(answer))
    if where.is_table and not decision.declined:
        _talk_closed(where, answer)
    return decision.ended(where)


def _issued(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "statement": statement["statement"],
            "lines": statement["lines"],
            "amount": text,
            "currency": code,
            "brought_forward": _brought(statement, code),
        }
        for statement in answer["statements"]
        for code, text in (statement["totals"] or {None: None}).items()
    ]


def _brought(statement: dict[str, Any], code: str) -> str:
    return ";".join(
        row["amount"] for row in statement["brought_forward"] if row["currency"] == code
    )


def _talk_closed(where: Out, answer: dict[str, Any]) -> None:
    totals = ", ".join(f"{grouped(text)} {code}" for code, text in answer["totals"].items())
    say("")
    word = "Closed" if answer["recorded"] else "To be closed"
    say(
        f"{word}: {counted(answer['lines'], 'line')}, "
        f"{counted(len(answer['statements']), 'statement')}, "
        f"{totals or 'nothing'} payable, posted on {answer['posting_date']}."
    )
    if answer["held"] or answer["exceptions"]:
        held, exceptions = answer["held"], answer["exceptions"]
        say(f"Left open: {counted(held, 'held line')}, {counted(exceptions, 'exception')}.")
    say(f"As of {where.clocks(answer)}, seal {answer['digest'][:23]}...")
    if answer["recorded"]:
        say(f"Receipt {answer['receipt']}")
        if "checkpoint" in answer:
            say("To give it away as evidence: duebook checkpoint -o FILE.note")


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("closed_months"))
@click.option("--posting-date", type=DAY, metavar="DATE", help="The day of its entries [today].")
@JOBS
@deciding
@answering(clocks=True, writes=True)
def adjust(
    program: str,
    period: str | None,
    posting_date: "date | None",
    jobs: int,
    decision: Decision,
    ask: Ask,
) -> int:
    """Issue what has changed since a period was closed, line by line, with its causes.

    The terms are those of the close. A clawback is a negative difference. On a terminal it shows
    the differences and asks; with --dry-run it exits with 3 where there are some.

    \b
    duebook adjust recruiting-eu-jp-2026q1 --dry-run
    duebook adjust recruiting-eu-jp-2026q1 --by lin
    """
    from ledger.usecases.closing.adjust import adjust as usecase
    from ledger.usecases.closing.adjust import adjustment
    from ledger.usecases.settling.processes import processes

    where, dry_run = ask.out, decision.dry_run
    if ask.known_at is not None and not dry_run:
        raise click.UsageError(
            "--known-at needs --dry-run: an adjustment is issued with everything that is known."
        )

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [_row(row) for row in plan["adjustments"]])
        _talk_adjusted(plan)

    with ask.opened() as book, processes(book, jobs) as working:
        if dry_run and posting_date is None:
            with book.reading() as connection:
                at = ask.clocks(connection, program)
                answer = adjustment(connection, program, period, at, working).as_json()
            answer |= {"recorded": 0, "posting_date": None}
        else:
            with book.reading() as connection:
                instant = decision_as_of(ask, connection, program)
            question = f"Issue the adjustment of {program}{f' {period}' if period else ''}?"
            _, answer = usecase(
                *(book, program, period),
                by=decision.by,
                now=now(),
                as_of=instant,
                posting_date=posting_date,
                agree=decision.agree(question, show),
                processes=working,
            )
    decision.answer(where, answer, [_row(row) for row in answer["adjustments"]])
    if where.is_table and not decision.declined:
        _talk_adjusted({**answer, "recorded": None} if dry_run else answer)
    return DIFFERENCES if dry_run and answer["adjustments"] else decision.ended(where)


def _row(adjustment: dict[str, Any]) -> dict[str, Any]:
    names = ("line", "payee", "was", "now", "difference", "currency", "outcome")
    causes = [", ".join(map(str, adjustment["because"]))] if adjustment["because"] else []
    if adjustment.get("orders_changed"):
        causes.append(f"orders changed: {adjustment['orders_changed']}")
    causes += [f"filled {', '.join(adjustment['filled'])}"] if adjustment["filled"] else []
    because = "; ".join(causes) or "passage of time"
    shown = {n: adjustment[n] for n in names}
    if shown["difference"] is None:  # a decision, which has no amounts: what it was and is now
        shown |= {"was": adjustment.get("outcome_was"), "now": adjustment["outcome"]}
    return shown | {"why": adjustment["why"], "because": because}


def _talk_adjusted(answer: dict[str, Any]) -> None:
    for row in answer["left_alone"]:
        say(f"Not adjusted: {row['line']} keeps the platform's figure ({row['break']}).")
    if not answer["adjustments"]:
        what = "No other line has changed." if answer["left_alone"] else "Nothing has changed."
        say(what if answer["recorded"] is None else f"{what} Nothing was recorded.")
        return
    say("")
    totals = ", ".join(f"{grouped(text)} {code}" for code, text in answer["totals"].items())
    word = "changed" if answer["recorded"] else "would change"
    lines = len({row["line"] for row in answer["adjustments"]})
    say(f"{counted(lines, 'line')} {word}" + (f", in all {totals}." if totals else "."))
    first = min((fact for row in answer["adjustments"] for fact in row["because"]), default=None)
    if first is not None:
        say(f"What fact {first} says: duebook log --after {first - 1} --limit 1")
    say(f"Why a line is what it is: duebook explain {answer['adjustments'][0]['line']}")
    if answer["recorded"]:
        say(
            f"{counted(answer['recorded'], 'statement')} adjusted, "
            f"posted on {answer['posting_date']}. "
            f"Receipt {answer['receipt']}"
        )


def decision_as_of(ask: Ask, connection: "Connection", program: str) -> int | None:
    """The as-of of a decision as typed, or None for now."""
    clocks = ask.clocks(connection, program)
    return None if ask.as_of is None else clocks.as_of
