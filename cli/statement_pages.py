"""Statements as pages, and at which clocks statements are asked."""

from typing import TYPE_CHECKING, Any

import click

from cli.options import Ask
from cli.output import Out

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.kernel.clocks import Clocks


def decided(at: "Clocks", ask: Ask) -> "Clocks":
    """The clocks; without an as-of for all that was decided, by whatever clock."""
    from ledger.kernel.clocks import FOREVER

    return at._replace(as_of=FOREVER) if ask.as_of is None else at


def page_of(
    connection: "Connection",
    answer: dict[str, Any],
    names: list[str],
    where: Out,
    letterhead: str | None,
    book: str,
) -> str:
    """A single statement as a page. Refuses several: a page is of one payee."""
    from projections.pages.letterhead import letterhead_at
    from projections.pages.statement_page import name_of, party_of, statement_page

    if len(names) != 1:
        raise click.UsageError(
            "A page is of one statement: name it or its payee, or all of them: --all -o FOLDER."
        )
    name = name_of(connection, party_of(answer), answer["known_at"])
    head = letterhead_at(letterhead, book)
    return statement_page(answer, names[0], head, name, where.zone)
