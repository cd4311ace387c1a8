"""`duebook replay`: a closed period worked out again from the log."""

from typing import Any

import click

from cli.destination import INPUT
from cli.options import JOBS, Ask, answering
from cli.output import Out
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted, grouped

DIFFERENCES = 3
WHY_MAX = 20


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("closed_months"))
@click.option(
    "--terms", type=INPUT, metavar="FILE", help="The same period under these terms, by payee."
)
@JOBS
@answering(clocks=True)
def replay(program: str, period: str | None, terms: str | None, jobs: int, ask: Ask) -> int:
    """Work a closed period out again as it was known then, and compare every line.

    With other instants: how the period looked then. With --terms: what other terms would give.

    \b
    duebook replay recruiting-eu-jp-2026q1
    duebook replay recruiting-eu-jp-2026q1 --as-of 2026-05-31
    duebook replay recruiting-eu-jp-2026q1 --terms mine.toml
    """
    from ledger.kernel.errors import BadTerms
    from ledger.usecases.closing.replay import replay as usecase
    from ledger.usecases.settling.processes import processes
    from ledger.usecases.terms.draft import read_terms

    where = ask.out
    draft = read_terms(terms) if terms else None
    if draft is not None and draft.program != program:
        raise BadTerms(
            f"{terms}: program: found {draft.program!r}, expected {program!r}.",
            "Replay the program that the file is for.",
        )
    with ask.opened() as book, book.reading() as connection, processes(book, jobs) as working:
        head = book.head().position
        at = None
        if ask.as_of is not None or ask.known_at is not None:
            from ledger.usecases.statements.closed_period import closed_period

            own = closed_period(connection, program, period, head).clocks
            typed = ask.clocks(connection, program)
            at = typed if ask.as_of is not None else typed._replace(as_of=own.as_of)
            at = at if ask.known_at is not None else at._replace(known_at=own.known_at)
        run: dict[str, Any] = {"clocks": at, "draft": draft, "processes": working}
        result = usecase(connection, program, period, known_at=head, **run)
    answer = result.as_json()
    if draft is not None and where.is_table:
        where.data(answer, answer["payees"])
    else:
        if answer["differences"] or not where.is_table:
            where.data(answer, answer["differences"])
    if where.is_table:
        _talk(where, answer)
    return 0 if result.identical else DIFFERENCES


def _talk(where: Out, answer: dict[str, Any]) -> None:
    if answer["identical"]:
        say(f"Identical: {counted(answer['lines'], 'line')}, to the cent and to the digest.")
    else:
        say(f"Different from the close: {len(answer['differences'])} of {answer['lines']:,} lines.")
    for fault in answer["faults"]:
        say(f"Fault: {fault}.")
    if answer.get("draft"):
        for row in answer["differences"][:WHY_MAX]:
            was = f"{row['was_outcome']} {grouped(row['was'] or '-')}"
            now = f"{row['now_outcome']} {grouped(row['now'] or '-')} {row['currency']}"
            say(f"  {row['line']} ({row['payee']}): {was} -> {now}")
            for why in row.get("why", ()):
                say(f"      {why}")
        if len(answer["differences"]) > WHY_MAX:
            say(f"  ... and {len(answer['differences']) - WHY_MAX} more; see --format json.")
    terms = answer["terms"]
    say(
        f"As of {where.clocks(answer)}, terms {terms['publisher']} "
        f"version {terms['version']}, rules version {answer['rules_version']}; closed at "
        f"position {answer['closed']['position']}, {answer['closed']['digest'][:23]}..."
    )
