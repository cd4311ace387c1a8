"""The script of `init --roles`: before and after a book is made, twice, and by whom."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.roles import Roles

Duebook = Callable[..., Any]
AGAIN = ["There is no book yet. When it is made, run this script again."]
ACL = (
    "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
)


def owners(roles: Roles, schema: str = "public") -> set[str]:
    """Who owns the tables of the book, and the function that its triggers call."""
    rows = roles.ask(f"SELECT tableowner FROM pg_tables WHERE schemaname = '{schema}'")
    rows += roles.ask(
        f"SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace"
    )
    return {owner for (owner,) in rows}


def test_the_script_says_what_each_role_is_for_and_needs_no_book(
    duebook: Duebook, here: Path
) -> None:
    """On standard output or into a file, for the schema of the book's URL; nothing is made."""
    ran = duebook("init", "--roles")
    assert (ran.code, ran.err) == (0, "")
    for said in ("duebook_owner   owns", "duebook_writer  reads", "duebook_reader  reads"):
        assert said in ran.out
    assert "GRANT USAGE ON SCHEMA public TO" in ran.out
    url = "postgresql://lin@nowhere/books?options=-csearch_path%3Dspring,public"
    assert duebook("init", "--roles", "--book", url, "-o", "roles.sql").code == 0
    assert "GRANT USAGE ON SCHEMA spring TO" in (here / "roles.sql").read_text("utf-8")
    assert [one.name for one in here.iterdir()] == ["roles.sql"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--roles", "--demo"), 2, "make the book in another call"),
        (("--roles", "--book", "books.db"), 2, "its mode says"),
        (("--roles", "--format", "json"), 2, "--roles prints SQL"),
        (("-o", "roles.sql"), 2, "Only --roles answers in SQL"),
        (
            ("--roles", "--book", "postgresql://lin@h/b?options=-csearch_path%3D%22My-Books%22"),
            *(1, "'My-Books'"),
        ),
    ],
)
def test_a_script_that_would_mean_something_else_is_refused(
    duebook: Duebook, here: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """And nothing is made."""
    ran = duebook("init", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert list(here.iterdir()) == []


def test_before_a_book_is_made_it_makes_the_roles_and_asks_to_be_run_again(
    new_database: Callable[[], str], duebook: Duebook, file: Callable[..., str]
) -> None:
    """The keeper then makes the book as its owner; until the second run nobody may write to it."""
    roles = Roles(new_database())
    assert roles.run_script() == AGAIN
    roles.let_in()
    assert duebook("init", "--book", roles.of("keeper")).code == 0
    assert owners(roles) == {"duebook_owner"}
    fact = {"type": "StoreVerified", "at": "2026-01-10T09:00:00+08:00", "store": "S-1"}
    ran = duebook("record", file([fact]), "--book", roles.of("clerk"))
    assert ran.code == 1
    assert "The role clerk may only read this book" in ran.err
    assert duebook("verify", "--book", roles.of("reviewer")).code == 0
    assert roles.run_script() == []
    assert duebook("record", file([fact]), "--book", roles.of("clerk")).code == 0
    assert duebook("upgrade", "--by", "lin", "--book", roles.of("keeper")).code == 0


def test_running_it_again_changes_nothing_and_takes_back_what_was_given_beside_it(
    new_database: Callable[[], str], duebook: Duebook
) -> None:
    """After a GRANT too many the script gives each role its own rights again."""
    roles = Roles(new_database())
    assert duebook("init", "--book", roles.url).code == 0
    assert owners(roles) == {"postgres"}
    assert roles.run_script() == []
    assert owners(roles) == {"duebook_owner"}
    stood = roles.ask(ACL)
    assert roles.run_script() == []
    assert roles.ask(ACL) == stood
    roles.ask("GRANT UPDATE, TRIGGER ON events TO duebook_writer")
    roles.ask("GRANT ALL ON events, refs TO PUBLIC")
    assert roles.ask(ACL) != stood
    roles.run_script()
    assert roles.ask(ACL) == stood


def test_an_administrator_who_is_no_superuser_runs_it(
    new_database: Callable[[], str], duebook: Duebook, file: Callable[..., str]
) -> None:
    """With CREATEROLE and a database of their own, in which they have made the book."""
    first = Roles(new_database())
    for sql in (
        *("DROP DATABASE IF EXISTS managed", "DROP ROLE IF EXISTS landlord"),
        "CREATE ROLE landlord LOGIN CREATEROLE CREATEDB",
    ):
        first.ask(sql)
    # Roles that another administrator made are theirs to give.
    for role in ("owner", "writer", "reader"):
        first.ask(
            f"DO $$ BEGIN IF to_regrole('duebook_{role}') IS NULL THEN"
            f" CREATE ROLE duebook_{role}; END IF; END $$"
        )
        first.ask(f"GRANT duebook_{role} TO landlord WITH ADMIN OPTION")
    first.ask("CREATE DATABASE managed", "landlord")
    name = first.url.partition("?")[0].rpartition("/")[2]
    roles = Roles(first.url.replace(f"/{name}?", "/managed?"))
    assert duebook("init", "--book", roles.of("landlord")).code == 0
    assert owners(roles) == {"landlord"}
    assert roles.run_script("landlord") == []
    assert owners(roles) == {"duebook_owner"}
    roles.let_in()
    fact = {"type": "StoreVerified", "at": "2026-01-10T09:00:00+08:00", "store": "S-1"}
    assert duebook("record", file([fact]), "--book", roles.of("clerk")).code == 0
    assert duebook("report", "stores", "--book", roles.of("landlord")).code == 0
    assert roles.run_script("landlord") == []


def test_a_database_that_holds_something_else_is_left_alone(
    new_database: Callable[[], str],
) -> None:
    """Run against the wrong database it shuts nobody out and takes nobody's tables."""
    roles = Roles(new_database())
    roles.ask("CREATE TABLE events (customer text)")
    with pytest.raises(psycopg.errors.RaiseException, match="holds tables and no book"):
        roles.run_script()
    assert owners(roles) == {"postgres"}
    assert roles.ask("SELECT datacl FROM pg_database WHERE datname = current_database()") == [
        (None,)
    ]


def test_a_book_in_a_schema_of_its_own_has_the_same_roles(
    new_database: Callable[[], str], duebook: Duebook, file: Callable[..., str]
) -> None:
    """The schema is made where it is not there; the others of the database stay as they are."""
    roles = Roles(new_database() + "&options=-csearch_path%3Dspring")
    assert roles.run_script() == AGAIN
    roles.let_in()
    assert duebook("init", "--book", roles.of("keeper")).code == 0
    assert roles.run_script() == []
    assert owners(roles, "spring") == {"duebook_owner"}
    fact = {"type": "StoreVerified", "at": "2026-01-10T09:00:00+08:00", "store": "S-1"}
    assert duebook("record", file([fact]), "--book", roles.of("clerk")).code == 0
    assert duebook("report", "stores", "--book", roles.of("reviewer")).code == 0
    assert duebook("verify", "--book", roles.of("clerk")).code == 0
