"""`duebook explain`: why one line is what it is."""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli.options import Ask, answering
from cli.output import Out, show
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted, grouped
from ledger.kernel.shown import visible

if TYPE_CHECKING:
    from rich.tree import Tree
    from sqlalchemy import Connection

    from ledger.programs.line import Line
    from ledger.usecases.settling.settle import Settlement
    from ledger.usecases.statements.line_history import IssuedLine


@click.command()
@click.argument("line", shell_complete=completing("lines"))
@click.option("--orders", is_flag=True, help="List every order that the line adds up.")
@click.option("--fresh", is_flag=True, help="Of a closed period: recalculate it as of now.")
@answering(clocks=True)
@click.pass_context
def explain(context: click.Context, line: str, orders: bool, fresh: bool, ask: Ask) -> None:
    """Explain one line: every condition, what was required and seen, the clause, the facts.

    A line of a closed period is explained as issued and adjusted, under the terms of its close. It
    may be named by its subject, by the end of its id or by an order that it is based on, where that
    means one line; an order is shown with its share in the line.

    \b
    duebook explain S-1001
    duebook explain recruiting-eu-jp-2026q1/S-1001
    duebook explain recruiting-eu-jp-2026q1/S-1001 --as-of 2026-02-15 --format json
    duebook explain technical-fee-2020/2020-05/S-1001 --orders -o orders.csv
    """
    from ledger.usecases.statements.line_history import issued_line

    where = ask.out
    with ask.opened() as book, book.reading() as connection:
        asked = _explained(connection, line, ask, fresh=fresh, orders=orders)
        settlement, answer, order, known_at = asked
        line, orders = answer["line"], orders or order is not None
        issued_lines = issued_line(
            connection, settlement.edition.program, settlement.period, line, known_at
        )
    if context.find_root().obj["verbose"]:
        idle = len(answer["considered"])
        say(
            f"{counted(settlement.events_read, 'event')} read: {settlement.events_read - idle} "
            f"named by the line's steps, {idle} considered without effect."
        )
    if not where.is_table:
        where.data(answer, answer["orders"] if orders else answer["facts"])
        return
    if orders:
        where.data(answer, answer["orders"])
        if order is not None:
            say(f"Of the line {line}; all of it: duebook explain {line}")
        return
    _show(where, answer)
    for issued in issued_lines:
        say(_history(issued))
    if issued_lines and answer["stands"] == "issued":
        say(f"Recalculated as of now: duebook explain {line} --fresh")


class Explained(NamedTuple):
    """A line's answer, the order by which it was named, and the known-at position."""

    settlement: "Settlement"
    answer: dict[str, Any]
    order: str | None
    known_at: int


def _explained(
    connection: "Connection", line: str, ask: Ask, *, fresh: bool, orders: bool
) -> "Explained":
    """What is known about a line, and the order by which it was named, if it was named by one."""
    from ledger.kernel.errors import NoSuchLine, UnknownProgram, WrongPeriod
    from ledger.usecases.closing.standing_lines import explain_standing
    from ledger.usecases.settling.explain import explain as recalculated

    usecase = recalculated if fresh else explain_standing
    program, slash, rest = line.partition("/")
    try:
        at = ask.clocks(connection, program if slash else None)
        return Explained(*usecase(connection, line, at, orders=orders), None, at.known_at)
    except (NoSuchLine, UnknownProgram, WrongPeriod) as refusal:
        from ledger.usecases.looking.short_names import meaning, no_line
        from ledger.usecases.terms.editions import program_meant

        meant = meaning(connection, line, ask.clocks(connection))
        if meant is None:
            whole = program_meant(connection, program) if slash else None
            if whole is not None:
                at = ask.clocks(connection, whole)
                asked = usecase(connection, f"{whole}/{rest}", at, orders=orders)
                return Explained(*asked, None, at.known_at)
            raise refusal if slash else no_line(line) from None
    at = ask.clocks(connection, meant.line.partition("/")[0])
    with_orders = orders or meant.order is not None
    settlement, answer = usecase(connection, meant.line, at, orders=with_orders)
    if meant.order is not None:
        answer["orders"] = [order for order in answer["orders"] if order["order_id"] == meant.order]
    return Explained(settlement, answer, meant.order, at.known_at)


def _history(issued_line: "IssuedLine") -> str:
    """What the payee of a closed period was told, and what has changed since."""
    closed = f"Closed at position {issued_line.closed} by {issued_line.by}."
    said = f"{closed} Issued to {issued_line.payee}: {_stated(issued_line.issued)}"
    if issued_line.moved is not None:
        now = issued_line.stands.line if issued_line.stands else None
        said += f"; adjusted at position {issued_line.moved} to {_stated(now)}"
    if issued_line.stands is not None and issued_line.stands.adopted:
        said += f", the platform's figure, accepted because: {issued_line.reason}"
    return said + "."


def _stated(line: "Line | None") -> str:
    if line is None:
        return "nothing"
    if line.amount is None:
        return line.outcome
    return f"{grouped(line.amount.text)} {line.amount.currency} {line.outcome}"


def _show(where: Out, answer: dict[str, Any]) -> None:
    from rich.tree import Tree

    tree = answer["explanation"]
    root = Tree(_text(tree))
    for part in tree["parts"]:
        _grow(root, part)
    facts = root.add("facts")
    for fact in answer["facts"]:
        place = f"{fact['file']}:{fact['line']}" if fact["line"] else fact["file"] or fact["by"]
        summary = f"{fact['position']:>6}  {where.time(fact['at'])}  {fact['type']}"
        facts.add(_seen(f"{summary}  {fact['stream']}  {place}"))
    if answer["withdrawn"]:
        gone = root.add("withdrawn facts of the store, which do not count")
        for fact in answer["withdrawn"]:
            summary = f"{fact['position']:>6}  {where.time(fact['at'])}  {fact['type']}"
            gone.add(_seen(f"{summary}  withdrawn at position {fact['withdrawn_by']}"))
    if where.destination is None:
        show(sys.stdout, root)
    else:
        import io

        text = io.StringIO()
        show(text, root)
        where.text(text.getvalue().splitlines())
    if assumed := len(answer["assumptions"]):
        said = "reading is" if assumed == 1 else "readings are"
        say(f"{assumed} {said} assumed: duebook programs {answer['program']}")
    terms = answer["terms"]
    say(
        f"As of {where.clocks(answer)}, terms {terms['publisher']} "
        f"version {terms['version']} ({terms['digest'][:18]}...)"
        + (", PROVISIONAL" if answer["provisional"] else "")
    )


def _grow(tree: "Tree", part: dict[str, Any]) -> None:
    branch = tree.add(_text(part))
    for child in part["parts"]:
        _grow(branch, child)


def _text(part: dict[str, Any]) -> Any:
    mark = part.get("pending")
    if not mark and "met" in part:
        mark = "met" if part["met"] else "UNMET"
    head = part["label"]
    if "amount" in part:
        head = f"{grouped(part['amount'])} {part['currency']}  {head}"
    lines = [f"{head}: {mark}" if mark else head]
    for word in ("required", "observed", "clause"):
        if part.get(word):
            lines.append(f"  {word}: {part[word]}")
    if part["events"]:
        lines.append(f"  facts: {', '.join(map(str, part['events']))}")
    return _seen(*lines)


def _seen(*lines: str) -> Any:
    """Lines as plain text: nothing in them becomes a colour, a link or a further line."""
    from rich.text import Text

    return Text("\n".join(map(visible, lines)))
