"""When the log was last verified, with which result: a hint for `status`, never proof.

For a SQLite book it is kept in `<book>.verified`; on a server in the table `duebook_meta`.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from ledger.kernel.errors import BadInstant
from ledger.kernel.instants import Instant, format_instant, parse_instant
from ledger.store.book import Book
from ledger.store.engines import may_write
from ledger.store.head import hash_at
from ledger.store.schema import meta
from ledger.store.scratch import new_name

KEY = "verified"


class Verified(NamedTuple):
    """A run of `verify`: when, on what, whether everything held."""

    at: Instant
    position: int
    head: str
    ok: bool

    def text(self) -> str:
        """The JSON that is kept."""
        said = {"at": format_instant(self.at), "position": self.position, "head": self.head}
        return json.dumps(said | {"ok": self.ok})


def leave_verified(book: Book, verified: Verified) -> None:
    """Keeps the result of a run. Where that fails, the book notes it: the answer is unaffected.
    Nothing is left next to a book that may only be read."""
    try:
        if book.path is not None:
            if not may_write(book.path):
                return
            _replace(_path(book.path), verified.text())
            return
        stored = book.stored_as or book
        with stored.engine.connect().execution_options(duebook_write=True) as connection:
            if not _may_keep(connection):
                book.notes.append(
                    "The result is not kept for `status`: the role may not write duebook_meta."
                )
                return
            connection.execute(delete(meta).where(meta.c.key == KEY))
            connection.execute(insert(meta), [{"key": KEY, "value": verified.text()}])
            connection.commit()
    except OSError as error:
        where = _path(book.path) if book.path else "duebook_meta"
        book.notes.append(f"The result is not kept in {where} for `status`: {error.strerror}.")


def last_verified(book: Book) -> Verified | None:
    """The last run that was kept; None where there is none, or none that can be read."""
    try:
        if book.path is not None:
            kept: str | None = _path(book.path).read_text("utf-8")
        else:
            with book.as_stored() as connection:
                kept = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
        said = json.loads(kept or "")
        at = parse_instant(said["at"])
        return Verified(at, int(said["position"]), str(said["head"]), said["ok"] is True)
    except (OSError, ValueError, KeyError, TypeError, BadInstant):
        return None


def still_stands(connection: Connection, verified: Verified) -> bool:
    """Whether the log holds, at the position that was verified, the hash that was seen there."""
    there = hash_at(connection, verified.position)
    return there is not None and there.hex() == verified.head


def _path(book: Path) -> Path:
    return Path(f"{book.resolve()}.verified")


def _replace(path: Path, text: str) -> None:
    """Replaces a file whole or not at all, even if others verify meanwhile."""
    part = path.parent / new_name("part", hidden=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _may_keep(connection: Connection) -> bool:
    sql = "SELECT has_table_privilege('duebook_meta', 'INSERT')"
    sql += " AND has_table_privilege('duebook_meta', 'DELETE')"
    sql += " AND current_setting('transaction_read_only') = 'off'"
    return bool(connection.exec_driver_sql(sql).scalar())
