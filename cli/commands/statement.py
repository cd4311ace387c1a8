"""`duebook statement`: what was issued to a payee, adjusted and paid."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT
from cli.options import Ask, answering
from cli.output import FORMATS, Out
from cli.progress import progress
from cli.statement_pages import SENT, Sender, decided
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import grouped

if TYPE_CHECKING:
    from sqlalchemy import Connection


FACTS_MAX = 5


@click.command()
@click.argument("program", required=False, shell_complete=completing("programs_and_statements"))
@click.argument("period", required=False, shell_complete=completing("closed_months"))
@click.option(
    "--payee",
    metavar="PAYEE",
    shell_complete=completing("payees"),
    help="Only this payee's, such as partner:P-01.",
)
@click.option("--all", "every", is_flag=True, help="Each statement as a file of -o FOLDER.")
@click.option(
    "--letterhead",
    type=INPUT,
    metavar="FILE.toml",
    help="For what is sent: name, address, contact, logo, languages [letterhead.toml by the book].",
)
@answering(clocks=True, also=SENT, formats=(*FORMATS, "html", "pdf"), filling="every")
def statement(
    program: str | None,
    period: str | None,
    payee: str | None,
    every: bool,
    letterhead: str | None,
    ask: Ask,
) -> None:
    """Show the issued statements of a period, their adjustments and payments.

    In place of a program and a period a statement may be named, by its id or, where that is
    unambiguous, by its party. --all writes every statement that was issued, or those of a program
    or of one of its periods, as a workbook (--format: or otherwise) into a folder. As a workbook,
    a PDF or a page a statement can be sent: letterhead, plain words, nothing of other payees.

    \b
    duebook statement recruiting-eu-jp-2026q1 --payee partner:P-01
    duebook statement recruiting-eu-jp-2026q1/partner:P-01 -o P-01.xlsx
    duebook statement P-01
    duebook statement P-01 -o P-01.pdf
    duebook statement P-01 -o P-01.html --letterhead letterhead.toml
    duebook statement --all -o statements
    duebook statement --all -o statements --format pdf
    duebook statement technical-fee-2020 2020-05 --all -o may --format csv
    """
    if every:
        _write_all(program, period, payee, ask, letterhead)
        return
    if program is None:
        raise click.UsageError("Name a program, a statement, or --all with -o FOLDER.")
    where = ask.out
    with ask.opened() as book, book.reading() as connection:
        sender = Sender(ask, letterhead, book.location)
        sent = sender.ready() if where.format in SENT else None
        answer, names = _asked(connection, program, period, payee, ask)
        if sent:
            sent.send(connection, answer, names, where)
            return
    _write(where, answer)
    if where.is_table:
        _talk(where, answer)


def _asked(
    connection: "Connection", name: str, period: str | None, payee: str | None, ask: Ask
) -> tuple[dict[str, Any], list[str]]:
    """The statements of a program's period, or the one statement that the name means, with their
    ids."""
    from ledger.kernel.errors import UnknownProgram
    from ledger.usecases.closing.every_statement import names_of_party, one_statement
    from ledger.usecases.closing.reasons import with_reasons
    from ledger.usecases.statements.statement import statement as usecase

    try:
        at = decided(ask.clocks(connection, name), ask)
    except UnknownProgram:
        if period or payee or ask.program_meant(name):
            raise
        from ledger.usecases.looking.short_names import statement_meant

        at = decided(ask.clocks(connection), ask)
        meant = statement_meant(connection, name, at.known_at)
        at = decided(ask.clocks(connection, meant.partition("/")[0]), ask)
        return one_statement(connection, meant, at), [meant]
    answer = usecase(connection, name, period, payee, at)
    names = names_of_party(connection, at, name, period, payee)
    if len(names) == 1 and (ask.out.format in SENT or _is_payee(payee, names[0])):
        return one_statement(connection, names[0], at), names
    if answer["adjustments"]:
        with_reasons(connection, answer, name, period, at, payee)
    return answer, names


def _is_payee(party: str | None, statement: str) -> bool:
    """Whether a party, named with or without its kind, is the payee of a statement."""
    from ledger.aggregates.settlement import sides_of

    payee = sides_of(statement).payee
    return party is not None and party in (payee, payee.partition(":")[2])


def _write_all(
    program: str | None, period: str | None, payee: str | None, ask: Ask, letterhead: str | None
) -> None:
    from ledger.kernel.errors import NoSuchStatement
    from ledger.usecases.closing.every_statement import every_statement, names_of_statements

    if payee is not None:
        raise click.UsageError("--all is of all payees: leave --payee out.")
    assert ask.folder is not None, "`answering` makes it of -o"
    with ask.opened() as book, book.reading() as connection, progress() as report:
        at = decided(ask.clocks(connection, program), ask)
        names = names_of_statements(connection, at, program, period)
        if not names:
            of = " ".join(filter(None, [program, period])) or "any program"
            raise NoSuchStatement(
                f"No statement of {of} has been issued.", "Close a period: duebook close PROGRAM"
            )
        sender = Sender(ask, letterhead, book.location)
        sent = sender.ready() if ask.out.format in SENT else None
        files = dict(zip(names, ask.folder.files_for(names), strict=True))
        for name, answer in every_statement(connection, at, program, period):
            where = ask.out.into(files[name])
            if sent:
                sent.send(connection, answer, [name], where)
            else:
                _write(where, answer)
            report("writing statements", 1)
    word = "statement" if len(names) == 1 else "statements"
    say(f"Wrote {len(names):,} {word} to {ask.folder.typed}.")


def _write(where: Out, answer: dict[str, Any]) -> None:
    rows = list(_rows(where, answer))
    if where.is_table:
        rows = list(_movements(answer)) if answer["running"] else [_named(row) for row in rows]
    where.data(answer, rows)


def _rows(where: Out, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statements as rows of one table: what was issued and adjusted adds up to what is due;
    what was paid and carried forward is deducted from it."""
    for line in answer["lines"]:
        codes = ", ".join([*line["unmet"], *line["held_for"]])
        yield {"what": "issued", **line, "why": codes}
    for adjustment in answer["adjustments"]:
        row = {"what": "adjusted", **adjustment, "amount": adjustment["difference"]}
        yield row | (_causes(where, adjustment) if where.format == "csv" else {})
    for move in answer["running"]:
        if move["what"] not in ("issued", "adjusted"):
            yield move


def _movements(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The movements with their running total; an adjusted line with why, and what it is now.

    A payer's side moves together with the payee's, so its adjustment is elsewhere in the log:
    adjustments are matched by line and amount, in order. One that moves no money, of a decision,
    has a row as well.
    """
    adjusted: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for adjustment in answer["adjustments"]:
        adjusted[adjustment["line"], adjustment["difference"]].append(adjustment)
    for move in answer["running"]:
        mine = adjusted[move["line"], move["amount"]] if move["what"] == "adjusted" else []
        adjustment = mine.pop(0) if mine else {}
        yield move | {"now": adjustment.get("now"), "why": adjustment.get("why")}
    for adjustment in (each for left in adjusted.values() for each in left):
        row = {
            "what": "adjusted",
            "narration": f"{adjustment['outcome_was'] or ''} to {adjustment['outcome']}",
        }
        yield {name: adjustment[name] for name in ("position", "line", "why")} | row


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """A line as a row of a table, for statements without movements."""
    names = ("what", "line", "payee", "outcome", "amount", "now", "currency", "why")
    return {name: row.get(name) for name in names}


def _talk_of_pots(answer: dict[str, Any]) -> None:
    for pot in answer["pots"]:
        for at, said in (("at_start", "at the month's start"), ("at_cut", "at its end")):
            amounts = {key: text for key, text in pot.get(at, {}).items() if key != "instant"}
            listed = ", ".join(f"{key} {grouped(text)}" for key, text in amounts.items())
            say(f"Held for {pot['payee']} {said}: {listed or 'cannot be told'}.")


def _moved(row: dict[str, Any]) -> str:
    if row["difference"] is None:
        return f"{row['outcome_was']} to {row['outcome']}"
    return f"{grouped(row['difference'])} {row['currency']}"


def _causes(where: Out, row: dict[str, Any]) -> dict[str, list[str]]:
    """The facts that caused an adjustment, each with its day, file and row; and the orders."""
    facts = [
        f"{fact['type']} of {where.time(fact['at'])[:10]}"
        + (f" ({fact['file']}:{fact['line']})" if fact["line"] else "")
        for fact in row["facts"]
    ]
    orders = [
        f"order {order['order_id']}, {order['was'] or 'none'} to {order['now'] or 'none'} "
        f"({order['file']}:{order['row']})"
        for order in row.get("orders", ())
    ]
    return {"facts": facts, "orders": orders}


def _from_where(where: Out, row: dict[str, Any]) -> str:
    """The first facts and orders that caused an adjustment, as the end of a sentence."""
    causes = _causes(where, row).values()
    shown = [text for cause in causes for text in cause[:FACTS_MAX]]
    more = sum(max(len(cause) - FACTS_MAX, 0) for cause in causes)
    if more > 0:
        shown.append(f"{more} more")
    return f"; by {', '.join(shown)}." if shown else "."


def _talk(where: Out, answer: dict[str, Any]) -> None:
    say("")
    if "pots" in answer:
        _talk_of_pots(answer)
    for row in answer["statements"]:
        if row["open"] is None:
            said = f"{row['statement']}: {grouped(row['due'])} {row['currency']} by its lines; "
            say(said + "facts pay in and out, and no payment is recorded here.")
            continue
        said = f"{row['statement']}: due {grouped(row['due'])}, paid {grouped(row['paid'])}, "
        said += f"open {grouped(row['open'])} {row['currency']}"
        if row["advance"].strip("-0."):
            said += f"; paid beyond what is due: {grouped(row['advance'])}"
        say(said)
    for row in answer["adjustments"]:
        say(f"{row['line']} adjusted by {_moved(row)}: {row['why']}{_from_where(where, row)}")
    outcomes = {row["line"]: row["outcome"] for row in (*answer["lines"], *answer["adjustments"])}
    silent = Counter(
        outcome for outcome in outcomes.values() if outcome not in ("payable", "granted")
    )
    if silent:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(silent.items()))
        say(f"Lines without an amount due: {counts}. Listed by --format csv or -o FILE.xlsx")
    seal = answer["seal"]
    say(
        f"Issued {where.time(answer['issued_at'])} by {seal['by']}, as of {where.clocks(seal)}, "
        f"seal {seal['digest'][:23]}..."
    )
    if right := seal["clock_is_right"]:
        other = right["server"] or right["head"]
        whose = "the server's" if right["server"] else "the last event's"
        say(
            f"Closed by a clock that was doubted: it said {where.time(right['clock'])}, {whose} "
            f"{where.time(other)}. Why it was taken to be right: {right['reason']}"
        )
