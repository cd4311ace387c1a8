"""`duebook publish` and `duebook programs`: terms in, terms out."""

from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    answer_options,
    book_option,
    by_option,
    clock_options,
    clocks,
    complete_programs,
    opened,
    out,
)
from cli.output import Out, say

if TYPE_CHECKING:
    from ledger.programs.edition import Edition


@click.command()
@click.argument("terms", metavar="TERMS.toml")
@by_option
@book_option
@answer_options
def publish(terms: str, by: str, book: str | None, format_: str | None, output: str | None) -> None:
    """Record a version of an edition's terms. Runs use the last version published.

    \b
    duebook programs recruiting-eu-jp-2026q1 --format toml > mine.toml
    duebook publish mine.toml --by lin
    """
    from ledger.usecases.terms.draft import read_terms
    from ledger.usecases.terms.publish import publish as usecase

    where = out(format_, output)
    with opened(book) as found:
        answer = usecase(found, read_terms(terms), by)
    where.data(answer, [answer])
    if not answer["recorded"]:
        say("That version was published before, with the same content. Nothing was recorded.")


@click.command()
@click.argument("program", required=False, shell_complete=complete_programs)
@click.option(
    "--format",
    "format_",
    type=click.Choice(("table", "json", "csv", "ndjson", "toml")),
    help="How to write the answer [table]; toml prints the terms as a file.",
)
@click.option("-o", "--output", metavar="FILE", help="Write there.")
@clock_options
@book_option
def programs(
    program: str | None,
    format_: str | None,
    output: str | None,
    as_of: str | None,
    known_at: str | None,
    book: str | None,
) -> None:
    """List published editions, or show one with its sources and assumptions.

    \b
    duebook programs
    duebook programs recruiting-eu-jp-2026q1
    duebook programs recruiting-eu-jp-2026q1 --format toml -o mine.toml
    """
    from ledger.programs.edition import to_toml
    from ledger.usecases.terms import editions
    from ledger.usecases.terms import publish as terms

    toml = format_ == "toml" or (format_ is None and (output or "").endswith(".toml"))
    where = Out("table", output) if toml else out(format_, output)
    if toml and program is None:
        raise click.UsageError("--format toml needs a PROGRAM.")
    with opened(book) as found, found.reading() as connection:
        at = clocks(connection, as_of, known_at).known_at
        if program is None:
            rows = [_row(one) for one in editions.published(connection, at)]
            where.data(rows, rows)
            for edition in terms.offered(connection, at):
                say(
                    f"Newer: {edition.program} version {edition.version} comes with this duebook; "
                    "publish it to use it."
                )
            return
        edition, position = editions.edition_at(connection, program, at)
    if toml:
        where.text(to_toml(edition).splitlines())
    elif where.is_table:
        where.text(_lines(edition, position))
    else:
        data = {"position": position, "digest": edition.digest, **edition.as_data()}
        where.data(data, _parameters(edition))


def _row(recorded: Any) -> dict[str, Any]:
    event = recorded.event
    edition = event.edition
    return {
        "program": event.program,
        "publisher": event.publisher,
        "version": event.version,
        "rules": edition["rules"],
        "from": edition["from"],
        "to": edition.get("to"),
        "position": recorded.position,
        "by": recorded.by,
        "digest": event.digest,
    }


def _parameters(edition: "Edition") -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys([*edition.terms, *edition.assumed, *edition.cite]):
        value = edition.terms.get(name, edition.as_data().get(name))
        rows.append(
            {
                "parameter": name,
                "value": value,
                "cited": edition.cite.get(name),
                "assumed": edition.assumed.get(name),
            }
        )
    return rows


def _value(value: Any) -> str:
    """A parameter in words; rows of a table one below the other."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        if any(isinstance(one, dict) for one in value):
            return "".join(f"\n    {_value(one)}" for one in value)
        return ", ".join(map(_value, value))
    return str(value)


def _lines(edition: "Edition", position: int) -> list[str]:
    last = edition.last or "open"
    lines = [
        f"{edition.program}: version {edition.version} by {edition.publisher}, position {position}",
        f"{edition.first} to {last}, {edition.zone}, {edition.currency}, rules {edition.rules} "
        f"version {edition.rules_version}",
        edition.digest,
        "",
    ]
    for row in _parameters(edition):
        if row["value"] is None:
            shown = "not set" if row["parameter"] not in edition.terms else ""
        else:
            shown = _value(row["value"])
        # What is cited and neither set nor assumed is a condition of the rules, not a parameter.
        condition = row["value"] is None and row["parameter"] != "governance_ratios"
        lines.append(row["parameter"] if condition else f"{row['parameter']} = {shown}")
        for word in ("cited", "assumed"):
            if row[word]:
                lines.append(f"    {word}: {row[word]}")
    lines += ["", "Sources:"]
    lines += [f"  {one.key}: {one.title}, {one.date}" for one in edition.source]
    return lines
