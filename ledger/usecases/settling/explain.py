"""Explaining one line: its tree, and the facts behind it with the file and line they came in."""

from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.book import BatchRecorded
from ledger.aggregates.orders import OrdersArchived
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders, NoSuchLine
from ledger.kernel.instants import format_instant
from ledger.kernel.near import did_you_mean, listed
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.log import read_positions
from ledger.store.schema import events, withdrawn
from ledger.usecases.settling.no_such_line import lines_near, no_line, subjects_near
from ledger.usecases.settling.orders_of_lines import orders_of_lines
from ledger.usecases.settling.settle import LineName, Settlement, settle, split_line


def explain(
    connection: Connection,
    line: str,
    clocks: Clocks,
    *,
    orders: bool = False,
    edition: Edition | None = None,
) -> tuple[Settlement, dict[str, Any]]:
    """The settlement of one line alone, and the answer: the line, its tree, its facts.

    Reads only what the line depends on. With `orders`, also lists every order that the line sums.
    Uses the terms in force, or `edition` if given.
    Raises `NoSuchLine`, `UnknownProgram`, `NoOrders` for a program that does not work by order.
    """
    published, period, subject = split_line(connection, line, clocks.known_at)
    edition = edition or published
    read: dict[int, Recorded] = {}
    settlement = settle(
        *(connection, edition, clocks),
        period=period,
        subjects=frozenset({subject}),
        watch=lambda fact: read.__setitem__(fact.position, fact),
    )
    if not settlement.lines:
        raise _no_line(connection, line, LineName(edition, period, subject), clocks)
    explained = next((candidate for candidate in settlement.lines if candidate.line == line), None)
    if explained is None:
        names = [candidate.line for candidate in settlement.lines]
        raise NoSuchLine(
            f"There is no line {line!r}.", f"{did_you_mean(line, names)}There are: {listed(names)}."
        )
    head = settlement.head_json()
    del head["totals"], head["decisions"]
    answer = head | {"stands": settlement.stands} | explained.as_json()
    cited = explained.explanation.positions()
    answer["facts"] = provenance(connection, cited)
    answer["considered"] = [
        {"position": fact.position, "type": type(fact.event).__name__, "stream": fact.stream}
        for fact in sorted(read.values())
        if fact.position not in cited
    ]
    if orders:
        asked = (edition, [line], settlement.period, clocks)
        own_orders = orders_of_lines(connection, *asked)[line]
        if not own_orders and program_of(edition.rules).orders is None:
            raise NoOrders(
                f"{line} is not based on archived orders.", "Leave --orders out of the command."
            )
        answer["orders"] = [_without(order, "archived") for order in own_orders]
    streams = {explained.subject, *(row["stream"] for row in answer["facts"])}
    answer["withdrawn"] = withdrawn_of(connection, streams, clocks.known_at)
    return settlement, answer


def _no_line(connection: Connection, line: str, name: LineName, clocks: Clocks) -> NoSuchLine:
    """The refusal for a subject without a line, with lines of subjects with similar names."""
    edition, period, subject = name
    lines: list[str] = []
    if alike := subjects_near(connection, subject, clocks):
        settlement = settle(connection, edition, clocks, period=period, subjects=alike)
        lines = lines_near(line, [other.line for other in settlement.lines])
    return no_line(edition, period, subject, lines)


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def withdrawn_of(connection: Connection, streams: set[str], known_at: int) -> list[dict[str, Any]]:
    """Withdrawn facts of some streams: a reader of the tree would look for them."""
    c, w = events.c, withdrawn.c
    query = (
        select(c.position, w.position)
        .join_from(events, withdrawn, w.target == c.position)
        .where(c.stream.in_(sorted(streams)), c.position <= known_at, w.position <= known_at)
        .order_by(c.position)
    )
    lifts = {target: by for target, by in connection.execute(query)}
    facts = provenance(connection, set(lifts))
    return [{**fact, "withdrawn_by": lifts[fact["position"]]} for fact in facts]


def provenance(connection: Connection, positions: set[int]) -> list[dict[str, Any]]:
    """Where facts came from: who reported them, in which file, at which line."""
    facts = list(read_positions(connection, positions))
    batches = {
        fact.position: fact.event
        for fact in read_positions(connection, {fact.batch for fact in facts if fact.batch})
    }
    rows = []
    for fact in facts:
        batch = batches.get(fact.batch)
        file, line = ("", None)
        if isinstance(batch, BatchRecorded) and fact.row:
            file, line = batch.place(fact.row)
        elif isinstance(batch, BatchRecorded) and isinstance(fact.event, OrdersArchived):
            file = ", ".join(file.name for file in batch.files)
        rows.append(
            {
                "position": fact.position,
                "type": type(fact.event).__name__,
                "stream": fact.stream,
                "at": format_instant(fact.at),
                "recorded_at": format_instant(fact.recorded_at),
                "by": fact.by or (batch.by if isinstance(batch, BatchRecorded) else ""),
                "file": file,
                "line": line,
            }
        )
    return rows
