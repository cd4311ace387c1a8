"""`duebook publish` and `duebook programs`: terms in, terms out."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cli.deciding import Decision, deciding, say_moves
from cli.destination import INPUT
from cli.options import Ask, answering, now
from cli.output import FORMATS
from cli.talk import say
from cli.typed import completing

if TYPE_CHECKING:
    from ledger.programs.edition import Edition

VALUE_MAX = 200


@click.command()
@click.argument("terms", type=INPUT, metavar="TERMS.toml")
@click.option("--replace", is_flag=True, help="Replace another publisher's terms with these.")
@deciding
@answering(writes=True)
def publish(terms: str, replace: bool, decision: Decision, ask: Ask) -> int:
    """Record a version of an edition's terms. Runs use the last version published.

    On a terminal, and with --dry-run, it shows what differs from the version in force and what
    that moves in periods that are open.

    \b
    duebook programs recruiting-eu-jp-2026q1 --format toml > mine.toml
    duebook publish mine.toml --by lin
    """
    from ledger.usecases.closing.what_moves import moved_by_terms
    from ledger.usecases.terms.draft import read_terms
    from ledger.usecases.terms.publish import publish as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, _shown(plan))
        _talk(plan)

    with ask.opened() as book:
        edition = read_terms(terms)
        answer = usecase(
            *(book, edition, decision.by),
            replace=replace,
            look=partial(moved_by_terms, now=now()) if decision.looks else None,
            agree=decision.agree(f"Publish version {edition.version}?", show),
        )
    decision.answer(where, answer, _shown(answer))
    if not (answer["recorded"] or "differences" in answer):
        say("That version was published before, with the same content. Nothing was recorded.")
        return 0
    if where.is_table and not decision.shown:
        _talk(answer)
    return decision.ended(where)


def _shown(answer: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("program", "publisher", "version", "digest", "recorded", "position", "receipt")
    return [{name: answer[name] for name in names}]


def _talk(answer: dict[str, Any]) -> None:
    """Says what differs, what keeps an old citation, and what moves."""
    was = answer["replaces"]
    if was is None:
        say("These are the first terms of the program.")
    elif answer["differences"]:
        say(f"Against version {was['version']} by {was['publisher']}, which is in force:")
    for change in answer["differences"]:
        say(f"  {change['parameter']}: {_brief(change['was'])} -> {_brief(change['now'])}")
    for change in answer["differences"]:
        if change["keeps_citation"]:
            say(
                f"Careful: {change['parameter']} has another value and is still cited from "
                f"{change['cited']!r}: does that say so?"
            )
    say_moves(answer)


def _brief(value: Any) -> str:
    """A value on one line, cut where it is long."""
    if value is None:
        return "not set"
    text = "; ".join(line.strip() for line in _value(value).splitlines() if line.strip())
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]} ..."


@click.command()
@click.argument("program", required=False, shell_complete=completing("programs"))
@answering(clocks=True, also=("toml",), formats=(*FORMATS, "toml"))
def programs(program: str | None, ask: Ask) -> None:
    """List published editions, or show one with its sources and assumptions.

    \b
    duebook programs
    duebook programs recruiting-eu-jp-2026q1
    duebook programs recruiting-eu-jp-2026q1 --format toml -o mine.toml
    """
    from ledger.programs.edition import to_toml
    from ledger.usecases.terms import editions
    from ledger.usecases.terms import publish as terms

    where = ask.out
    toml = where.format == "toml"
    if toml and program is None:
        raise click.UsageError("--format toml needs a PROGRAM.")
    with ask.opened() as book, book.reading() as connection:
        at = ask.clocks(connection).known_at
        if program is None:
            rows = [_row(fact) for fact in editions.published(connection, at)]
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
    """A parameter in words; the rows of a table one below another."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict) for item in value):
            return "".join(f"\n    {_value(item)}" for item in value)
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
        # A name that is cited but neither set nor assumed is a condition of the rules.
        condition = row["value"] is None and row["parameter"] != "governance_ratios"
        said = row["parameter"] if condition else f"{row['parameter']} = {shown}"
        lines += [line.rstrip() for line in said.splitlines()]
        for word in ("cited", "assumed"):
            if row[word]:
                lines.append(f"    {word}: {row[word]}")
    lines += ["", "Sources:"]
    lines += [f"  {source.key}: {source.title}, {source.date}" for source in edition.source]
    return lines
