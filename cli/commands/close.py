"""`duebook close` and `duebook adjust`: finishing a period, and what is learned afterwards."""

from typing import TYPE_CHECKING, Any

import click

from cli.options import Ask, answering, by_option, complete_programs, not_empty, now
from cli.output import Out, grouped
from cli.talk import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

DIFFERENCES = 3


@click.command()
@click.argument("program", shell_complete=complete_programs)
@click.argument("period", required=False)
@click.option("--leave-open", is_flag=True, help="Close although lines are held; needs --reason.")
@click.option("--reason", metavar="TEXT", callback=not_empty, help="Why it is closed all the same.")
@click.option(
    "--as-of", metavar="INSTANT|DATE", help="Only what had happened by then [now]; never later."
)
@by_option
@answering(writes=True, own_reason=True)
def close(
    program: str,
    period: str | None,
    leave_open: bool,
    reason: str | None,
    by: str,
    ask: Ask,
) -> None:
    """Issue the statements of a period and seal it: one statement per payee.

    What arrives later is recorded all the same and belongs to the next `adjust`.

    \b
    duebook close recruiting-eu-jp-2026q1 --by lin
    duebook close recruiting-eu-jp-2026q1 --by lin --leave-open --reason "ratios come in May"
    """
    from ledger.usecases.closing.close import close as usecase

    alone = reason is None if leave_open else reason is not None and ask.clock_is_right is None
    if alone:
        raise click.UsageError("--leave-open and --reason go together: say why it is left open.")
    where = ask.out
    with ask.opened() as found:
        with found.reading() as connection:
            at = decision_as_of(ask, connection, program)
        answer = usecase(
            found,
            program,
            period,
            by=by,
            now=now(),
            as_of=at,
            leave_open=reason if leave_open else None,
        )
    rows = [
        {
            "statement": one["statement"],
            "lines": one["lines"],
            "amount": text,
            "currency": code,
            "brought_forward": _brought(one, code),
        }
        for one in answer["statements"]
        for code, text in (one["totals"] or {None: None}).items()
    ]
    where.data(answer, rows)
    if where.is_table:
        _talk_closed(where, answer)


def _brought(statement: dict[str, Any], code: str) -> str:
    return ";".join(
        one["amount"] for one in statement["brought_forward"] if one["currency"] == code
    )


def _talk_closed(where: Out, answer: dict[str, Any]) -> None:
    totals = ", ".join(f"{grouped(text)} {code}" for code, text in answer["totals"].items())
    say("")
    say(
        f"Closed: {answer['lines']} lines, {len(answer['statements'])} statements, "
        f"{totals or 'nothing'} payable."
    )
    if answer["held"] or answer["exceptions"]:
        say(f"Left open: {answer['held']} held lines, {answer['exceptions']} exceptions.")
    say(f"As of {where.clocks(answer)}, seal {answer['digest'][:23]}...")
    say(f"Receipt {answer['receipt']}")


@click.command()
@click.argument("program", shell_complete=complete_programs)
@click.argument("period", required=False)
@click.option("--dry-run", is_flag=True, help="Show the differences; record nothing; exit 3.")
@click.option("--by", metavar="NAME", callback=not_empty, help="Who decides this.")
@answering(clocks=True, writes=True)
def adjust(program: str, period: str | None, dry_run: bool, by: str | None, ask: Ask) -> int:
    """Issue what has changed since a period was closed, line by line, with the facts that did it.

    The terms are those of the close. A clawback is a negative difference.

    \b
    duebook adjust recruiting-eu-jp-2026q1 --dry-run
    duebook adjust recruiting-eu-jp-2026q1 --by lin
    """
    from ledger.usecases.closing.adjust import adjust as usecase
    from ledger.usecases.closing.adjust import adjustment

    where = ask.out
    if by is None and not dry_run:
        raise click.UsageError("Missing option '--by': who decides this. Or look with --dry-run.")
    if ask.known_at is not None and not dry_run:
        raise click.UsageError(
            "--known-at goes with --dry-run: what is issued is of all that is known."
        )
    with ask.opened() as found:
        if dry_run:
            with found.reading() as connection:
                at = ask.clocks(connection, program)
                answer = adjustment(connection, program, period, at).as_json()
            answer["recorded"] = 0
        else:
            with found.reading() as connection:
                instant = decision_as_of(ask, connection, program)
            _, answer = usecase(found, program, period, by=by or "", now=now(), as_of=instant)
    where.data(answer, [_row(one) for one in answer["adjustments"]])
    if where.is_table:
        _talk_adjusted(answer, dry_run=dry_run)
    return DIFFERENCES if dry_run and answer["adjustments"] else 0


def _row(one: dict[str, Any]) -> dict[str, Any]:
    names = ("line", "payee", "was", "now", "difference", "currency", "outcome")
    causes = [", ".join(map(str, one["because"]))] if one["because"] else []
    if one.get("orders_changed"):
        causes.append(f"orders changed: {one['orders_changed']}")
    causes += [f"filled {', '.join(one['filled'])}"] if one["filled"] else []
    because = "; ".join(causes) or "time alone"
    return {n: one[n] for n in names} | {"why": one["why"], "because": because}


def _talk_adjusted(answer: dict[str, Any], *, dry_run: bool) -> None:
    for one in answer["left_alone"]:
        say(f"Left alone: {one['line']} stands by the platform's figure ({one['break']}).")
    if not answer["adjustments"]:
        what = "No other line has changed." if answer["left_alone"] else "Nothing has changed."
        say(f"{what} Nothing was recorded.")
        return
    say("")
    totals = ", ".join(f"{grouped(text)} {code}" for code, text in answer["totals"].items())
    word = "would change" if dry_run else "changed"
    lines = len({one["line"] for one in answer["adjustments"]})
    say(f"{lines} lines {word}" + (f", in all {totals}." if totals else "."))
    first = min((fact for one in answer["adjustments"] for fact in one["because"]), default=None)
    if first is not None:
        say(f"What fact {first} says: duebook log --after {first - 1} --limit 1")
    say(f"Why a line is what it is: duebook explain {answer['adjustments'][0]['line']}")
    if not dry_run:
        say(f"{answer['recorded']} statements adjusted. Receipt {answer['receipt']}")


def decision_as_of(ask: Ask, connection: "Connection", program: str) -> int | None:
    """The as-of of a decision as typed, or None for now."""
    clocks = ask.clocks(connection, program)
    return None if ask.as_of is None else clocks.as_of
