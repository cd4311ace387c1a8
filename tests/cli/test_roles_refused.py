"""What the roles of `init --roles` cannot do, past duebook too, and what verify tells of."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ledger.store.rights import WRITTEN
from ledger.store.schema import line_secrets, metadata
from projections.catalogue import VIEWS
from tests.cli.closing import JSON
from tests.roles import Roles

Duebook = Callable[..., Any]
CHANGES = {
    "update": "UPDATE events SET \"by\" = 'mallory' WHERE position = 2",
    "delete": "DELETE FROM events WHERE position = 2",
    "truncate": "TRUNCATE events",
    "drop": "DROP TABLE events",
    "alter": "ALTER TABLE events ADD COLUMN note text",
    "own": "ALTER TABLE events OWNER TO CURRENT_USER",
    "disable": "ALTER TABLE events DISABLE TRIGGER ALL",
    "drop trigger": "DROP TRIGGER events_refuse_change ON events",
    "create trigger": "CREATE TRIGGER quiet BEFORE INSERT ON events FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "rule": "CREATE RULE quiet AS ON UPDATE TO events DO INSTEAD NOTHING",
    "policy": "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
    "function": "CREATE OR REPLACE FUNCTION duebook_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "drop function": "DROP FUNCTION duebook_refuse() CASCADE",
    "replica": "SET session_replication_role = replica",
    "lock": "BEGIN; LOCK TABLE events IN EXCLUSIVE MODE",
    "index": "DELETE FROM refs",
    "index row": "UPDATE refs SET at = 0",
    "withdrawal": "DELETE FROM withdrawn",
    "snapshot": "DELETE FROM snapshots",
    "format": "UPDATE duebook_meta SET value = '9' WHERE key = 'format'",
    "setting": "INSERT INTO duebook_meta VALUES ('orders', '/tmp/elsewhere')",
    "table": "CREATE TABLE stores (i int)",
    "temporary table": "CREATE TEMP TABLE events (i int)",
    "schema": "CREATE SCHEMA mine",
    "role": "SET ROLE duebook_owner",
    "membership": "GRANT duebook_owner TO CURRENT_USER",
    "view": "INSERT INTO duebook_views VALUES ('stores', 2, 9999)",
    "view row": "DELETE FROM stores",
}
"""What nobody but the owner may do, whatever `duebook` itself refuses."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("login", ["clerk", "reviewer"])
def test_nobody_but_the_owner_changes_what_is_there(
    closed_once: Roles, login: str, change: str
) -> None:
    """Past duebook too: the server refuses it for want of a right, before any trigger."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        closed_once.ask(CHANGES[change], login)


@pytest.mark.parametrize("table", WRITTEN)
def test_a_reader_inserts_nowhere(closed_once: Roles, table: str) -> None:
    """Not even a copy of what is there."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        closed_once.ask(f"INSERT INTO {table} SELECT * FROM {table}", "reviewer")


def test_each_role_has_exactly_its_rights(closed_once: Roles) -> None:
    """Of every table that is there, and of the schema and the database."""
    kinds = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    names = [name for (name,) in closed_once.ask("SELECT tablename FROM pg_tables"
                                                 " WHERE schemaname = 'public'")]  # fmt: skip
    assert {*metadata.tables, *VIEWS} < set(names)

    def rights(role: str, name: str) -> set[str]:
        asked = ", ".join(f"has_table_privilege('{role}', '{name}', '{kind}')" for kind in kinds)
        (row,) = closed_once.ask(f"SELECT {asked}")
        return {kind for kind, has in zip(kinds, row, strict=True) if has}

    for name in names:
        secret = name == line_secrets.name
        assert rights("duebook_reader", name) == (set() if secret else {"SELECT"}), name
        more = {"INSERT"} if secret or name in WRITTEN else set()
        assert rights("duebook_writer", name) == {"SELECT"} | more, name
        assert rights("stranger", name) == set(), name
    for role, may in (("duebook_writer", False), ("duebook_owner", True)):
        (found,) = closed_once.ask(f"SELECT has_schema_privilege('{role}', 'public', 'CREATE')")
        assert found == (may,)


def test_nobody_logs_in_as_a_role_itself_and_a_stranger_not_at_all(
    closed_once: Roles, duebook: Duebook
) -> None:
    """A login has to have one of the roles; who has none is told so."""
    for role in ("duebook_owner", "duebook_writer", "duebook_reader"):
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            closed_once.ask("SELECT 1", role)
    ran = duebook("report", "stores", "--book", closed_once.of("stranger"))
    assert (ran.code, ran.out) == (1, "")
    assert "may not read there" in ran.err
    assert "duebook_reader" in ran.err


def test_a_false_event_that_a_writer_inserts_is_told_by_verify(
    roles: Roles, duebook: Duebook
) -> None:
    """Whoever may add to the log may add what does not hold: it is found, and named."""
    roles.ask(
        "INSERT INTO events SELECT position + 1, 'store:S-1', 99, topic, state, at, recorded_at,"
        " 'mallory', batch, row, NULL, hash FROM events ORDER BY position DESC LIMIT 1",
        "clerk",
    )
    ((position,),) = roles.ask("SELECT max(position) FROM events")
    ran = duebook("verify", *JSON, "--book", roles.of("reviewer"))
    assert ran.code == 5
    (chain,) = [one for one in ran.json["checks"] if one["name"] == "chain"]
    assert chain["detail"].startswith(f"position {position}: ")
