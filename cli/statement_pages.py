"""Statements as files that can be sent: pages, PDFs and workbooks; and at which clocks statements
are asked."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from cli.options import Ask
from cli.output import Out
from cli.talk import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.kernel.clocks import Clocks
    from projections.pages.voice import Addressed

SENT = ("xlsx", "html", "pdf")
"""The formats of what is sent; others are data."""


def decided(at: "Clocks", ask: Ask) -> "Clocks":
    """The clocks; without an as-of for all that was decided, by whatever clock."""
    from ledger.kernel.clocks import FOREVER

    return at._replace(as_of=FOREVER) if ask.as_of is None else at


@dataclass
class Sender:
    """Writes statements of a book as files that can be sent."""

    ask: Ask
    letterhead: str | None
    book: str
    _zones: dict[str, str] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def ready(self) -> "Sender":
        """Itself, once what its format needs is there. Raises `MissingExtra`, `BadLetterhead`."""
        from projections.pages.letterhead import letterhead_at

        letterhead_at(self.letterhead, self.book)
        if self.ask.out.format == "pdf":
            from projections.pages.statement_pdf import typesetter

            typesetter()
        return self

    def send(
        self, connection: "Connection", answer: dict[str, Any], names: list[str], where: Out
    ) -> None:
        """Writes an answer in the format of `where`. Refuses several statements but as a
        workbook: a page is of one payee."""
        if where.format != "xlsx" and len(names) != 1:
            what = "PDF" if where.format == "pdf" else "page"
            raise click.UsageError(
                f"A {what} is of one statement: name it or its payee, or all of them: "
                "--all -o FOLDER."
            )
        to = self._addressed(connection, answer, names)
        match where.format:
            case "html":
                from projections.pages.statement_page import statement_page

                where.page(statement_page(answer, to))
            case "pdf":
                from projections.pages.statement_pdf import statement_pdf

                made = statement_pdf(answer, to)
                with where.binary() as file:
                    file.write(made.content)
                self._say(made.lacking)
            case _:
                from projections.exporters.xlsx import write

                with where.binary() as file:
                    write(answer, file, to)

    def _addressed(
        self, connection: "Connection", answer: dict[str, Any], names: list[str]
    ) -> "Addressed":
        from projections.pages.letterhead import letterhead_at
        from projections.pages.names import names_of
        from projections.pages.statement_content import party_of
        from projections.pages.voice import Addressed

        head = letterhead_at(self.letterhead, self.book)
        zone = self._zone(connection, answer["program"])
        if len(names) != 1:
            return Addressed(letterhead=head, zone=zone)
        party = party_of(answer)
        name = names_of(connection, [party], answer["known_at"]).get(party, "")
        return Addressed(names[0], head, name, zone)

    def _zone(self, connection: "Connection", program: str) -> str:
        """The zone of a program, which several written at once do not share."""
        if program not in self._zones:
            self._zones[program] = self.ask.run(connection, program).edition.zone
        return self._zones[program]

    def _say(self, sentence: str) -> None:
        """Once for all statements of a call."""
        if sentence and sentence not in self._said:
            self._said.add(sentence)
            say(sentence)
