"""The terms of a closed period, with what was missing then filled from later versions."""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.settlement import TermsUsed
from ledger.kernel.errors import LogBroken
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.usecases.closing.missing_rows import Table
from ledger.usecases.statements.closed_period import ClosedPeriod, edition_of
from ledger.usecases.terms.editions import published

EMPTY: tuple[Any, ...] = (None, "", [], {})


class Filled(NamedTuple):
    """The terms that an adjustment is based on, and where each filled parameter came from."""

    base: Edition
    edition: Edition
    filled: dict[str, TermsUsed]


def filled_terms(connection: Connection, period: ClosedPeriod, known_at: int) -> Filled:
    """A closed period keeps its terms; a later version may only add what was missing.

    That is a parameter that was absent or empty and had no default, or a row of a keyed table
    for values or days to which no row applied. What an adjustment has used stays; the rest
    comes from the last version at known-at. Raises `LogBroken`.
    """
    base = edition_of(connection, period.seal)
    versions = {
        version.position: version
        for version in published(connection, known_at, base.program)
        if version.position > period.seal.terms.position
    }
    used: dict[str, TermsUsed] = {}
    for recorded in period.adjusted:
        used |= recorded.event.filled
    if any(terms_used.position not in versions for terms_used in used.values()):
        raise LogBroken(
            f"An adjustment of {base.program} is based on terms that are not in the log."
        )
    terms, filled = dict(base.terms), {}
    for name, source in sorted(used.items()):
        if _take(terms, name, versions[source.position].event.edition["terms"], base):
            filled[name] = source
    if versions:
        newest = versions[max(versions)]
        offered = newest.event.edition["terms"]
        for name in _missing(terms, offered, base):
            if _take(terms, name, offered, base):
                filled[name] = _used(newest)
    edition = base.model_copy(update={"terms": terms}) if filled else base
    return Filled(base, edition, filled)


def _missing(terms: dict[str, Any], offered: dict[str, Any], base: Edition) -> list[str]:
    """Names of parameters, or `table:row` names, that the terms lack and a later version has."""
    program = program_of(base.rules)
    names: set[str] = set()
    for name, value in offered.items():
        if value in EMPTY or name in program.came_later:
            continue  # a parameter that came later has a default even where terms lack it
        if terms.get(name) in EMPTY:
            names.add(name)
        elif name in program.keyed:
            table = Table.of(program, name)
            for row in value:
                names |= {f"{name}:{key}" for key in table.missing(terms[name], row)}
    return sorted(names)


def _take(terms: dict[str, Any], name: str, source: dict[str, Any], base: Edition) -> bool:
    """Copies a parameter, or a row of a keyed table, from a later version's terms into `terms`;
    False if it is not there."""
    parameter, colon, key = name.partition(":")
    if not colon:
        if source.get(name) in EMPTY:
            return False
        terms[name] = source[name]
        return True
    table = Table.of(program_of(base.rules), parameter)
    rows = table.named(source.get(parameter, []), key)
    terms[parameter] = [*terms[parameter], *rows]
    return bool(rows)


def _used(recorded: Recorded) -> TermsUsed:
    event = recorded.event
    return TermsUsed(
        publisher=event.publisher,
        version=event.version,
        digest=event.digest,
        position=recorded.position,
    )
