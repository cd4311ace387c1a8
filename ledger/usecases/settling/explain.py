"""Explaining one line: its tree, and the facts it rests on with the file and line they came in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.book import BatchRecorded
from ledger.aggregates.orders import OrdersArchived
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders, NoSuchLine
from ledger.kernel.instants import format_instant
from ledger.programs.contract import Asked
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.log import read_positions
from ledger.store.order_lines import Archived, OrderLines
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn
from ledger.usecases.settling.settle import Settlement, settle, split_line


def explain(
    connection: Connection,
    line: str,
    clocks: Clocks,
    *,
    orders: bool = False,
    edition: Edition | None = None,
) -> tuple[Settlement, dict[str, Any]]:
    """The settlement of one line alone, and the answer: the line, its tree, its facts.

    Reads only what the line rests on. With `orders` also every order that the line sums; under
    the terms that count, or under those given.
    Raises `NoSuchLine`, `UnknownProgram`, `NoOrders` for a program that does not work by order.
    """
    published, period, subject = split_line(connection, line, clocks.known_at)
    edition = edition or published
    read: dict[int, Recorded] = {}
    settlement = settle(
        *(connection, edition, clocks),
        period=period,
        subjects=frozenset({subject}),
        watch=lambda one: read.__setitem__(one.position, one),
    )
    if not settlement.lines:
        raise NoSuchLine(*program_of(edition.rules).no_line(edition, period, subject))
    found = next((one for one in settlement.lines if one.line == line), None)
    if found is None:
        names = ", ".join(one.line for one in settlement.lines)
        raise NoSuchLine(f"There is no line {line!r}.", f"There are: {names}.")
    head = settlement.head_json()
    del head["totals"], head["decisions"]
    answer = head | {"stands": settlement.stands} | found.as_json()
    cited = found.explanation.positions()
    answer["facts"] = provenance(connection, cited)
    answer["considered"] = [
        {"position": one.position, "type": type(one.event).__name__, "stream": one.stream}
        for one in sorted(read.values())
        if one.position not in cited
    ]
    if orders:
        found_orders = orders_of(connection, edition, settlement.period, subject, clocks)
        answer["orders"] = [_without(one, "archived") for one in found_orders]
    streams = {found.subject, *(one["stream"] for one in answer["facts"])}
    answer["withdrawn"] = withdrawn_of(connection, streams, clocks.known_at)
    return settlement, answer


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def orders_of(
    connection: Connection, edition: Edition, period: str | None, subject: str, clocks: Clocks
) -> list[dict[str, Any]]:
    """Every order that a line of a subject sums, with the file and row it came in, and the
    position at which it was archived, `archived`.

    Raises `NoOrders` for a program that does not work by order.
    """
    orders = program_of(edition.rules).orders
    if orders is None:
        raise NoOrders(
            f"{edition.program} does not work by order.", "Leave --orders out of the command."
        )
    asked = Asked(edition, period, frozenset({subject}))
    found = orders.orders_of(LogReader(connection, clocks), asked)
    files = OrderLines.at(connection, clocks).files
    names = _order_files(connection, files)
    for one in found:
        archived, file, row = one.pop("place")
        one |= {"file": names[archived - 1][file - 1], "row": row}
        one["archived"] = files[archived - 1].position
    return found


def _order_files(connection: Connection, files: Sequence[Archived]) -> list[list[str]]:
    """Per archived file the names of the files that its call was given."""
    found = read_positions(connection, {one.call.batch for one in files})
    batches = {one.position: one for one in found}
    return [[one.name for one in batches[one.call.batch].event.files] for one in files]


def withdrawn_of(connection: Connection, streams: set[str], known_at: int) -> list[dict[str, Any]]:
    """Facts of some streams that were withdrawn, which a reader of the tree would look for."""
    c, w = events.c, withdrawn.c
    query = (
        select(c.position, w.position)
        .join_from(events, withdrawn, w.target == c.position)
        .where(c.stream.in_(sorted(streams)), c.position <= known_at, w.position <= known_at)
        .order_by(c.position)
    )
    lifts = {target: by for target, by in connection.execute(query)}
    found = provenance(connection, set(lifts))
    return [{**one, "withdrawn_by": lifts[one["position"]]} for one in found]


def provenance(connection: Connection, positions: set[int]) -> list[dict[str, Any]]:
    """Where facts came from: who reported them, in which file, at which line."""
    facts = list(read_positions(connection, positions))
    batches = {
        one.position: one.event
        for one in read_positions(connection, {fact.batch for fact in facts if fact.batch})
    }
    found = []
    for fact in facts:
        batch = batches.get(fact.batch)
        file, line = ("", None)
        if isinstance(batch, BatchRecorded) and fact.row:
            file, line = batch.place(fact.row)
        elif isinstance(batch, BatchRecorded) and isinstance(fact.event, OrdersArchived):
            file = ", ".join(one.name for one in batch.files)
        found.append(
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
    return found
