"""`duebook files`: looks at a file from elsewhere, and drafts a mapping for it."""

from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT
from cli.numbers import ZONE
from cli.options import Ask, answering
from cli.output import FORMATS
from cli.talk import say

if TYPE_CHECKING:
    from ledger.usecases.looking.look_at_file import Looked

SAMPLE_SHOWN = 40


@click.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option(
    "--for",
    "use",
    metavar="USE",
    help="What it is to be read for: orders, reconcile, or a type of fact [by its columns].",
)
@click.option(
    "--profile",
    type=INPUT,
    metavar="NAME|FILE",
    help="Show how this mapping reads it, instead of a draft.",
)
@click.option("--zone", type=ZONE, metavar="Z", help="The zone of times without one.")
@answering(book=False, also=("toml",), formats=(*FORMATS, "toml"))
def files(file: str, use: str | None, profile: str | None, zone: str | None, ask: Ask) -> int:
    """Look at a file: its format, its columns, its first rows as they would be read.

    Prints a draft of a mapping with what was recognised and what is missing. Complete it, then give
    it to orders, record or reconcile with --profile.

    \b
    duebook files export.csv
    duebook files export.xlsx --for reconcile --format toml > their-fees.toml
    duebook files export.csv --profile their-orders.toml
    """
    from ledger.intake.tables.mappings import mapping_named
    from ledger.intake.tables.targets import target_named
    from ledger.usecases.looking.look_at_file import look_at

    if use is not None:
        target_named(use)
    mapping = mapping_named(profile, use) if profile else None
    looked = look_at(file, use=use, mapping=mapping, zone=zone)
    where = ask.out
    if where.format == "toml":
        where.text(looked.draft.text.splitlines())
        return 0
    answer = looked.as_json()
    where.data(answer, [_column(column) for column in answer["columns"]])
    if where.is_table:
        _talk(looked, with_draft=mapping is None and where.destination is None)
        if where.destination is None:
            _rows(ask, answer["first_rows"])
        if mapping is None and answer["mapping"] and where.destination is None:
            where.text(["", *looked.draft.text.splitlines()])
    return 1 if mapping is not None and looked.refused else 0


def _column(column: dict[str, Any]) -> dict[str, Any]:
    """A column as a row of the table."""
    samples = "; ".join(column["samples"])
    cut = samples if len(samples) <= SAMPLE_SHOWN else samples[: SAMPLE_SHOWN - 1] + "…"
    return {
        "header": column["header"],
        "read_as": column["read_as"] or "",
        "how": column["how"] or "",
        "first_cells": cut,
    }


def _command_for(use: str) -> str:
    """The command that takes a file with our own headers."""
    own = {"orders": "orders FILE", "reconcile": "reconcile PROGRAM --against FILE"}
    return own.get(use) or ("record FILE" if use == "facts" else f"record FILE --type {use}")


def _talk(looked: "Looked", *, with_draft: bool) -> None:
    """Says what the file is, and what is in doubt."""
    file, header = looked.file, looked.found
    parts = [looked.format]
    parts += [file.encoding] if file.encoding else []
    parts += ["packed with gzip"] if file.packed else []
    if header.sheet:
        others = [sheet for sheet in looked.sheets if sheet != header.sheet]
        parts.append(f"sheet {header.sheet!r}" + (f" (also {', '.join(others)})" if others else ""))
    where = f", header in row {header.place}" if header.place else ""
    say(f"{file.name}: {', '.join(parts)}{where}; read for {looked.use}.")
    if looked.is_own:
        say(f"Its headers are ours: it needs no mapping. duebook {_command_for(looked.use)}")
    for name in looked.fits:
        say(f"It fits the shipped profile {name}: --profile {name}; --format toml drafts another.")
    if looked.refused:
        say(f"It is not read: {looked.refused}")
    if looked.lacks:
        say(f"Not in the file: {', '.join(looked.lacks)}. Options give it: --store, --set.")
    if with_draft and not (looked.is_own or looked.fits):
        if looked.draft.missing:
            say(f"Missing: {', '.join(looked.draft.missing)}.")
        for doubt in looked.draft.doubts:
            say(f"In doubt: {doubt}.")


def _rows(ask: Ask, rows: list[dict[str, Any]]) -> None:
    """Shows the first rows as they would be read."""
    if not rows:
        return
    names = dict.fromkeys(name for row in rows for name in row)
    shown = [name for name in names if any(row.get(name) for row in rows)]
    ask.out.text(["", "First rows as they would be read:"])
    ask.out.data(rows, [{name: row.get(name) or "" for name in shown} for row in rows])
