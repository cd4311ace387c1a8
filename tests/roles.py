"""A book on PostgreSQL under the three roles of `duebook init --roles`, with a login in each."""

from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from ledger.store.book import open_book
from ledger.store.roles import roles_script
from ledger.usecases.init import init
from projections.catalogue import VIEWS
from projections.runner import catch_up
from tests.quarter import Quarter, held_quarter

LOGINS = {"clerk": "duebook_writer", "reviewer": "duebook_reader", "keeper": "duebook_owner"}


class Roles(NamedTuple):
    """Where a book is, as a superuser names it, and as each login does."""

    url: str

    def of(self, login: str) -> str:
        """The book's URL for a login."""
        assert "postgres:@" in self.url
        return self.url.replace("postgres:@", f"{login}:@")

    def run_script(self, login: str = "postgres") -> list[str]:
        """Runs the script as an administrator; answers its warnings."""
        with psycopg.connect(self.of(login), autocommit=True) as connection:
            told: list[str] = []
            connection.add_notice_handler(lambda one: told.append(str(one.message_primary)))
            connection.execute(roles_script(self.url))
        return told

    def let_in(self) -> None:
        """Makes the logins, with nothing but their role; a server keeps them for all its books."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for login, role in {**LOGINS, "stranger": ""}.items():
                if connection.execute(f"SELECT to_regrole('{login}')").fetchone() != (None,):
                    continue
                connection.execute(f"CREATE ROLE {login} LOGIN" + (f" IN ROLE {role}" * bool(role)))
            (database,) = connection.execute("SELECT current_database()").fetchone() or ("",)
            connection.execute(
                f"ALTER ROLE keeper IN DATABASE {database} SET role = 'duebook_owner'"
            )

    def ask(self, sql: str, login: str = "postgres") -> list[Any]:
        """Rows that a login gets, past duebook. Raises what the server says."""
        with psycopg.connect(self.of(login), autocommit=True) as connection:
            found = connection.execute(sql)
            return found.fetchall() if found.description else []


def made(url: str, folder: Path) -> Roles:
    """A held quarter in a book that an administrator made, closed, with its read models built by
    the keeper, and a login in each of the roles."""
    book, _ = init(url, "platform", str(folder / "archive"))
    quarter = Quarter(book, folder)
    quarter.tell(held_quarter())
    quarter.close(leave_open="ratios come in May")
    book.close()
    roles = Roles(url)
    assert roles.run_script() == []
    roles.let_in()
    keeper = open_book(roles.of("keeper"))
    for view in VIEWS.values():
        catch_up(keeper, view)
    keeper.close()
    return roles
