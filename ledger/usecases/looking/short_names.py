"""What a short name means: a line by its subject or an order, a statement by its party.

A short name is the end of an id, after a slash, or the name of a subject, an order or a party.
It is never guessed: one that means several things is refused, with all of them named.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import NoSuchLine, NoSuchStatement, WrongPeriod
from ledger.kernel.instants import EARLIEST, day_of
from ledger.kernel.near import did_you_mean
from ledger.kernel.period import Window
from ledger.programs.contract import OfOrders
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.periods import MONTH, month_of, months_begun
from ledger.programs.registry import program_names, program_of
from ledger.store.order_lines import OrderLines
from ledger.store.reader import LogReader
from ledger.usecases.closing.every_statement import names_of_statements
from ledger.usecases.settling.orders_of_lines import orders_of_lines
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period, closed_periods
from ledger.usecases.terms.editions import last_editions, program_meant

SHOWN_MAX = 10


class LineMeant(NamedTuple):
    """A line, and the order by which it was named, if it was named by one."""

    line: str
    order: str | None = None


def meaning(connection: Connection, typed: str, clocks: Clocks) -> LineMeant | None:
    """The line that a short name means: its subject, the end of its id, or an order that it is
    based on. A prefix `PROGRAM/`, or an unambiguous beginning of it, restricts it to one program.

    None where it means no line. Raises `NoSuchLine` for a name of several lines, with all of
    them, and `UnknownProgram` for the beginning of several programs.
    """
    meanings = all_meanings(connection, typed, clocks)
    if len(meanings) > 1:
        several = _several(typed, [meaning.line for meaning in meanings], "lines")
        raise NoSuchLine(several, "Write one of them, or more of its end.")
    return meanings[0] if meanings else None


def all_meanings(connection: Connection, typed: str, clocks: Clocks) -> list[LineMeant]:
    """Every line that a short name may mean: those of a subject, failing that those that were
    issued, failing that those that are based on an order of that id. Raises `UnknownProgram`."""
    editions, rest = _within(connection, typed, clocks)
    asking: tuple[Callable[..., Iterator[LineMeant]], ...] = (_of_subject, _issued, _of_order)
    for ask in asking:
        if meanings := list(dict.fromkeys(ask(connection, editions, rest, clocks))):
            return meanings
    return []


def no_line(typed: str) -> NoSuchLine:
    """The refusal of a name without a program that means no line."""
    return NoSuchLine(
        f"{typed!r} names no line: no line ends so, and none is based on an order of that id.",
        "List the lines of a program: duebook settle PROGRAM. Capitals and small letters differ.",
    )


def statement_meant(connection: Connection, typed: str, known_at: int) -> str:
    """The statement that a short name means: its party, with or without its kind, or the end of
    its id; a prefix `PROGRAM/` restricts it to one program. A whole id means itself.

    Raises `NoSuchStatement`, for a name of several statements with all of them.
    """
    names = set(names_of_statements(connection, Clocks(FOREVER, known_at)))
    if typed in names:
        return typed
    head, slash, rest = typed.partition("/")
    meant = program_meant(connection, head) if slash else None
    wanted = f"{meant}/{rest}" if meant else typed
    if wanted in names:
        return wanted
    matching = sorted(name for name in names if _is_named(name, wanted))
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NoSuchStatement(_several(typed, matching, "statements"), "Write one of them.")
    hint = "List them: duebook report statements. A statement reads PROGRAM/partner:P-01."
    raise NoSuchStatement(f"There is no statement {typed!r}.", did_you_mean(wanted, names) + hint)


def _is_named(statement: str, typed: str) -> bool:
    """Whether what is typed is the end of a statement's id after its program, with or without the
    kinds of its parties, or is its party."""
    program, _, rest = statement.partition("/")
    parts = rest.split("/")
    names = [part.partition(":")[2] or part for part in parts]
    holder = next(number for number, part in enumerate(parts) if ":" in part)
    forms = {parts[holder], names[holder]}
    for segments in (parts, names):
        forms |= {"/".join(segments[number:]) for number in range(len(segments))}
    return typed in forms or typed in {f"{program}/{form}" for form in forms}


def _several(typed: str, names: Sequence[str], what: str) -> str:
    shown = ", ".join(names[:SHOWN_MAX])
    more = f" and {len(names) - SHOWN_MAX:,} more" if len(names) > SHOWN_MAX else ""
    return f"{typed!r} names {len(names):,} {what}: {shown}{more}."


def _within(connection: Connection, typed: str, clocks: Clocks) -> tuple[list[Edition], str]:
    """The editions that a name may be about, and what is left of it after its program."""
    editions = [
        edition
        for edition in last_editions(connection, clocks.known_at, program_names())
        if program_of(edition.rules).lines
    ]
    head, slash, rest = typed.partition("/")
    if not slash or not rest:
        return editions, typed
    own = [edition for edition in editions if edition.program == head]
    if not own and (meant := program_meant(connection, head)):
        own = [edition for edition in editions if edition.program == meant]
    return (own, rest) if own else (editions, typed)


def _of_subject(
    connection: Connection, editions: Sequence[Edition], rest: str, clocks: Clocks
) -> Iterator[LineMeant]:
    """Lines of that subject as they are worked out now."""
    for edition in editions:
        for period, subject in _asked(edition, rest, clocks):
            run = settle(connection, edition, clocks, period=period, subjects=frozenset({subject}))
            yield from (LineMeant(line.line) for line in run.lines if _fits(line, rest))


def _asked(edition: Edition, rest: str, clocks: Clocks) -> Iterator[tuple[str | None, str]]:
    """The periods in which a subject may have a line, and the subject as the program calls it."""
    program = program_of(edition.rules)
    first, _, behind = rest.partition("/")
    months = months_begun(edition, edition.window.start, clocks.as_of)
    if MONTH.fullmatch(first) and behind:
        months, rest = [month for month in months if month == first], behind
    elif program.periods.all_at_once:
        yield None, program.subject_of(rest)[1]
        return
    if program.periods.by_month:
        for month in months:
            yield month, program.subject_of(f"{month}/{rest}")[1]


def _issued(
    connection: Connection, editions: Sequence[Edition], rest: str, clocks: Clocks
) -> Iterator[LineMeant]:
    """Lines that were issued, also those that no fact supports any more."""
    own = {edition.program for edition in editions}
    for closed in closed_periods(connection, clocks.known_at):
        if closed.event.program in own and closed.at <= clocks.as_of:
            asked = (closed.event.program, closed.event.period, clocks.known_at, clocks.as_of)
            known = closed_period(connection, *asked)
            for stated in known.current.values():
                if _fits(stated.line, rest):
                    yield LineMeant(stated.line.line)


def _fits(line: Line, rest: str) -> bool:
    """Whether `rest` is the end of a line's id after its program, or the name of its subject."""
    own = line.line.partition("/")[2]
    month, _, behind = rest.partition("/")
    if MONTH.fullmatch(month) and behind:
        if not own.startswith(f"{month}/"):
            return False
        rest = behind
    subject = line.subject
    return own == rest or own.endswith(f"/{rest}") or rest in (subject, subject.partition(":")[2])


def sales_of(connection: Connection, order: str, clocks: Clocks) -> list[tuple[str, int]]:
    """The stores that archived an order of that id, each with the instant of its creation; none in
    a book whose orders derived facts."""
    reader = LogReader(connection, clocks)
    if not reader.has_orders or reader.derived_orders:
        return []
    window = Window(EARLIEST, min(clocks.as_of, 2**62) + 1)
    session = OrderLines.at(connection, clocks).session(window, None)
    try:
        sql = "SELECT DISTINCT store, created_at FROM wanted JOIN orders ON order_id = wanted.id"
        ordered = f"{sql} ORDER BY store, created_at"
        return [(store, at) for store, at in session.ask(ordered, {"wanted": {"id": [order]}})]
    finally:
        session.close()


def _of_order(
    connection: Connection, editions: Sequence[Edition], rest: str, clocks: Clocks
) -> Iterator[LineMeant]:
    """Lines that charge an order; failing those, lines whose sales hold it."""
    reader, sold = LogReader(connection, clocks), sales_of(connection, rest, clocks)
    charged = [edition for edition in editions if program_of(edition.rules).orders is not None]
    summed = [
        edition for edition in editions if edition not in charged
        and OfOrders.GMV in program_of(edition.rules).asks_of_orders(edition)
    ]  # fmt: skip
    for group in (charged, summed):
        meanings = list(_based_on(connection, reader, group, sold, rest))
        if meanings:
            yield from meanings
            return


def _based_on(
    connection: Connection,
    reader: LogReader,
    editions: Sequence[Edition],
    sold: Sequence[tuple[str, int]],
    order: str,
) -> Iterator[LineMeant]:
    for edition in editions:
        program = program_of(edition.rules)
        for store, created_at in sold:
            subjects = frozenset(program.subjects_of_store(reader, edition, store))
            month = month_of(day_of(created_at, edition.zone))
            for period in [month] if program.periods.by_month else [None]:
                try:
                    run = settle(
                        connection, edition, reader.clocks, period=period, subjects=subjects
                    )
                except WrongPeriod:  # the month is outside the edition's dates
                    continue
                asked = ([line.line for line in run.lines], run.period, reader.clocks)
                for line, orders in orders_of_lines(connection, edition, *asked).items():
                    if any(row["order_id"] == order for row in orders):
                        yield LineMeant(line, order)
