"""`duebook log` and `duebook show`: what is recorded, and the state of one thing."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from cli.numbers import AFTER, COUNT
from cli.options import Ask, answering
from cli.typed import completing

FIELDS_MAX = 300


@click.command()
@click.argument("stream", required=False, shell_complete=completing("streams"))
@click.option("--after", type=AFTER, default=0, metavar="POSITION", help="Only what follows it.")
@click.option("--limit", type=COUNT, metavar="N", help="Maximum number of events.")
@answering(clocks=True)
def log(stream: str | None, after: int, limit: int | None, ask: Ask) -> None:
    """List recorded events, of one stream or of the whole book, withdrawn ones too.

    \b
    duebook log store:S-1001
    duebook log --after 1000 --limit 20
    duebook log --format ndjson -o everything.ndjson
    """
    from ledger.usecases.looking.show import event_json, lifts
    from ledger.usecases.looking.show import log as usecase

    where = ask.out
    with ask.opened() as book, book.reading() as connection:
        at = ask.clocks(connection)
        events = usecase(connection, stream, after, at.known_at)
        counted = (event for event in events if ask.as_of is None or event.at <= at.as_of)
        withdrawn_by = lifts(connection, at.known_at)
        rows = (_marked(event_json(event), withdrawn_by) for event in islice(counted, limit))
        if where.format == "json":
            answer = list(rows)
            where.data(answer, answer)
        else:
            where.data(None, map(_cut, rows) if where.is_table else _even(where.format, rows))


def _marked(row: dict[str, Any], withdrawn_by: dict[int, int]) -> dict[str, Any]:
    """An event's row; for a withdrawn fact with the position of its withdrawal."""
    by = withdrawn_by.get(row["position"])
    return row if by is None else {**row, "withdrawn_by": by}


def _even(format_: str, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows as they are; for a sheet, which needs equal columns, with an event's fields in one."""
    for row in rows:
        yield _short(row) if format_ in ("csv", "xlsx") else row


_PLACE = ("position", "stream", "version", "type", "at", "recorded_at", "by", "batch", "row")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    left_out = (*_PLACE, "hash", "edition", "files")
    said = {name: value for name, value in row.items() if name not in left_out}
    if "files" in row:
        said["files"] = [file.get("name") or file["digest"][:19] for file in row["files"]]
    if "actor" in said:
        from ledger.aggregates.writing import Actor

        said["actor"] = str(Actor(**said["actor"]))
    shown = {name: row[name] for name in ("position", "at", "stream", "type")}
    return shown | {"fields": json.dumps(said, ensure_ascii=False), "hash": row["hash"][:12]}


def _cut(row: dict[str, Any]) -> dict[str, Any]:
    """Cuts an event's fields for a table; the other formats have all of them."""
    shown = _short(row)
    if len(shown["fields"]) > FIELDS_MAX:
        shown["fields"] = f"{shown['fields'][:FIELDS_MAX]} ... (all of it: --format ndjson)"
    return shown


@click.command()
@click.argument("stream", shell_complete=completing("streams"))
@answering(clocks=True)
def show(stream: str, ask: Ask) -> None:
    """Show one aggregate's state, and the facts that it follows from, in business order.

    \b
    duebook show store:S-1001
    duebook show partner:P-01 --as-of 2026-02-15
    duebook show rate:EUR-CNY --format json
    """
    from ledger.usecases.looking.show import show as usecase

    where = ask.out
    with ask.opened() as book, book.reading() as connection:
        answer = usecase(connection, stream, ask.clocks(connection))
    if where.is_table:
        lines = [f"{stream} as of {where.clocks(answer)}"]
        lines += [f"  {name} = {_value(value)}" for name, value in answer["state"].items()]
        lines += ["", "Facts that count, in the order in which they happened:"]
        lines += [f"  {_line(row)}" for row in map(_short, answer["facts"])]
        if answer["not_counted"]:
            places = ", ".join(map(str, answer["not_counted"]))
            lines.append(f"Withdrawn, or after as-of: positions {places}")
        where.text(lines)
    else:
        where.data(answer, answer["facts"])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _line(row: dict[str, Any]) -> str:
    return f"{row['position']:>7}  {row['at']}  {row['type']}  {row['fields']}"
