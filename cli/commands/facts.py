"""`duebook facts`: the catalogue of facts."""

import json
from typing import Any

import click

from cli.options import Ask, answering
from cli.output import Out
from cli.talk import say
from cli.typed import completing


@click.command()
@click.argument("type_", metavar="[TYPE]", required=False, shell_complete=completing("facts"))
@click.option("--schema", is_flag=True, help="Write JSON Schema.")
@answering(book=False)
def facts(type_: str | None, schema: bool, ask: Ask) -> None:
    """List the facts that a book takes, or show one with its fields and an example.

    \b
    duebook facts
    duebook facts StoreClosed
    duebook facts --schema -o facts.json
    """
    from ledger.usecases.looking import catalogue_of_facts as usecase

    where = ask.out
    if schema and where.is_table and where.destination is None:
        where = Out("json", None)
    if schema:
        document = usecase.schema(type_)
        where.data(document, [document])
        return
    if type_ is None:
        rows = usecase.catalogue()
        where.data(rows, rows)
        if where.is_table:
            say("One fact in full:  duebook facts TYPE")
        return
    fact = usecase.describe(type_)
    if where.is_table:
        where.text(_lines(fact))
    else:
        where.data(fact, fact["fields"])


def _lines(fact: dict[str, Any]) -> list[str]:
    width = max(len(field["field"]) for field in fact["fields"])
    lines = [f"{fact['type']}: {fact['meaning']}", ""]
    for field in fact["fields"]:
        needed = "required" if field["required"] else "optional"
        lines.append(f"  {field['field']:<{width}}  {needed}  {field['meaning']}")
    if fact["warnings"]:
        lines += ["", "Warnings: " + ", ".join(fact["warnings"])]
    lines += ["", "Example:", json.dumps(fact["example"], ensure_ascii=False)]
    return lines
