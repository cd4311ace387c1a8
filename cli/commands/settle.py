"""`duebook settle`: what is due to whom."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.destination import INPUT
from cli.options import ENGINE, JOBS, Ask, answering
from cli.output import Out
from cli.pictures import with_bars
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from ledger.aggregates.base import Logged
    from ledger.programs.edition import Edition
    from ledger.programs.line import Line
    from ledger.usecases.settling.explanation_file import SpooledExplanations
    from ledger.usecases.settling.on_cluster import Cluster
    from ledger.usecases.settling.parts import Workers
    from ledger.usecases.settling.settle import Settlement
    from ledger.usecases.terms.runs import Run

SHOWN_MAX = 10
EXPLAINED = ("json", "ndjson")
"""Formats that show explanations; for the others none are built."""


class Working(NamedTuple):
    """How a command works lines out: whether with explanations, and in which processes."""

    explained: bool
    processes: "Workers | None"
    spool: "SpooledExplanations | None" = None
    """Where the explanations lie until they are written."""
    engine: "Cluster | None" = None

    def anew(self) -> dict[str, Any]:
        """For what is worked out."""
        return self._asdict()

    def as_issued(self) -> dict[str, Any]:
        """For what a closed period says, which no engine works out."""
        processes = None if self.engine else self.processes
        return {"explained": self.explained, "processes": processes, "spool": self.spool}


def kept_for(format_: str) -> "AbstractContextManager[SpooledExplanations | None]":
    """A file for the explanations of an answer until it is written; none where it shows none."""
    from ledger.usecases.settling.explanation_file import spooled

    return spooled() if format_ in EXPLAINED else nullcontext()


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("months"))
@click.option(
    "--from",
    "first",
    shell_complete=completing("months"),
    metavar="MONTH",
    help="Several months: the first one.",
)
@click.option(
    "--to",
    "last",
    shell_complete=completing("months"),
    metavar="MONTH",
    help="Several months: the last one.",
)
@click.option(
    "--terms", type=INPUT, metavar="FILE", help="Try these terms and show what would change."
)
@click.option("--fresh", is_flag=True, help="Of a closed period: recalculate it as of now.")
@click.option(
    "--assumptions", is_flag=True, help="What each other reading of an assumption would move."
)
@JOBS
@ENGINE
@answering(clocks=True)
def settle(
    program: str,
    period: str | None,
    first: str | None,
    last: str | None,
    terms: str | None,
    fresh: bool,
    assumptions: bool,
    jobs: int,
    engine: str,
    ask: Ask,
) -> None:
    """Work out what is due under a program. Records nothing.

    A closed period answers with its lines as issued and adjusted, under its own terms.

    \b
    duebook settle recruiting-eu-jp-2026q1 --as-of 2026-02-15
    duebook settle recruiting-eu-jp-2026q1 --known-at 1000 --format json
    duebook settle recruiting-eu-jp-2026q1 --terms mine.toml
    duebook settle technical-fee-2020 2020-05 --fresh
    duebook settle technical-fee-2020 --from 2020-05 --to 2020-07
    duebook settle recruiting-eu-jp-2026q1 --assumptions
    duebook settle recruiting-eu-jp-2026q1 --jobs 4
    duebook settle technical-fee-2020 2020-05 --engine spark
    """
    from cli.months import settle_months
    from ledger.usecases.settling import settle as usecase
    from ledger.usecases.settling.on_cluster import workers
    from ledger.usecases.terms.draft import read_terms

    if first is not None or last is not None:
        _refuse_with_months(period, terms, assumptions)
        return settle_months(program, first, last, ask, fresh=fresh, jobs=jobs, engine=engine)
    asked = _engine(engine, assumptions=assumptions)
    draft = None if terms is None else read_terms(terms)
    with kept_for(ask.out.format) as spool:
        with (
            ask.opened() as book,
            book.reading() as connection,
            workers(book, jobs, asked) as pool,
        ):
            _refuse_other(draft, program, terms)
            run = ask.run(connection, program, period, draft)
            how = Working(ask.out.format in EXPLAINED, pool, spool, asked)
            settlement = None if fresh or draft else as_it_stands(connection, run, period, how)
            if settlement is None:
                settlement = usecase.settle(connection, *run[:2], period=period, **how.anew())
            if assumptions:
                return _show_assumptions(connection, settlement, ask.out)
            changes = None
            if draft is not None:
                published = (connection, program, run.clocks, period, asked, pool)
                changes = usecase.compare(usecase.as_published(*published), settlement)
        _show(ask.out, settlement, run, changes)


def _show(
    where: Out, settlement: "Settlement", run: "Run", changes: list[dict[str, Any]] | None
) -> None:
    """Shows the lines; with `changes` they are those of a draft."""
    of_draft = changes is not None
    if not where.is_table:
        streamed = where.format == "json"
        answer = settlement.json_streamed() if streamed else settlement.head_json()
        if of_draft:
            answer |= {"draft": True, "changes": changes}
        return where.data(answer, (line.as_json() for line in settlement.lines))
    where.data({}, _rows_of(settlement.lines), pictured=with_bars)
    _talk_of_obligations(settlement)
    _talk(where, settlement, draft=of_draft)
    if run.closed is not None:
        _talk_of_close(run.closed, settlement, "--terms" if of_draft else "--fresh")
    _talk_of_changes(changes)


def _refuse_with_months(*others: str | bool | None) -> None:
    if any(others):
        raise click.UsageError("--from and --to go without PERIOD, --terms and --assumptions.")


def _engine(name: str, *, assumptions: bool) -> "Cluster | None":
    """What works lines out in place of this machine until the command has written its answer."""
    from ledger.usecases.settling.engines import engine_named

    if assumptions and name != "duckdb":
        raise click.UsageError("--assumptions goes without --engine.")
    return click.get_current_context().with_resource(engine_named(name))


def _talk_of_changes(changes: list[dict[str, Any]] | None) -> None:
    if changes is None:
        return
    say(f"Against the published terms {counted(len(changes), 'line')} would change:")
    for change in changes:
        before = _said(change["was_outcome"], change["was"])
        after = _said(change["now_outcome"], change["now"])
        say(f"  {change['line']}: {before} -> {after} {change['currency'] or ''}".rstrip())


def _said(outcome: str | None, amount: str | None) -> str:
    """What a line says; nothing of a line that there is not."""
    return " ".join(filter(None, [outcome, amount and grouped(amount)])) or "no line"


def _refuse_other(draft: "Edition | None", program: str, file: str | None) -> None:
    """Raises `BadTerms` for terms of another program than the one that is asked about."""
    from ledger.kernel.errors import BadTerms

    if draft is not None and draft.program != program:
        raise BadTerms(
            f"{file}: program: found {draft.program!r}, expected {program!r}.",
            "Settle the program that the file is for.",
        )


def _show_assumptions(connection: Any, settlement: "Settlement", where: Out) -> None:
    """Shows every assumption and what it is worth, also those without another value to try."""
    from ledger.usecases.settling.assumptions import moved_by_assumptions

    rows = moved_by_assumptions(connection, settlement)
    if where.is_table:
        where.data(rows, [{n: v for n, v in row.items() if n != "because"} for row in rows])
        say(f"Why each is assumed: duebook programs {settlement.edition.program}")
        return
    where.data(rows, rows)


def as_it_stands(
    connection: Any, run: "Run", period: str | None, how: Working
) -> "Settlement | None":
    """The current lines of a closed period; None for an open one."""
    if run.closed is None:
        return None
    from ledger.usecases.closing.standing_lines import standing

    return standing(connection, run.edition.program, period, run.clocks, **how.as_issued())


def _talk_of_close(closed: "Logged", settlement: "Settlement", without: str) -> None:
    name = " ".join([settlement.edition.program, *filter(None, [settlement.period])])
    said = f"This is recalculated as of now. As issued and adjusted: leave {without} out."
    if settlement.stands == "issued":
        said = f"Its lines are shown as issued and adjusted. Recalculated: duebook settle {name}"
        said += " --fresh"
    say(f"Closed at position {closed.position} by {closed.by}. {said}")


def _rows_of(lines: "Sequence[Line]") -> list[dict[str, Any]]:
    between = any(line.payer != "platform" for line in lines)
    return [row_of(line, between=between) for line in lines]


def row_of(line: "Line", *, between: bool) -> dict[str, Any]:
    """A line as a row of a table; with `between` also who pays, if not always the platform."""
    return {
        "line": line.line,
        "payee": line.payee,
        **({"payer": line.payer} if between else {}),
        "outcome": line.outcome,
        "amount": line.amount_text,
        "currency": line.currency,
        "why": ", ".join(line.unmet or line.held_for),
    }


def _talk_of_obligations(settlement: "Settlement") -> None:
    """Says what is owed in addition to lines, one sentence each; the report lists the rest."""
    obligations = settlement.obligations
    if obligations:
        say("")
    for obligation in obligations[:SHOWN_MAX]:
        due = f", due {obligation.due}" if obligation.due else ""
        owed = f"{obligation.missing} to be made up to {obligation.owed_to},"
        owed += f" {obligation.made_up} made up"
        if obligation.amount:
            amount = f"{grouped(obligation.amount.text)} {obligation.amount.currency}"
            owed = f"{amount} from {obligation.owed_by}"
        again = f"; still owed in {obligation.repeated_in}" if obligation.repeated_in else ""
        say(f"Owed {obligation.obligation}: {owed}{due}: {obligation.state}{again}")
    if len(obligations) > SHOWN_MAX:
        say(f"and {len(obligations) - SHOWN_MAX} more: duebook report obligations")


def _talk(where: Out, settlement: "Settlement", *, draft: bool) -> None:
    """Says below the table what the run is based on, so that a printed page can be reproduced."""
    head = settlement.head_json()
    counts: dict[str, int] = {}
    for line in settlement.lines:
        counts[line.outcome] = counts.get(line.outcome, 0) + 1
    totals = ", ".join(f"{grouped(text)} {code}" for code, text in head["totals"].items())
    outcomes = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
    say("")
    owed = any(text.startswith("-") for text in head["totals"].values())
    whose = ", negative: the payees owe it" if owed else ""
    say(f"Total payable: {totals or 'nothing'}{whose}   ({outcomes or 'no lines'})")
    if settlement.engine is not None:
        name, version = settlement.engine["name"], settlement.engine["version"]
        say(f"Worked out by {name.capitalize()} {version}.")
    terms = head["terms"]
    say(
        f"As of {where.clocks(head)}, terms {terms['publisher']} "
        f"version {terms['version']}, rules version {head['rules_version']}"
        + (f" - a DRAFT, not published ({terms['digest'][:18]}...)" if draft else "")
        + (", PROVISIONAL: the period is not over" if head["provisional"] else "")
    )
    if assumed := len(head["assumptions"]):
        name = " ".join([head["program"], *filter(None, [settlement.period])])
        said = "reading is" if assumed == 1 else "readings are"
        command = f"duebook settle {name} --assumptions"
        say(f"{assumed} {said} assumed; what others would change: {command}")
    if settlement.lines and not draft:
        say(f"Why a line is what it is: duebook explain {settlement.lines[0].line}")
